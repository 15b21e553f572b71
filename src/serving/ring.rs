//! The photographs being worked on, one tile of each in turn.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image::RgbImage;
use tokio::sync::oneshot;

use crate::segment::{Blender, Segmentation, Segmenter};
use crate::vision::ProbabilityMap;

/// Where a photograph is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waits for others.
    Waiting,
    /// Is being decoded.
    Decoding,
    /// Is being looked at, or waits between two of its tiles.
    Looking,
    /// What was found is being measured.
    Measuring,
}

/// Shared with whoever waits for a photograph.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    tiles_done: AtomicUsize,
    tiles_total: AtomicUsize,
    cancelled: AtomicBool,
}

impl Progress {
    /// Where it is.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Waiting,
            1 => Stage::Decoding,
            2 => Stage::Looking,
            _ => Stage::Measuring,
        }
    }

    /// Tiles computed, and of how many; the latter is 0 until it is known.
    pub fn tiles(&self) -> (usize, usize) {
        (self.tiles_done.load(Ordering::Relaxed), self.tiles_total.load(Ordering::Relaxed))
    }

    /// Asks the workers to drop it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits for it any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    pub(super) fn expect_tiles(&self, total: usize) {
        self.tiles_total.store(total, Ordering::Relaxed);
    }

    pub(super) fn tile_done(&self) {
        self.tiles_done.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the workers give back.
#[derive(Debug)]
pub struct Finished {
    /// A probability for every pixel.
    pub map: ProbabilityMap,
    /// The photograph, where the network saw it at its own size.
    pub photo: Option<RgbImage>,
    /// From the ring to the first tile.
    pub waited: Duration,
    /// From the first tile to the last.
    pub network: Duration,
}

/// Why the workers gave nothing back.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorkError {
    /// Nobody waits any more.
    #[error("it was cancelled")]
    Cancelled,
    /// The network failed.
    #[error("{0}")]
    Network(String),
    /// Hairline is shutting down.
    #[error("Hairline is shutting down")]
    Closed,
}

/// One photograph in the ring.
pub struct Job {
    pub segmenter: Segmenter,
    pub work: Segmentation,
    pub progress: Arc<Progress>,
    pub queued_at: Instant,
    state: Mutex<JobState>,
}

struct JobState {
    blender: Blender,
    started_at: Option<Instant>,
    reply: Option<oneshot::Sender<Result<Finished, WorkError>>>,
}

impl Job {
    /// Prepares `photo` and the place where its result will arrive.
    pub fn new(
        segmenter: Segmenter,
        photo: RgbImage,
        progress: Arc<Progress>,
    ) -> (Arc<Self>, oneshot::Receiver<Result<Finished, WorkError>>) {
        let work = segmenter.start(photo);
        progress.expect_tiles(work.grid.len());
        let (reply, result) = oneshot::channel();
        let state = JobState { blender: Blender::new(&work.grid), started_at: None, reply: Some(reply) };
        let job = Self { segmenter, work, progress, queued_at: Instant::now(), state: Mutex::new(state) };
        (Arc::new(job), result)
    }

    /// Notes when the first tile was taken.
    pub fn begin(&self) {
        self.lock().started_at.get_or_insert_with(Instant::now);
    }

    /// Adds the probabilities of tile `index`.
    pub fn add(&self, index: usize, probabilities: Vec<f32>) {
        self.lock().blender.add(&self.work.grid, self.work.grid.tile(index), probabilities);
        self.progress.tile_done();
    }

    /// Answers with an error, unless it was answered before.
    pub fn fail(&self, error: WorkError) {
        self.progress.cancel();
        if let Some(reply) = self.lock().reply.take() {
            let _ = reply.send(Err(error));
        }
    }

    /// Answers with the result, if all tiles are there.
    pub fn finish(self) {
        let JobState { blender, started_at, reply } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (Some(reply), Some(started)) = (reply, started_at) else { return };
        if blender.done() < self.work.grid.len() {
            let _ = reply.send(Err(WorkError::Cancelled));
            return;
        }
        let waited = started - self.queued_at;
        let (map, photo) = self.work.finish(blender);
        let _ = reply.send(Ok(Finished { map, photo, waited, network: started.elapsed() }));
    }

    fn lock(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Jobs with tiles left to hand out.
#[derive(Default)]
pub struct Ring {
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(Arc<Job>, usize)>,
    closed: bool,
}

impl Ring {
    /// Adds a photograph behind the others.
    pub fn push(&self, job: Arc<Job>) {
        let mut queue = self.lock();
        if queue.closed {
            job.fail(WorkError::Closed);
            return;
        }
        queue.jobs.push_back((job, 0));
        self.wake.notify_one();
    }

    /// The next tile of the photograph whose turn it is; `None` once closed and empty.
    pub fn next(&self) -> Option<(Arc<Job>, usize)> {
        let mut queue = self.lock();
        loop {
            while let Some((job, tile)) = queue.jobs.pop_front() {
                if job.progress.is_cancelled() {
                    job.fail(WorkError::Cancelled);
                    continue;
                }
                if tile + 1 < job.work.grid.len() {
                    queue.jobs.push_back((Arc::clone(&job), tile + 1));
                    self.wake.notify_one();
                }
                return Some((job, tile));
            }
            if queue.closed {
                return None;
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Accepts nothing more; what is in the ring is still computed.
    pub fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
