//! Counts of right and wrong pixels at many thresholds from one probability map.

use std::ops::AddAssign;

use super::ConfusionCounts;
use crate::vision::{BinaryMask, ProbabilityMap};

/// The thresholds among which one is chosen.
pub const THRESHOLDS: [f32; 19] =
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// Counts at each of [`THRESHOLDS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThresholdCounts(pub [ConfusionCounts; THRESHOLDS.len()]);

impl ThresholdCounts {
    /// Compares the masks of `map` with `label`, which has the same size.
    ///
    /// # Panics
    /// If they differ in size.
    pub fn of(map: &ProbabilityMap, label: &BinaryMask) -> Self {
        assert_eq!((map.width(), map.height()), (label.width, label.height));
        let levels = THRESHOLDS.map(ProbabilityMap::level);
        // Pixels by how many levels they reach, background and crack.
        let mut reached = [[0u64; THRESHOLDS.len() + 1]; 2];
        for (&value, &crack) in map.values().iter().zip(&label.pixels) {
            reached[usize::from(crack)][levels.partition_point(|&level| level <= value)] += 1;
        }
        let mut counts = Self::default();
        for (index, counts) in counts.0.iter_mut().enumerate() {
            let split = |pixels: &[u64]| (pixels[..=index].iter().sum(), pixels[index + 1..].iter().sum());
            (counts.true_negative, counts.false_positive) = split(&reached[0]);
            (counts.false_negative, counts.true_positive) = split(&reached[1]);
        }
        counts
    }

    /// F1 at each threshold.
    pub fn f1(&self) -> [f64; THRESHOLDS.len()] {
        self.0.map(|counts| counts.scores().f1)
    }
}

impl AddAssign for ThresholdCounts {
    fn add_assign(&mut self, other: Self) {
        for (sum, counts) in self.0.iter_mut().zip(other.0) {
            *sum = *sum + counts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_masks() {
        let map = ProbabilityMap::new(64, 32, (0..2048).map(|i| (i * 32 % 65_536) as u16).collect());
        let pixels = (0..2048).map(|i| i * 7919 % 5 == 0).collect();
        let label = BinaryMask { width: 64, height: 32, pixels };
        let counts = ThresholdCounts::of(&map, &label);
        for (threshold, counts) in THRESHOLDS.into_iter().zip(counts.0) {
            let mask = BinaryMask::from_probabilities(&map, threshold);
            assert_eq!(counts, ConfusionCounts::of(&mask, &label), "{threshold}");
        }
    }
}
