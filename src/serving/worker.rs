//! Threads that run the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use metrics::{counter, histogram};

use super::ring::{Job, Ring, Stage, WorkError};

/// The threads; dropping this closes the ring and waits for them.
#[derive(Debug)]
pub struct Workers {
    ring: Arc<Ring>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` threads that take tiles from `ring`.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn start(ring: &Arc<Ring>, count: usize) -> std::io::Result<Self> {
        let threads = (0..count)
            .map(|i| {
                let ring = Arc::clone(ring);
                Builder::new().name(format!("network-{i}")).spawn(move || run(&ring))
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self { ring: Arc::clone(ring), threads })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.ring.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn run(ring: &Ring) {
    while let Some((job, index)) = ring.next() {
        // A panic must cost one photograph, not the thread that serves all others.
        if catch_unwind(AssertUnwindSafe(|| work(&job, index))).is_err() {
            job.fail(WorkError::Network("the network panicked; see the log".into()));
        }
        // The ring lets go of a photograph with its last tile, so the last
        // thread to let go as well is the one that has the whole result.
        if let Some(job) = Arc::into_inner(job) {
            job.finish();
        }
    }
}

fn work(job: &Job, index: usize) {
    job.begin();
    job.progress.enter(Stage::Looking);
    let started = Instant::now();
    match job.segmenter.run_tile(&job.work, job.work.grid.tile(index)) {
        Ok(probabilities) => {
            job.add(index, probabilities);
            let (width, height) = (job.work.grid.x.tile, job.work.grid.y.tile);
            histogram!("hairline_tile_duration_seconds").record(started.elapsed().as_secs_f64());
            counter!("hairline_network_pixels_total").increment(u64::from(width) * u64::from(height));
        }
        Err(error) => job.fail(WorkError::Network(error.to_string())),
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ring")
    }
}
