//! Pixels of each side that lie on, or near, the other: scores that forgive distance, and scores of centre lines.

use std::ops::AddAssign;

use super::scores::{harmonic, ratio};
use crate::measure::skeleton;
use crate::vision::BinaryMask;

/// How many predicted pixels match the label, and how many labelled ones the prediction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MatchCounts {
    predicted: u64,
    predicted_matched: u64,
    labelled: u64,
    labelled_matched: u64,
}

impl MatchCounts {
    /// Compares two masks of one size, forgiving a Euclidean distance of `px`.
    pub fn tolerant(predicted: &BinaryMask, label: &BinaryMask, px: u32) -> Self {
        Self {
            predicted: predicted.count(),
            predicted_matched: common(predicted, &dilate(label, px)),
            labelled: label.count(),
            labelled_matched: common(label, &dilate(predicted, px)),
        }
    }

    /// Compares the skeleton of each mask with the other mask (Shit et al. 2021).
    pub fn centre_lines(predicted: &BinaryMask, label: &BinaryMask) -> Self {
        let (predicted_line, label_line) = (skeleton(predicted), skeleton(label));
        Self {
            predicted: predicted_line.count(),
            predicted_matched: common(&predicted_line, label),
            labelled: label_line.count(),
            labelled_matched: common(&label_line, predicted),
        }
    }

    /// Share of predicted pixels that match; of none, all do.
    pub fn precision(&self) -> f64 {
        ratio(self.predicted_matched, self.predicted)
    }

    /// Share of labelled pixels that match; of none, all do.
    pub fn recall(&self) -> f64 {
        ratio(self.labelled_matched, self.labelled)
    }

    /// Harmonic mean of the two.
    pub fn f1(&self) -> f64 {
        harmonic(self.precision(), self.recall())
    }
}

impl AddAssign for MatchCounts {
    fn add_assign(&mut self, other: Self) {
        self.predicted += other.predicted;
        self.predicted_matched += other.predicted_matched;
        self.labelled += other.labelled;
        self.labelled_matched += other.labelled_matched;
    }
}

/// Number of pixels set in both.
fn common(a: &BinaryMask, b: &BinaryMask) -> u64 {
    a.pixels.iter().zip(&b.pixels).map(|(&x, &y)| u64::from(x && y)).sum()
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
