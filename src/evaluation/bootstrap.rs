//! Percentile bootstrap (Efron 1979) over photographs.

use super::ConfusionCounts;

const RESAMPLES: usize = 2_000;
/// Fixed, so that equal data give equal intervals.
const SEED: u64 = 0x5EED;

/// The 95 % interval of `score` when photographs are drawn with replacement.
pub fn interval(counts: &[ConfusionCounts], score: impl Fn(&ConfusionCounts) -> f64) -> [f64; 2] {
    if counts.is_empty() {
        return [0.0, 1.0];
    }
    let mut state = SEED;
    let mut scores: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let draw = |_| counts[(split_mix(&mut state) % counts.len() as u64) as usize];
            score(&(0..counts.len()).map(draw).sum())
        })
        .collect();
    scores.sort_by(f64::total_cmp);
    [scores[RESAMPLES / 40], scores[RESAMPLES - 1 - RESAMPLES / 40]]
}

/// SplitMix64 (Steele, Lea and Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
