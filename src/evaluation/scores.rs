//! Counts of right and wrong pixels, and the scores made of them.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::Serialize;

use crate::vision::BinaryMask;

/// Pixels by what was predicted and what is true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
        let mut counts = Self::default();
        for (&p, &t) in predicted.pixels.iter().zip(&label.pixels) {
            counts.true_positive += u64::from(p && t);
            counts.false_positive += u64::from(p && !t);
            counts.false_negative += u64::from(!p && t);
            counts.true_negative += u64::from(!p && !t);
        }
        counts
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

    /// Number of pixels compared.
    pub fn pixels(&self) -> u64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }
}

/// `part / whole`; of nothing, all is right.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
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

impl Sum for ConfusionCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// Pixels that are right when a distance is forgiven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TolerantCounts {
    predicted: u64,
    predicted_near: u64,
    labelled: u64,
    labelled_near: u64,
}

impl TolerantCounts {
    /// Compares two masks of one size, forgiving a Euclidean distance of `px`.
    pub fn of(predicted: &BinaryMask, label: &BinaryMask, px: u32) -> Self {
        let both =
            |a: &BinaryMask, b: &BinaryMask| a.pixels.iter().zip(&b.pixels).map(|(&x, &y)| u64::from(x && y)).sum();
        Self {
            predicted: predicted.count(),
            predicted_near: both(predicted, &dilate(label, px)),
            labelled: label.count(),
            labelled_near: both(label, &dilate(predicted, px)),
        }
    }

    /// Share of predicted pixels near a true one.
    pub fn precision(&self) -> f64 {
        ratio(self.predicted_near, self.predicted)
    }

    /// Share of true pixels near a predicted one.
    pub fn recall(&self) -> f64 {
        ratio(self.labelled_near, self.labelled)
    }

    /// Harmonic mean of the two.
    pub fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) }
    }
}

impl AddAssign for TolerantCounts {
    fn add_assign(&mut self, other: Self) {
        self.predicted += other.predicted;
        self.predicted_near += other.predicted_near;
        self.labelled += other.labelled;
        self.labelled_near += other.labelled_near;
    }
}

/// All pixels within a Euclidean distance of `px` of a crack pixel.
fn dilate(mask: &BinaryMask, px: u32) -> BinaryMask {
    let (width, height, reach) = (i64::from(mask.width), i64::from(mask.height), i64::from(px));
    let half_widths: Vec<i64> = (-reach..=reach).map(|dy| ((reach * reach - dy * dy) as f64).sqrt() as i64).collect();
    let mut pixels = vec![false; mask.pixels.len()];
    for (at, _) in mask.pixels.iter().enumerate().filter(|(_, on)| **on) {
        let (x, y) = (at as i64 % width, at as i64 / width);
        for (dy, half) in (-reach..=reach).zip(&half_widths) {
            if (0..height).contains(&(y + dy)) {
                let row = (y + dy) * width;
                let (left, right) = ((x - half).max(0), (x + half).min(width - 1));
                pixels[(row + left) as usize..=(row + right) as usize].fill(true);
            }
        }
    }
    BinaryMask { pixels, ..*mask }
}
