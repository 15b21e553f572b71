//! Labels with their photographs, in and out: as folders and as COCO, in a zip that is written and read piece by piece.
//!
//! However much is carried, no more than one photograph with its label is in memory.

mod archive;
mod coco;
mod export;
mod folders;
mod import;
mod polygon;
mod rle;
mod spool;

use serde::{Deserialize, Serialize};

pub use export::{Exported, Format, export};
pub use import::{ImportLimits, Imported, import};

use crate::store::StoreError;
use crate::vision::DecodeError;
use coco::CocoError;

/// Most files in an archive.
pub const MAX_FILES: usize = 200_000;
/// Largest description of labels (JSON) in an archive, in bytes.
pub const MAX_JSON_BYTES: u64 = 1 << 30;

/// Where a label comes from, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the photograph.
    pub sha256: String,
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// When, Unix milliseconds.
    pub created_ms: i64,
    /// What it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Whether a person said that there is no crack.
    #[serde(default)]
    pub nothing_here: bool,
    /// Whether it may train: `clear`, `quarantined`, `accepted`, `rejected` or `unchecked`.
    pub state: String,
}

/// Why labels cannot be carried.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Not a zip file, or a damaged one.
    #[error("it cannot be read as a zip file: {0}")]
    Archive(String),
    /// Too many files in it.
    #[error("the archive holds {count} files; at most {max} are allowed")]
    TooManyFiles {
        /// How many there are.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A name that leads out of the archive.
    #[error("the archive holds `{0}`, which leads out of it")]
    UnsafeName(String),
    /// One file is too large.
    #[error("`{file}` is larger than {max_bytes} bytes")]
    FileTooLarge {
        /// Its name.
        file: String,
        /// The limit.
        max_bytes: u64,
    },
    /// All of it is too large once unpacked.
    #[error("unpacked the archive is larger than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// Neither folders nor COCO.
    #[error("{0}; the archive holds `images/` and `masks/`, or photographs and a COCO file such as `annotations.json`")]
    Layout(String),
    /// A photograph that cannot be used.
    #[error("`{file}`: {source}")]
    Photo {
        /// Its name.
        file: String,
        /// Why not.
        source: DecodeError,
    },
    /// A mask that cannot be used.
    #[error("`{file}`: {source}")]
    Mask {
        /// Its name.
        file: String,
        /// Why not.
        source: DecodeError,
    },
    /// A COCO file that is wrong.
    #[error("`{file}`: {source}")]
    Coco {
        /// Its name.
        file: String,
        /// Why.
        source: CocoError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file failed, or the one who asked has gone.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
