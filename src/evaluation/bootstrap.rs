//! Percentile bootstrap (Efron 1979) over photographs.

use super::ConfusionCounts;
use crate::synth::random::Random;

const RESAMPLES: usize = 2_000;
/// Fixed, so that equal data give equal intervals.
const KEY: [u64; 4] = [0xB0, 0, 0, 0];

/// The 95 % interval of `score` when photographs are drawn with replacement.
pub fn interval(counts: &[ConfusionCounts], score: impl Fn(&ConfusionCounts) -> f64) -> [f64; 2] {
    if counts.is_empty() {
        return [0.0, 1.0];
    }
    let (mut random, last) = (Random::keyed(KEY), counts.len() as u32 - 1);
    let mut scores: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let draw = |_| counts[random.int(0, last) as usize];
            score(&(0..counts.len()).map(draw).sum())
        })
        .collect();
    scores.sort_by(f64::total_cmp);
    [scores[RESAMPLES / 40], scores[RESAMPLES - 1 - RESAMPLES / 40]]
}
