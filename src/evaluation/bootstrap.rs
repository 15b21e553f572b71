//! Percentile bootstrap (Efron 1979).

use std::ops::AddAssign;

use crate::synth::random::Random;

/// How often units are drawn.
pub const RESAMPLES: usize = 10_000;
/// Fixed, so that equal data give equal intervals.
const KEY: [u64; 4] = [0xB0, 0, 0, 0];

/// Sums of as many units as there are, drawn with replacement, [`RESAMPLES`] times.
///
/// The draws depend on the number of units alone: two lists of one length are drawn from in pairs.
pub fn resample<T: Copy + Default + AddAssign>(units: &[T]) -> Vec<T> {
    if units.is_empty() {
        return Vec::new();
    }
    let (mut random, last) = (Random::keyed(KEY), units.len() as u32 - 1);
    let mut draw = |_| {
        let mut sum = T::default();
        units.iter().for_each(|_| sum += units[random.int(0, last) as usize]);
        sum
    };
    (0..RESAMPLES).map(&mut draw).collect()
}

/// The 95 % interval of figures of resamples; `None` if there are none.
pub fn interval(figures: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let beyond = figures.len() / 40;
    Some([*figures.get(beyond)?, *figures.get(figures.len() - 1 - beyond)?])
}

/// Two-sided p value: twice the share of resampled differences on the rarer side of 0, counting 0 to both.
///
/// One is added to both counts, so that it is never 0: the least is 2 / ([`RESAMPLES`] + 1).
pub fn p_value(differences: &[f64]) -> f64 {
    let share = |side: fn(f64) -> bool| {
        let count = differences.iter().filter(|&&difference| side(difference)).count();
        (count + 1) as f64 / (differences.len() + 1) as f64
    };
    (2.0 * share(|difference| difference <= 0.0).min(share(|difference| difference >= 0.0))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_normal_approximation() {
        // 400 units, a quarter of them 1: the standard error of the mean is √(0.25 × 0.75 / 400) = 0.02165.
        let units: Vec<u64> = (0..400).map(|index| u64::from(index % 4 == 0)).collect();
        let sums = resample(&units);
        let [low, high] = interval(sums.iter().map(|&sum| sum as f64 / 400.0)).unwrap();
        assert!((low - (0.25 - 1.96 * 0.02165)).abs() < 0.004 && (high - (0.25 + 1.96 * 0.02165)).abs() < 0.004);
        assert_eq!(sums, resample(&units), "equal data give equal draws");
        assert_eq!(interval(resample::<u64>(&[]).into_iter().map(|sum| sum as f64)), None);
        assert_eq!(interval((0..=40).map(f64::from)), Some([1.0, 39.0]));
    }

    #[test]
    fn p_values_count_the_rarer_side_twice() {
        let differences = |below: usize, nought: usize, above: usize| {
            [vec![-1.0; below], vec![0.0; nought], vec![1.0; above]].concat()
        };
        assert_eq!(p_value(&differences(1, 1, 97)), 2.0 * 3.0 / 100.0);
        assert_eq!(p_value(&differences(97, 0, 2)), 2.0 * 3.0 / 100.0);
        assert_eq!(p_value(&differences(0, 0, 99)), 2.0 / 100.0);
        assert_eq!(p_value(&differences(0, 99, 0)), 1.0);
        assert_eq!(p_value(&differences(50, 0, 50)), 1.0);
    }
}
