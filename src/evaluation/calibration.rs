//! Whether probabilities are true: reliability, and the temperature that makes them truer.

use serde::Serialize;

use super::levels::LevelHistogram;
use super::scores::ratio;

const BINS: usize = 10;
/// Temperatures beyond this factor from 1 would only tell that the validation photographs are too few.
const LARGEST_FACTOR: f64 = 5.0;

/// How often pixels of a probability are crack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error: the mean distance between probability and share of crack over the bins, by pixels.
    pub ece: f64,
    /// Ten bins of equal width; those without pixels have no figures.
    pub bins: Vec<Bin>,
}

/// The pixels of a range of probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Lower end, included.
    pub from: f64,
    /// Upper end, not included but for the last.
    pub to: f64,
    /// Number of pixels.
    pub pixels: u64,
    /// Their mean probability.
    pub mean_probability: Option<f64>,
    /// Share of them that is crack by label.
    pub crack_share: Option<f64>,
}

impl Calibration {
    /// Sorts the pixels of `histogram` into bins.
    pub fn of(histogram: &LevelHistogram) -> Self {
        let mut sums = [(0u64, 0u64, 0.0); BINS];
        for level in histogram.levels() {
            let bin = (usize::from(level.value) * BINS / usize::from(u16::MAX)).min(BINS - 1);
            let (pixels, crack, probability) = &mut sums[bin];
            *pixels += level.pixels();
            *crack += level.crack;
            *probability += level.probability() * level.pixels() as f64;
        }
        let total = sums.iter().map(|(pixels, ..)| pixels).sum::<u64>().max(1) as f64;
        let error = |&(_, crack, probability): &(u64, u64, f64)| (probability - crack as f64).abs() / total;
        let ece = sums.iter().map(error).sum();
        let edge = |index: usize| index as f64 / BINS as f64;
        let bin = |(index, &(pixels, crack, probability)): (usize, &(u64, u64, f64))| Bin {
            from: edge(index),
            to: edge(index + 1),
            pixels,
            mean_probability: (pixels > 0).then(|| probability / pixels as f64),
            crack_share: (pixels > 0).then(|| ratio(crack, pixels)),
        };
        Self { ece, bins: sums.iter().enumerate().map(bin).collect() }
    }
}

/// Negative log likelihood of a pixel's label, in nats, after logits are divided by `temperature`; mean over pixels.
pub fn negative_log_likelihood(histogram: &LevelHistogram, temperature: f64) -> f64 {
    let sum: f64 = histogram
        .levels()
        .map(|level| {
            let logit = level.logit() / temperature;
            // −ln(1 − p) is ln(1 + e^logit), and −ln p is that less the logit.
            let of_background = logit.max(0.0) + (-logit.abs()).exp().ln_1p();
            level.pixels() as f64 * of_background - level.crack as f64 * logit
        })
        .sum();
    sum / histogram.pixels().max(1) as f64
}

/// The temperature of the least negative log likelihood, mean over `sets`, to three decimals (Guo et al. 2017).
///
/// The likelihood is convex in the inverse of the temperature, so a golden-section search finds the one minimum.
pub fn best_temperature(sets: &[LevelHistogram]) -> f32 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    const STEPS: u32 = 24;
    let cost = |log: f64| sets.iter().map(|set| negative_log_likelihood(set, log.exp())).sum::<f64>();
    let (mut low, mut high) = (-LARGEST_FACTOR.ln(), LARGEST_FACTOR.ln());
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_left, mut at_right) = (cost(left), cost(right));
    for _ in 0..STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = cost(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = cost(right);
        }
    }
    ((f64::midpoint(low, high).exp() * 1000.0).round() / 1000.0) as f32
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::vision::{BinaryMask, ProbabilityMap};

    /// `crack` of `pixels` pixels of a probability are crack.
    fn histogram(groups: &[(f32, usize, usize)]) -> LevelHistogram {
        let (mut values, mut truth) = (Vec::new(), Vec::new());
        for &(probability, pixels, crack) in groups {
            values.extend(std::iter::repeat_n(ProbabilityMap::quantise(probability), pixels));
            truth.extend((0..pixels).map(|index| index < crack));
        }
        let (map, mut histogram) = (ProbabilityMap::new(values.len() as u32, 1, values), LevelHistogram::default());
        histogram.add(&map, &BinaryMask { width: map.width(), height: 1, pixels: truth });
        histogram
    }

    #[test]
    fn bins_and_error_of_a_known_case() {
        // Off by 0.05 in six pixels, by 0.3 in four: 0.15 in the mean.
        let calibration = Calibration::of(&histogram(&[(0.05, 6, 0), (0.8, 2, 1), (0.8, 2, 1), (1.0, 2, 2)]));
        assert!((calibration.ece - (6.0 * 0.05 + 4.0 * 0.3) / 12.0).abs() < 1e-4, "{}", calibration.ece);
        let pixels: Vec<u64> = calibration.bins.iter().map(|bin| bin.pixels).collect();
        assert_eq!(pixels, [6, 0, 0, 0, 0, 0, 0, 0, 4, 2]);
        let Bin { from, to, mean_probability, crack_share, .. } = calibration.bins[8];
        assert_eq!((from, to, crack_share), (0.8, 0.9, Some(0.5)));
        assert!((mean_probability.unwrap() - 0.8).abs() < 1e-4);
        assert_eq!((calibration.bins[1].mean_probability, calibration.bins[1].crack_share), (None, None));
    }

    #[test]
    fn likelihood_of_a_known_case() {
        let half = histogram(&[(0.5, 3, 1)]);
        assert!((negative_log_likelihood(&half, 1.0) - 2f64.ln()).abs() < 1e-4);
        let two = histogram(&[(0.8, 1, 1), (0.8, 1, 0)]);
        let expected = -(0.8f64.ln() + 0.2f64.ln()) / 2.0;
        assert!((negative_log_likelihood(&two, 1.0) - expected).abs() < 1e-4);
        assert!((negative_log_likelihood(&two, 2.0) + ((2.0f64 / 3.0).ln() + (1.0f64 / 3.0).ln()) / 2.0).abs() < 1e-4);
    }

    #[test]
    fn the_temperature_makes_probabilities_true() {
        // Says 16 : 1 and 1 : 16 where 4 : 1 and 1 : 4 are true: the logits are twice too large.
        let (high, low) = (16.0 / 17.0, 1.0 / 17.0);
        let bold = histogram(&[(high, 500, 400), (low, 500, 100)]);
        let found = best_temperature(slice::from_ref(&bold));
        assert!((found - 2.0).abs() <= 0.003, "{found}");
        assert!(Calibration::of(&bold.tempered(2.0)).ece < 0.001 && Calibration::of(&bold).ece > 0.1);
        let timid = histogram(&[(2.0 / 3.0, 500, 400), (1.0 / 3.0, 500, 100)]);
        assert!((best_temperature(&[timid]) - 0.5).abs() <= 0.003);
        let true_one = histogram(&[(0.8, 500, 400), (0.2, 500, 100)]);
        assert!((best_temperature(slice::from_ref(&true_one)) - 1.0).abs() <= 0.003);
        // Sets count alike, however many pixels each has: between their own temperatures lies the common one.
        let both = best_temperature(&[bold, true_one]);
        assert!((1.2..1.8).contains(&both), "{both}");
        let sure = best_temperature(&[histogram(&[(0.9, 10, 10), (0.1, 10, 0)])]);
        assert!((sure - 0.2).abs() < 0.001, "without errors the range ends it: {sure}");
    }
}
