//! Pixels by stored probability and truth: everything that a threshold or a temperature changes.

use std::ops::AddAssign;

use super::ConfusionCounts;
use crate::vision::{BinaryMask, ProbabilityMap};

/// The thresholds among which one is chosen.
pub const THRESHOLDS: [f32; 19] =
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

const LEVELS: usize = 1 << 16;
const TOP: f64 = (LEVELS - 1) as f64;

/// How many pixels have each of the 65 536 stored probabilities, crack and background apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelHistogram {
    crack: Vec<u64>,
    background: Vec<u64>,
}

/// Pixels of one stored probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The stored value, probability × 65535.
    pub value: u16,
    /// Pixels that are crack.
    pub crack: u64,
    /// Pixels that are not.
    pub background: u64,
}

impl Level {
    /// The probability, 0..1.
    pub fn probability(&self) -> f64 {
        f64::from(self.value) / TOP
    }

    /// Logarithm of the odds; the ends stand for half a step, so that it is finite.
    pub fn logit(&self) -> f64 {
        let half_step = 0.5 / TOP;
        let probability = self.probability().clamp(half_step, 1.0 - half_step);
        (probability / (1.0 - probability)).ln()
    }

    /// Crack and background together.
    pub fn pixels(&self) -> u64 {
        self.crack + self.background
    }
}

impl Default for LevelHistogram {
    fn default() -> Self {
        Self { crack: vec![0; LEVELS], background: vec![0; LEVELS] }
    }
}

impl LevelHistogram {
    /// Adds the pixels of a photograph.
    ///
    /// # Panics
    /// If map and label differ in size.
    pub fn add(&mut self, map: &ProbabilityMap, label: &BinaryMask) {
        assert_eq!((map.width(), map.height()), (label.width, label.height));
        for (&value, &crack) in map.values().iter().zip(&label.pixels) {
            let side = if crack { &mut self.crack } else { &mut self.background };
            side[usize::from(value)] += 1;
        }
    }

    /// The levels that have pixels, from the lowest.
    pub fn levels(&self) -> impl Iterator<Item = Level> {
        let all = (0..=u16::MAX).zip(self.crack.iter().zip(&self.background));
        all.map(|(value, (&crack, &background))| Level { value, crack, background }).filter(|level| level.pixels() > 0)
    }

    /// Number of pixels.
    pub fn pixels(&self) -> u64 {
        self.crack.iter().chain(&self.background).sum()
    }

    /// What a mask at `threshold` has right and wrong.
    pub fn counts(&self, threshold: f32) -> ConfusionCounts {
        let split = |pixels: &[u64]| {
            let (below, above) = pixels.split_at(usize::from(ProbabilityMap::level(threshold)));
            (below.iter().sum(), above.iter().sum())
        };
        let (false_negative, true_positive) = split(&self.crack);
        let (true_negative, false_positive) = split(&self.background);
        ConfusionCounts { true_positive, false_positive, false_negative, true_negative }
    }

    /// The same pixels after their logits are divided by `temperature`.
    pub fn tempered(&self, temperature: f32) -> Self {
        let mut tempered = Self::default();
        for level in self.levels() {
            let probability = 1.0 / (1.0 + (-level.logit() / f64::from(temperature)).exp());
            let to = usize::from(ProbabilityMap::quantise(probability as f32));
            tempered.crack[to] += level.crack;
            tempered.background[to] += level.background;
        }
        tempered
    }
}

impl AddAssign<&Self> for LevelHistogram {
    fn add_assign(&mut self, other: &Self) {
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(sum, count)| *sum += count);
        add(&mut self.crack, &other.crack);
        add(&mut self.background, &other.background);
    }
}

/// The one of [`THRESHOLDS`] with the best F1, mean over `sets`, and that mean; of equals, the lowest.
pub fn best_threshold(sets: &[LevelHistogram]) -> (f32, f64) {
    let mean_f1 = |threshold| {
        let sum: f64 = sets.iter().map(|set| set.counts(threshold).scores().f1).sum();
        (threshold, sum / sets.len().max(1) as f64)
    };
    let [first, rest @ ..] = THRESHOLDS.map(mean_f1);
    rest.into_iter().fold(first, |best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(pixels: &[(u16, bool)]) -> LevelHistogram {
        let map = ProbabilityMap::new(pixels.len() as u32, 1, pixels.iter().map(|p| p.0).collect());
        let label = BinaryMask { width: map.width(), height: 1, pixels: pixels.iter().map(|p| p.1).collect() };
        let mut histogram = LevelHistogram::default();
        histogram.add(&map, &label);
        histogram
    }

    #[test]
    fn counts_are_those_of_the_masks() {
        let map = ProbabilityMap::new(64, 32, (0..2048).map(|i| (i * 32 % 65_536) as u16).collect());
        let pixels = (0..2048).map(|i| i * 7919 % 5 == 0).collect();
        let label = BinaryMask { width: 64, height: 32, pixels };
        let mut histogram = LevelHistogram::default();
        histogram.add(&map, &label);
        for threshold in THRESHOLDS {
            let mask = BinaryMask::from_probabilities(&map, threshold);
            assert_eq!(histogram.counts(threshold), ConfusionCounts::of(&mask, &label), "{threshold}");
        }
        assert_eq!(histogram.pixels(), 2048);
    }

    #[test]
    fn a_temperature_moves_probabilities_towards_a_half_and_keeps_their_order() {
        // Odds of 4 : 1; divided by 2, the logit has odds of 2 : 1.
        let level = |probability: f32| ProbabilityMap::quantise(probability);
        let tempered = histogram(&[(level(0.8), true), (level(0.5), false), (0, false), (65_535, true)]).tempered(2.0);
        let found: Vec<(u16, u64, u64)> = tempered.levels().map(|l| (l.value, l.crack, l.background)).collect();
        // The ends stand for odds of 1 : 131069, which become 1 : 362.
        let end = level(1.0 / 363.03);
        assert_eq!(found.len(), 4);
        assert!(found[0].0.abs_diff(end) <= 1 && found[3].0.abs_diff(65_535 - end) <= 1, "{found:?}");
        assert!(found[1].0.abs_diff(level(0.5)) <= 1 && found[2].0.abs_diff(level(2.0 / 3.0)) <= 1, "{found:?}");
        assert_eq!((found[0].2, found[1].2, found[2].1, found[3].1), (1, 1, 1, 1));
        let same = histogram(&[(1, true), (30_000, false), (65_000, true)]);
        assert_eq!(same.tempered(1.0), same);
    }

    #[test]
    fn the_best_threshold_is_that_of_the_mean_over_sets() {
        let at = |hundredths: u32| (hundredths * 65_535 / 100) as u16;
        // One set is best cut above 0.32, the other below 0.62; only between is each right.
        let sets = [histogram(&[(at(32), false), (at(90), true)]), histogram(&[(at(10), false), (at(62), true)])];
        assert_eq!(best_threshold(&sets), (0.35, 1.0));
    }
}
