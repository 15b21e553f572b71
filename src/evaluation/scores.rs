//! Counts of right and wrong pixels, and the scores made of them.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::Serialize;

use crate::vision::BinaryMask;

/// Pixels, or photographs, by what was predicted and what is true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ConfusionCounts {
    /// Crack, and found.
    pub true_positive: u64,
    /// Background, taken for crack.
    pub false_positive: u64,
    /// Crack, missed.
    pub false_negative: u64,
    /// Background, left alone.
    pub true_negative: u64,
}

/// Pixel-exact scores of the crack class, 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SegmentationScores {
    /// Intersection over union (Jaccard).
    pub iou: f64,
    /// Harmonic mean of precision and recall; the same as Dice.
    pub f1: f64,
    /// Share of predicted pixels that are crack.
    pub precision: f64,
    /// Share of crack pixels that are predicted.
    pub recall: f64,
}

impl ConfusionCounts {
    /// Compares two masks of one size.
    ///
    /// # Panics
    /// If they differ in size.
    pub fn of(predicted: &BinaryMask, label: &BinaryMask) -> Self {
        assert_eq!((predicted.width, predicted.height), (label.width, label.height));
        predicted.pixels.iter().zip(&label.pixels).map(|(&p, &t)| Self::one(p, t)).sum()
    }

    /// The scores; where nothing is to be found and nothing was found, all are 1.
    pub fn scores(&self) -> SegmentationScores {
        let Self { true_positive: tp, false_positive: fp, false_negative: fn_, .. } = *self;
        SegmentationScores {
            iou: ratio(tp, tp + fp + fn_),
            f1: ratio(2 * tp, 2 * tp + fp + fn_),
            precision: ratio(tp, tp + fp),
            recall: ratio(tp, tp + fn_),
        }
    }

    /// The one pixel or photograph that is crack or not by prediction and by label.
    pub fn one(predicted: bool, label: bool) -> Self {
        Self {
            true_positive: u64::from(predicted && label),
            false_positive: u64::from(predicted && !label),
            false_negative: u64::from(!predicted && label),
            true_negative: u64::from(!predicted && !label),
        }
    }

    /// Crack by prediction.
    pub fn predicted(&self) -> u64 {
        self.true_positive + self.false_positive
    }

    /// Crack by label.
    pub fn labelled(&self) -> u64 {
        self.true_positive + self.false_negative
    }

    /// Number of pixels compared.
    pub fn pixels(&self) -> u64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }
}

/// `part / whole`; of nothing, all is right.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Harmonic mean; of two noughts, nought.
pub fn harmonic(a: f64, b: f64) -> f64 {
    if a + b == 0.0 { 0.0 } else { 2.0 * a * b / (a + b) }
}

impl Add for ConfusionCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            true_positive: self.true_positive + other.true_positive,
            false_positive: self.false_positive + other.false_positive,
            false_negative: self.false_negative + other.false_negative,
            true_negative: self.true_negative + other.true_negative,
        }
    }
}

impl AddAssign for ConfusionCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for ConfusionCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}
