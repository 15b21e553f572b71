//! How much may wait: photographs, and pixels of them together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;

/// Speed that is assumed until a photograph has been measured.
const FIRST_GUESS_PIXELS_PER_SECOND: f64 = 1e6;
/// Weight of the newest measurement.
const SMOOTHING: f64 = 0.2;

/// Nothing more can be accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{photos} photographs with {megapixels} megapixels are waiting already; try again in {} s", retry_after.as_secs())]
pub struct Overloaded {
    /// Photographs that were accepted before.
    pub photos: usize,
    /// Their megapixels.
    pub megapixels: u64,
    /// When there may be room.
    pub retry_after: Duration,
}

/// Counts what was accepted and is not finished.
#[derive(Debug)]
pub struct Admission {
    max_photos: usize,
    max_pixels: u64,
    load: Mutex<Load>,
}

#[derive(Debug)]
struct Load {
    photos: usize,
    pixels: u64,
    pixels_per_second: f64,
}

/// A place in the queue; dropping it gives the place back.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    pixels: u64,
}

impl Admission {
    /// Accepts up to `max_photos` at once, of up to `max_pixels` together; a single photograph is always accepted.
    pub fn new(max_photos: usize, max_pixels: u64) -> Arc<Self> {
        let load = Load { photos: 0, pixels: 0, pixels_per_second: FIRST_GUESS_PIXELS_PER_SECOND };
        Arc::new(Self { max_photos, max_pixels, load: Mutex::new(load) })
    }

    /// Takes a place for a photograph of `pixels`.
    ///
    /// # Errors
    /// If there is none.
    pub fn admit(self: &Arc<Self>, pixels: u64) -> Result<Permit, Overloaded> {
        let mut load = self.lock();
        let fits = load.photos < self.max_photos && load.pixels + pixels <= self.max_pixels;
        if load.photos > 0 && !fits {
            let seconds = (load.pixels as f64 / load.pixels_per_second / load.photos as f64).ceil();
            return Err(Overloaded {
                photos: load.photos,
                megapixels: load.pixels / 1_000_000,
                retry_after: Duration::from_secs((seconds as u64).clamp(1, 600)),
            });
        }
        load.photos += 1;
        load.pixels += pixels;
        publish(&load);
        Ok(Permit { admission: Arc::clone(self), pixels })
    }

    /// Learns the speed from a photograph that took the network `duration`.
    pub fn measured(&self, pixels: u64, duration: Duration) {
        let speed = pixels as f64 / duration.as_secs_f64().max(1e-6);
        let mut load = self.lock();
        load.pixels_per_second += SMOOTHING * (speed - load.pixels_per_second);
    }

    /// Photographs that were accepted and are not finished.
    pub fn photos(&self) -> usize {
        self.lock().photos
    }

    fn lock(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut load = self.admission.lock();
        load.photos -= 1;
        load.pixels -= self.pixels;
        publish(&load);
    }
}

fn publish(load: &Load) {
    gauge!("hairline_queue_photos").set(load.photos as f64);
    gauge!("hairline_queue_pixels").set(load.pixels as f64);
}
