//! A yes or no for every pixel.

use image::GrayImage;

use super::ProbabilityMap;

/// Crack (`true`) or background for every pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryMask {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// One entry a pixel.
    pub pixels: Vec<bool>,
}

impl BinaryMask {
    /// The mask of `map` at `threshold`.
    pub fn from_probabilities(map: &ProbabilityMap, threshold: f32) -> Self {
        let level = ProbabilityMap::level(threshold);
        let pixels = map.values().iter().map(|&v| v >= level).collect();
        Self { width: map.width(), height: map.height(), pixels }
    }

    /// Reads a label picture: 0 is background, all else is crack.
    pub fn from_label(label: &GrayImage) -> Self {
        let pixels = label.as_raw().iter().map(|&v| v != 0).collect();
        Self { width: label.width(), height: label.height(), pixels }
    }

    /// Number of crack pixels.
    pub fn count(&self) -> u64 {
        self.pixels.iter().map(|&p| u64::from(p)).sum()
    }
}
