//! How long the network takes on this machine: the forward pass that serves, and the step that trains.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::net::{Model, NetError};
use crate::synth::random::Random;
use crate::training::{Learner, Samples, Schedule, TrainError, TrainParams};

/// Share of the pixels that the drawn labels mark.
const CRACK_SHARE: f32 = 0.05;

/// Times of one kind of work, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    /// Middle of all.
    pub median: f64,
    /// Shortest.
    pub least: f64,
    /// Longest.
    pub most: f64,
}

/// Images of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Images at a time.
    pub batch: usize,
    /// Their sides in pixels, a multiple of 16.
    pub side: usize,
    /// How often the work is timed, after one time that does not count.
    pub count: usize,
}

/// Times the forward pass; `None` if the count is 0.
///
/// # Errors
/// If the network fails.
pub fn forward(model: &Model, work: Work) -> Result<Option<Times>, NetError> {
    let Work { batch, side, count } = work;
    let input = draw(batch * 3 * side * side, 1);
    time(count, || model.logits(&input, batch, side, side).map(drop))
}

/// Times the whole training step, with loss and optimiser, from random weights; `None` if the count is 0.
///
/// # Errors
/// If `HAIRLINE_ISA` asks for what this processor lacks, or the loss diverges.
pub fn train_step(base_width: usize, work: Work) -> Result<Option<Times>, TrainError> {
    let Work { batch, side, count } = work;
    let params =
        TrainParams { base_width, batch, crop: side as u32, ..TrainParams::parse(None, crate::training::RECIPE)? };
    let pixels = batch * side * side;
    let targets = draw(pixels, 2).into_iter().map(|v| if v > 1.0 - 2.0 * CRACK_SHARE { 1.0 } else { 0.0 }).collect();
    let samples = Samples { input: draw(pixels * 3, 1), targets };
    let mut learner = Learner::new(&params, Schedule { warmup: 10, steps: 1000 }, None)?;
    time(count, || learner.step(&samples).map(drop))
}

/// Uniform values in [-1, 1).
fn draw(count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::keyed([seed, 0, 0, 0]);
    (0..count).map(|_| random.unit() * 2.0 - 1.0).collect()
}

fn time<E>(count: usize, mut work: impl FnMut() -> Result<(), E>) -> Result<Option<Times>, E> {
    if count == 0 {
        return Ok(None);
    }
    work()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    let ms = |at: usize| times.get(at).map_or(0.0, |time: &Duration| time.as_secs_f64() * 1e3);
    let median = f64::midpoint(ms((count - 1) / 2), ms(count / 2));
    Ok(Some(Times { median, least: ms(0), most: ms(count - 1) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_ends_and_the_first_time_does_not_count() {
        let mut naps = [40u64, 9, 3, 6].into_iter();
        let nap = || {
            std::thread::sleep(Duration::from_millis(naps.next().unwrap()));
            Ok::<_, ()>(())
        };
        let times = time(3, nap).unwrap().unwrap();
        assert!((3.0..6.0).contains(&times.least) && (9.0..40.0).contains(&times.most), "{times:?}");
        assert!(times.least < times.median && times.median < times.most, "{times:?}");
        assert_eq!(time(0, || Err("never called")), Ok(None));
    }
}
