//! What is kept: rows in SQLite, blobs in a folder. All SQL lives here.
//!
//! What a person gave is durable before it is acknowledged: the blob is
//! synced, then its folder, then the row is committed, in this order.

mod backup;
mod blobs;
mod carried;
mod check;
mod history;
mod idempotency;
mod images;
mod label_reviews;
mod labels;
mod outbox;
mod photo_reviews;
mod recent;
mod schema;
mod search;
mod submissions;
mod sweep;
mod tokens;
mod verdicts;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::RwLock;

pub use backup::{BackedUp, BackupError};
use blobs::Blobs;
pub use carried::{CarriedLabel, CarriedPhoto, StoredLabel};
pub use check::Findings;
pub use history::{KeptPrediction, LatestVerdict, NewPrediction, PredictionFile};
pub use idempotency::IdempotencyKey;
pub use images::KeptImage;
pub use label_reviews::{Decided, LabelBySomebodyElse, LabelState, QuarantinedLabel, UncheckedLabel};
pub use labels::{LabelDraft, LabelError, LabelVersion};
pub use outbox::{ServerRun, TrackedRun, WaitingEntry};
pub use photo_reviews::{PhotoReview, ReviewCounts, ReviewItem, ReviewPlace, SeenBy, UnseenPhoto};
pub use recent::{Measured, Recent, RecentError};
pub use search::{Cursor, HistoryFilter, HistoryPage, VerdictFilter};
pub use submissions::{Saved, Submission};
pub use sweep::{Retention, look_after};
pub use tokens::{Token, TokenError};
use writer::Writer;

const DATABASE: &str = "hairline.sqlite";
/// Size of a page of a new database. Rows of many tables come in turn, so an index lies scattered over the file; from a cold
/// disk a walk along it is four times fewer reads than with SQLite's 4 KB.
const PAGE_BYTES: u32 = 16_384;
/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What may go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is newer or damaged.
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The blob folder refused.
    #[error("a file could not be kept: {0}")]
    Blob(#[from] object_store::Error),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A label could not be encoded.
    #[error("the label could not be encoded: {0}")]
    Label(#[from] png::EncodingError),
    /// A mask that was kept cannot be read.
    #[error("a mask is damaged: {0}")]
    DamagedMask(image::ImageError),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        let text = format!("{self:?}");
        text.contains("StorageFull") || text.contains("No space left") || text.contains("database or disk is full")
    }
}

/// Rows and blobs under one folder.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
    blobs: Blobs,
    pool: SqlitePool,
    writer: Writer,
    /// Held for reading from the first blob to the row of a write, and for writing while what has no row is removed.
    sweeping: Arc<RwLock<()>>,
}

impl Store {
    /// Opens the store in `directory`, creating what is missing.
    ///
    /// # Errors
    /// If the folder or the database cannot be used.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        fs_err::tokio::create_dir_all(directory).await?;
        let options = SqliteConnectOptions::new()
            .filename(directory.join(DATABASE))
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        schema::migrator().run(&pool).await?;
        Ok(Self {
            directory: directory.to_owned(),
            blobs: Blobs::open(directory)?,
            writer: Writer::start(pool.clone()),
            pool,
            sweeping: Arc::default(),
        })
    }

    /// Proves that rows and blobs can be written.
    ///
    /// # Errors
    /// The reason why they cannot.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let probe = self.directory.join(".writable");
        fs_err::tokio::write(&probe, b"").await?;
        fs_err::tokio::remove_file(&probe).await?;
        self.writer.check().await
    }

    /// Waits until something was written; what came since the last call counts.
    pub async fn changed(&self) {
        self.writer.changed().await;
    }

    /// Finishes what is queued and closes the database.
    pub async fn close(&self) {
        self.writer.close().await;
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests;
