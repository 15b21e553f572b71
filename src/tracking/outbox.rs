//! The queue, for callers that are not asynchronous.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::TrackingError;
use super::entry::{Entry, FileEntry};
use super::mlflow::file_path;
use crate::digest::sha256_hex;
use crate::store::{ServerRun, Store, StoreError, TrackedRun, WaitingEntry};

/// What waits for the server, in the store.
#[derive(Debug, Clone)]
pub struct Outbox {
    runtime: Arc<Runtime>,
    store: Store,
    directory: PathBuf,
}

impl Outbox {
    /// Opens the store in `directory`, creating what is missing.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn open(directory: &Path) -> Result<Self, TrackingError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let store = runtime.block_on(Store::open(directory))?;
        Ok(Self { runtime: Arc::new(runtime), store, directory: directory.to_owned() })
    }

    /// Notes a run; one that is known already stays as it is.
    ///
    /// # Errors
    /// If the store fails.
    pub fn begin(&self, run: Uuid, title: &str) -> Result<(), TrackingError> {
        self.wait(self.store.track_run(run, title))
    }

    /// The run with this identity.
    ///
    /// # Errors
    /// If the store fails.
    pub fn run(&self, run: Uuid) -> Result<Option<TrackedRun>, TrackingError> {
        self.wait(self.store.tracked_run(run))
    }

    /// The latest run that made the model file with this SHA-256.
    ///
    /// # Errors
    /// If the store fails.
    pub fn run_of_model(&self, sha256: &str) -> Result<Option<TrackedRun>, TrackingError> {
        self.wait(self.store.tracked_model(sha256))
    }

    /// Queues `entry` under a name that no other of the run has; what has it already stays. Durable on return.
    ///
    /// # Errors
    /// If the store fails.
    pub fn queue(&self, run: Uuid, name: &str, entry: &Entry) -> Result<(), TrackingError> {
        self.put(run, name, entry, None)
    }

    /// Queues a file as `content`, which may be changed afterwards, for `folder` among the run's files.
    ///
    /// # Errors
    /// If the store fails.
    pub fn queue_file(&self, run: Uuid, folder: &str, name: &str, content: Bytes) -> Result<(), TrackingError> {
        let path = file_path(folder, name);
        let sha256 = sha256_hex(&content);
        let label = format!("file {path} {}", &sha256[..8]);
        self.put(run, &label, &Entry::File(FileEntry { path, sha256 }), Some(content))
    }

    fn put(&self, run: Uuid, name: &str, entry: &Entry, file: Option<Bytes>) -> Result<(), TrackingError> {
        let payload = serde_json::to_string(entry).map_err(|source| entry_error(name, source))?;
        self.wait(self.store.queue_entry(run, name, &payload, file))
    }

    /// Notes that the run has said its last, and which model it made.
    ///
    /// # Errors
    /// If the store fails.
    pub fn finish(&self, run: Uuid, model_sha256: &str) -> Result<(), TrackingError> {
        self.wait(self.store.finish_run(run, model_sha256))
    }

    /// Runs of which something waits, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub fn waiting(&self) -> Result<Vec<TrackedRun>, TrackingError> {
        self.wait(self.store.waiting_runs())
    }

    /// What waits of a run, in order.
    ///
    /// # Errors
    /// If the store fails.
    pub fn waiting_of(&self, run: Uuid) -> Result<Vec<WaitingEntry>, TrackingError> {
        self.wait(self.store.waiting_entries(run))
    }

    /// Drops what waits of a run; says how much that was.
    ///
    /// # Errors
    /// If the store fails.
    pub fn discard(&self, run: Uuid) -> Result<u64, TrackingError> {
        self.wait(self.store.drop_waiting(run))
    }

    /// Lets nobody else send until the lock is dropped, or this process dies.
    pub(super) fn lock(&self) -> Result<fs_err::File, TrackingError> {
        let file = fs_err::File::create(self.directory.join("outbox.lock"))?;
        file.lock()?;
        Ok(file)
    }

    pub(super) fn name(&self, run: Uuid, server: &ServerRun) -> Result<(), TrackingError> {
        self.wait(self.store.name_run(run, server))
    }

    pub(super) fn sent(&self, run: Uuid, name: &str) -> Result<(), TrackingError> {
        self.wait(self.store.entry_sent(run, name))
    }

    /// Closes the database.
    pub fn close(&self) {
        self.runtime.block_on(self.store.close());
    }

    fn wait<T>(&self, future: impl Future<Output = Result<T, StoreError>>) -> Result<T, TrackingError> {
        Ok(self.runtime.block_on(future)?)
    }
}

/// An entry of the queue that cannot be written or read.
pub(super) fn entry_error(name: &str, source: serde_json::Error) -> TrackingError {
    TrackingError::Entry { name: name.to_owned(), source }
}
