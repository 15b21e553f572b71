//! What is kept: rows in SQLite, blobs in a folder. All SQL lives here.
//!
//! What a person gave is durable before it is acknowledged: the blob is
//! synced, then its folder, then the row is committed, in this order.

mod blobs;
mod outbox;
mod recent;
mod schema;
mod tokens;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

use crate::domain::now_ms;
use crate::vision::BinaryMask;

use blobs::Blobs;
pub use outbox::{ServerRun, TrackedRun, WaitingEntry};
pub use recent::{Measured, Recent, RecentError};
pub use tokens::{Token, TokenError};
use writer::Writer;

const DATABASE: &str = "hairline.sqlite";
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

/// A photograph that somebody gives for retraining.
#[derive(Debug)]
pub struct Submission {
    /// The file as it came.
    pub photo: bytes::Bytes,
    /// SHA-256 of `photo`, hexadecimal; names the blob.
    pub sha256: String,
    /// Usual ending of its format.
    pub extension: &'static str,
    /// Width and height in pixels, upright.
    pub size: (u32, u32),
    /// What the person says is crack.
    pub label: Option<BinaryMask>,
    /// Free text.
    pub comment: Option<String>,
    /// Who gave it.
    pub actor: String,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Identity of the submission.
    pub id: Uuid,
    /// Path of the photograph.
    pub photo_path: PathBuf,
    /// Path of the label, if one was given.
    pub label_path: Option<PathBuf>,
}

/// Rows and blobs under one folder.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
    blobs: Blobs,
    pool: SqlitePool,
    writer: Writer,
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
        })
    }

    /// Keeps a submission; when this returns, it survives a crash.
    ///
    /// # Errors
    /// If anything could not be written; then nothing is visible.
    pub async fn save_submission(&self, submission: Submission) -> Result<Saved, StoreError> {
        let photo_key = format!("images/{}.{}", submission.sha256, submission.extension);
        self.blobs.put(&photo_key, submission.photo.clone()).await?;
        let label = match &submission.label {
            Some(mask) => Some(self.blobs.append_label(&submission.sha256, mask).await?),
            None => None,
        };
        let id = Uuid::now_v7();
        let saved = Saved {
            id,
            photo_path: self.directory.join(&photo_key),
            label_path: label.as_ref().map(|label| self.directory.join(&label.key)),
        };
        let row = writer::SubmissionRow { id, created_ms: now_ms(), photo_key, label, submission };
        self.writer.submission(row).await?;
        Ok(saved)
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

    /// Number of submissions.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_submissions(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM submissions").fetch_one(&self.pool).await?)
    }

    /// Where the photograph and the label of submission `id` are kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn submission(&self, id: Uuid) -> Result<Option<Saved>, StoreError> {
        let query = "SELECT images.blob_key, label_versions.blob_key FROM submissions
             JOIN images ON images.sha256 = submissions.image_sha256
             LEFT JOIN label_versions ON label_versions.image_sha256 = submissions.image_sha256
                 AND label_versions.version = submissions.label_version
             WHERE submissions.id = $1";
        let row: Option<(String, Option<String>)> =
            sqlx::query_as(query).bind(id.to_string()).fetch_optional(&self.pool).await?;
        Ok(row.map(|(photo, label)| Saved {
            id,
            photo_path: self.directory.join(photo),
            label_path: label.map(|key| self.directory.join(key)),
        }))
    }

    /// Finishes what is queued and closes the database.
    pub async fn close(&self) {
        self.writer.close().await;
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests;
