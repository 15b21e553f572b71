//! What can be added up over photographs, and the figures made of the sums.

use std::ops::AddAssign;

use super::ConfusionCounts;
use super::alarms::{TileCounts, decision};
use super::matching::MatchCounts;
use crate::vision::BinaryMask;

/// Counts of one photograph or several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Photographs.
    pub photos: u64,
    /// Their Dice coefficients, added up.
    pub dice: f64,
    /// Pixels, exactly.
    pub pixels: ConfusionCounts,
    /// Pixels, forgiving some distance.
    pub tolerant: MatchCounts,
    /// Pixels of centre lines.
    pub centre_lines: MatchCounts,
    /// Photographs, as cracked or not.
    pub decision: ConfusionCounts,
    /// Crack-free tiles.
    pub tiles: TileCounts,
}

impl Totals {
    /// Compares the masks of one photograph; `tolerance` is in pixels.
    pub fn of(predicted: &BinaryMask, label: &BinaryMask, tolerance: u32) -> Self {
        let pixels = ConfusionCounts::of(predicted, label);
        Self {
            photos: 1,
            dice: pixels.scores().f1,
            pixels,
            tolerant: MatchCounts::tolerant(predicted, label, tolerance),
            centre_lines: MatchCounts::centre_lines(predicted, label),
            decision: decision(&pixels),
            tiles: TileCounts::of(predicted, label),
        }
    }

    /// Pixel-exact F1 of all pixels.
    pub fn f1(&self) -> f64 {
        self.pixels.scores().f1
    }

    /// Mean of the photographs' Dice coefficients.
    pub fn mean_dice(&self) -> f64 {
        self.dice / self.photos.max(1) as f64
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.photos += other.photos;
        self.dice += other.dice;
        self.pixels += other.pixels;
        self.tolerant += other.tolerant;
        self.centre_lines += other.centre_lines;
        self.decision += other.decision;
        self.tiles += other.tiles;
    }
}

/// A figure, 0..1, and the name that it has in JSON.
pub type Figure = (&'static str, fn(&Totals) -> f64);

/// Figures that get an interval.
pub const FIGURES: [Figure; 7] = [
    ("f1", Totals::f1),
    ("iou", |totals| totals.pixels.scores().iou),
    ("precision", |totals| totals.pixels.scores().precision),
    ("recall", |totals| totals.pixels.scores().recall),
    ("mean_dice", Totals::mean_dice),
    ("tolerant_f1", |totals| totals.tolerant.f1()),
    ("cl_dice", |totals| totals.centre_lines.f1()),
];
