//! The one writer of the database, with group commit.
//!
//! SQLite has one write lock, and a commit costs a disk flush. Writes that
//! arrive while a flush is under way share the next one.

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::blobs::LabelBlob;
use super::{StoreError, Submission};

/// Writes that wait for a commit.
const QUEUE: usize = 256;

/// A submission with all that was decided about it.
pub struct SubmissionRow {
    pub id: Uuid,
    pub created_ms: i64,
    pub photo_key: String,
    pub label: Option<LabelBlob>,
    pub submission: Submission,
}

enum Write {
    Submission(Box<SubmissionRow>),
    /// Takes the write lock and changes nothing.
    Check,
}

struct Command {
    write: Write,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Sends writes to the task that owns the write lock.
#[derive(Debug, Clone)]
pub struct Writer {
    commands: mpsc::Sender<Command>,
}

impl Writer {
    /// Starts the task; it ends when all senders are gone or [`Writer::close`] was called.
    pub fn start(pool: SqlitePool) -> Self {
        let (commands, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(pool, receiver));
        Self { commands }
    }

    pub async fn submission(&self, row: SubmissionRow) -> Result<(), StoreError> {
        self.send(Write::Submission(Box::new(row))).await
    }

    pub async fn check(&self) -> Result<(), StoreError> {
        self.send(Write::Check).await
    }

    /// Waits until everything sent so far is committed.
    pub async fn close(&self) {
        let _ = self.check().await;
    }

    async fn send(&self, write: Write) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command { write, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

async fn run(pool: SqlitePool, mut commands: mpsc::Receiver<Command>) {
    let mut batch = Vec::with_capacity(QUEUE);
    while commands.recv_many(&mut batch, QUEUE).await > 0 {
        if commit(&pool, &batch).await.is_ok() {
            for command in batch.drain(..) {
                let _ = command.reply.send(Ok(()));
            }
            continue;
        }
        // One bad write must not take its neighbours down: try each alone.
        for command in batch.drain(..) {
            let result = commit(&pool, std::slice::from_ref(&command)).await;
            let _ = command.reply.send(result);
        }
    }
}

async fn commit(pool: &SqlitePool, batch: &[Command]) -> Result<(), StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for command in batch {
        match &command.write {
            Write::Submission(row) => insert_submission(&mut transaction, row).await?,
            Write::Check => {}
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn insert_submission(db: &mut SqliteConnection, row: &SubmissionRow) -> Result<(), StoreError> {
    let Submission { photo, sha256, size, comment, actor, .. } = &row.submission;
    sqlx::query(
        "INSERT INTO images (sha256, blob_key, size_bytes, width_px, height_px, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING",
    )
    .bind(sha256)
    .bind(&row.photo_key)
    .bind(photo.len() as i64)
    .bind(i64::from(size.0))
    .bind(i64::from(size.1))
    .bind(row.created_ms)
    .execute(&mut *db)
    .await?;
    if let Some(label) = &row.label {
        sqlx::query(
            "INSERT INTO label_versions (image_sha256, version, blob_key, crack_pixels, actor, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(sha256)
        .bind(label.version)
        .bind(&label.key)
        .bind(label.crack_pixels)
        .bind(actor)
        .bind(row.created_ms)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query(
        "INSERT INTO submissions (id, image_sha256, label_version, comment, actor, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(row.id.to_string())
    .bind(sha256)
    .bind(row.label.as_ref().map(|label| label.version))
    .bind(comment)
    .bind(actor)
    .bind(row.created_ms)
    .execute(&mut *db)
    .await?;
    Ok(())
}
