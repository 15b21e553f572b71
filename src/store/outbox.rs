//! What a tracking server is to be told, until it has been told.
//!
//! Commands write here beside a server that runs: SQLite lets one process write at a time, and the others wait.

use std::path::PathBuf;

use bytes::Bytes;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::digest::sha256_hex;
use crate::domain::now_ms;

/// A training of which a tracking server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedRun {
    /// Identity, which the server gets to know as a tag.
    pub id: Uuid,
    /// Its name, for people.
    pub title: String,
    /// What the server calls it, once it was told.
    pub server: Option<ServerRun>,
    /// Whether the training has said its last.
    pub finished: bool,
}

/// What a server calls a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRun {
    /// Address of the server.
    pub uri: String,
    /// The server's own identity of the run.
    pub id: String,
    /// Where the server keeps the run's files.
    pub artifact_uri: String,
}

/// Something that the server was not told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingEntry {
    /// Name of the entry; within a run each stands once.
    pub name: String,
    /// What is to be told.
    pub payload: String,
    /// The file that belongs to it.
    pub file: Option<PathBuf>,
    /// When it was queued, Unix milliseconds.
    pub created_ms: i64,
}

/// Identity, title, server's address and names of run and files, end.
type RunRow = (String, String, Option<String>, Option<String>, Option<String>, Option<i64>);

fn tracked((id, title, uri, run, artifact_uri, finished_ms): RunRow) -> TrackedRun {
    let server = uri.zip(run).zip(artifact_uri);
    let server = server.map(|((uri, id), artifact_uri)| ServerRun { uri, id, artifact_uri });
    TrackedRun { id: Uuid::parse_str(&id).unwrap_or_default(), title, server, finished: finished_ms.is_some() }
}

impl Store {
    /// Notes a training; one that is known already stays as it is.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn track_run(&self, id: Uuid, title: &str) -> Result<(), StoreError> {
        let query = "INSERT INTO tracked_runs (id, title, created_ms) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
        sqlx::query(query).bind(id.to_string()).bind(title).bind(now_ms()).execute(&self.pool).await?;
        Ok(())
    }

    /// The training with this identity.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tracked_run(&self, id: Uuid) -> Result<Option<TrackedRun>, StoreError> {
        let query = "SELECT id, title, server_uri, server_run, artifact_uri, finished_ms FROM tracked_runs
             WHERE id = $1";
        let row: Option<RunRow> = sqlx::query_as(query).bind(id.to_string()).fetch_optional(&self.pool).await?;
        Ok(row.map(tracked))
    }

    /// The latest training that made the model file with this SHA-256.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tracked_model(&self, sha256: &str) -> Result<Option<TrackedRun>, StoreError> {
        let query = "SELECT id, title, server_uri, server_run, artifact_uri, finished_ms FROM tracked_runs
             WHERE model_sha256 = $1 ORDER BY created_ms DESC, id DESC LIMIT 1";
        let row: Option<RunRow> = sqlx::query_as(query).bind(sha256).fetch_optional(&self.pool).await?;
        Ok(row.map(tracked))
    }

    /// Queues an entry behind those of its run, with its file; what has this name already stays, sent or not.
    /// When this returns, it survives a crash.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn queue_entry(
        &self,
        run: Uuid,
        name: &str,
        payload: &str,
        file: Option<Bytes>,
    ) -> Result<(), StoreError> {
        let known: Option<i64> =
            sqlx::query_scalar("SELECT number FROM tracked_entries WHERE run_id = $1 AND name = $2")
                .bind(run.to_string())
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
        if known.is_some() {
            return Ok(());
        }
        let key = file.as_ref().map(|_| format!("outbox/{run}/{}", &sha256_hex(name)[..16]));
        if let (Some(key), Some(file)) = (&key, file) {
            self.blobs.put(key, file).await?;
        }
        sqlx::query(
            "INSERT INTO tracked_entries (run_id, name, number, payload, blob_key, created_ms)
             SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5 FROM tracked_entries WHERE run_id = $1",
        )
        .bind(run.to_string())
        .bind(name)
        .bind(payload)
        .bind(key)
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes that a training has said its last, and which model it made.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn finish_run(&self, run: Uuid, model_sha256: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE tracked_runs SET finished_ms = $1, model_sha256 = $2 WHERE id = $3")
            .bind(now_ms())
            .bind(model_sha256)
            .bind(run.to_string())
            .execute(&self.pool)
            .await?;
        self.forget_sent(run).await
    }

    /// Trainings of which something waits, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn waiting_runs(&self) -> Result<Vec<TrackedRun>, StoreError> {
        let query = "SELECT id, title, server_uri, server_run, artifact_uri, finished_ms FROM tracked_runs WHERE id IN
             (SELECT run_id FROM tracked_entries WHERE sent_ms IS NULL) ORDER BY created_ms, id";
        let rows: Vec<RunRow> = sqlx::query_as(query).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(tracked).collect())
    }

    /// What waits of a training, in the order in which it is to be sent.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn waiting_entries(&self, run: Uuid) -> Result<Vec<WaitingEntry>, StoreError> {
        let query = "SELECT name, payload, blob_key, created_ms FROM tracked_entries
             WHERE run_id = $1 AND sent_ms IS NULL ORDER BY number";
        let rows: Vec<(String, String, Option<String>, i64)> =
            sqlx::query_as(query).bind(run.to_string()).fetch_all(&self.pool).await?;
        let entry = |(name, payload, key, created_ms): (_, _, Option<String>, _)| WaitingEntry {
            name,
            payload,
            file: key.map(|key| self.directory.join(key)),
            created_ms,
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// Notes what a server calls a training.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn name_run(&self, run: Uuid, server: &ServerRun) -> Result<(), StoreError> {
        sqlx::query("UPDATE tracked_runs SET server_uri = $1, server_run = $2, artifact_uri = $3 WHERE id = $4")
            .bind(&server.uri)
            .bind(&server.id)
            .bind(&server.artifact_uri)
            .bind(run.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that the server knows of an entry; its file goes.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn entry_sent(&self, run: Uuid, name: &str) -> Result<(), StoreError> {
        let key: Option<Option<String>> = sqlx::query_scalar(
            "UPDATE tracked_entries SET sent_ms = $1 WHERE run_id = $2 AND name = $3 RETURNING blob_key",
        )
        .bind(now_ms())
        .bind(run.to_string())
        .bind(name)
        .fetch_optional(&self.pool)
        .await?;
        if let Some(Some(key)) = key {
            self.blobs.remove(&key).await?;
        }
        self.forget_sent(run).await
    }

    /// Drops what waits of a training, with its files; says how much that was.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn drop_waiting(&self, run: Uuid) -> Result<u64, StoreError> {
        let query = "DELETE FROM tracked_entries WHERE run_id = $1 AND sent_ms IS NULL RETURNING blob_key";
        let keys: Vec<Option<String>> = sqlx::query_scalar(query).bind(run.to_string()).fetch_all(&self.pool).await?;
        for key in keys.iter().flatten() {
            self.blobs.remove(key).await?;
        }
        Ok(keys.len() as u64)
    }

    /// Entries that were sent are remembered no longer than their training goes on.
    async fn forget_sent(&self, run: Uuid) -> Result<(), StoreError> {
        let query = "DELETE FROM tracked_entries WHERE run_id = $1 AND sent_ms IS NOT NULL
             AND (SELECT finished_ms FROM tracked_runs WHERE id = $1) IS NOT NULL";
        sqlx::query(query).bind(run.to_string()).execute(&self.pool).await?;
        Ok(())
    }
}
