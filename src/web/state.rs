//! What the handlers share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::ApiError;
use crate::measure::Standards;
use crate::serving::{Predictor, Progress};
use crate::settings::Settings;
use crate::store::{Recent, Store};
use crate::telemetry::metrics::Exporter;

/// Failures that the page still remembers.
const REMEMBERED_FAILURES: usize = 1_000;

/// What the handlers share; one for the whole process.
#[derive(Debug)]
pub struct WebState {
    /// Predicts photographs.
    pub predictor: Arc<Predictor>,
    /// Finished predictions.
    pub recent: Arc<Recent>,
    /// What people gave.
    pub store: Store,
    /// Crack widths in standards.
    pub standards: Standards,
    /// Settings as they were read at start.
    pub settings: Settings,
    /// Renders `/metrics`.
    pub exporter: &'static Exporter,
    /// Whether requests need a token.
    pub token_required: bool,
    /// Places for request bodies in memory.
    pub uploads: Semaphore,
    /// Photographs that the page waits for.
    pub jobs: Arc<PageJobs>,
    /// Tasks that outlive their request; shutdown waits for them.
    pub background: TaskTracker,
    /// Runtime of those tasks.
    pub runtime: Handle,
}

/// Photographs that were sent by the page and are not finished, or have failed.
#[derive(Debug, Default)]
pub struct PageJobs {
    jobs: Mutex<BTreeMap<Uuid, PageJob>>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct PageJob {
    /// The file's name at the sender's.
    pub file_name: String,
    /// Where it is.
    pub progress: Arc<Progress>,
    /// Why it failed.
    pub failure: Option<ApiError>,
}

impl PageJobs {
    /// Remembers a photograph that has just been sent.
    pub fn begin(&self, id: Uuid, file_name: String, progress: Arc<Progress>) {
        self.lock().insert(id, PageJob { file_name, progress, failure: None });
    }

    /// Forgets a photograph that is finished or cancelled.
    pub fn forget(&self, id: Uuid) -> Option<PageJob> {
        self.lock().remove(&id)
    }

    /// Remembers why a photograph failed; the oldest failures are forgotten.
    pub fn fail(&self, id: Uuid, error: ApiError) {
        let mut jobs = self.lock();
        if let Some(job) = jobs.get_mut(&id) {
            job.failure = Some(error);
        }
        let failed: Vec<Uuid> = jobs.iter().filter(|(_, job)| job.failure.is_some()).map(|(id, _)| *id).collect();
        for id in failed.iter().take(failed.len().saturating_sub(REMEMBERED_FAILURES)) {
            jobs.remove(id);
        }
    }

    /// The photograph `id`, if it is not finished.
    pub fn get(&self, id: Uuid) -> Option<PageJob> {
        self.lock().get(&id).cloned()
    }

    /// How many photographs are not finished.
    pub fn running(&self) -> usize {
        self.lock().values().filter(|job| job.failure.is_none()).count()
    }

    /// How many unfinished photographs were sent before `id`.
    pub fn before(&self, id: Uuid) -> usize {
        self.lock().range(..id).filter(|(_, job)| job.failure.is_none()).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, PageJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
