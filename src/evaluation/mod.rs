//! How good a model is on photographs with masks.

mod bootstrap;
mod dataset;
mod scores;
mod thresholds;

use serde::Serialize;

pub use dataset::{Dataset, DatasetError};
pub use scores::{ConfusionCounts, SegmentationScores, TolerantCounts};
pub use thresholds::{THRESHOLDS, ThresholdCounts};

use crate::net::NetError;
use crate::segment::Segmenter;
use crate::vision::BinaryMask;

/// What `evaluate` prints. Ratios are 0..1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Number of photographs.
    pub images: usize,
    /// Probability from which on a pixel counted as crack.
    pub threshold: f32,
    /// Scores of all pixels pooled.
    pub micro: SegmentationScores,
    /// 95 % interval of `micro.f1`, photographs resampled.
    pub f1_interval: [f64; 2],
    /// Dice averaged over photographs; two empty masks agree fully.
    pub mean_dice: f64,
    /// Scores that forgive some pixels of distance.
    pub tolerant: TolerantScores,
    /// False crack pixels over all pixels.
    pub false_positive_ratio: f64,
    /// Each photograph by itself.
    pub per_image: Vec<ImageReport>,
}

/// Scores that forgive some pixels of distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TolerantScores {
    /// Euclidean distance that is forgiven.
    pub px: u32,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Share of predicted pixels near a true one.
    pub precision: f64,
    /// Share of true pixels near a predicted one.
    pub recall: f64,
}

/// One photograph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageReport {
    /// Name without ending.
    pub stem: String,
    /// Crack pixels of the label.
    pub label_pixels: u64,
    /// Crack pixels of the prediction.
    pub predicted_pixels: u64,
    /// Pixel-exact scores.
    #[serde(flatten)]
    pub scores: SegmentationScores,
}

/// Why a model could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The data folder is wrong.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetError),
}

/// Scores `segmenter` on the photographs `stems` of `dataset`.
///
/// # Errors
/// If a photograph or mask is missing or unusable, or the network fails.
pub fn evaluate(
    segmenter: &Segmenter,
    dataset: &Dataset,
    stems: &[String],
    threshold: f32,
    tolerance: u32,
    mut progress: impl FnMut(),
) -> Result<Report, EvaluationError> {
    let mut counts = Vec::with_capacity(stems.len());
    let mut tolerant = TolerantCounts::default();
    for stem in stems {
        let (photo, label) = dataset.load(stem)?;
        let predicted = BinaryMask::from_probabilities(&segmenter.segment(photo, |_, _| {})?, threshold);
        counts.push(ConfusionCounts::of(&predicted, &label));
        tolerant += TolerantCounts::of(&predicted, &label, tolerance);
        progress();
    }
    Ok(report(stems, &counts, tolerant, threshold, tolerance))
}

fn report(stems: &[String], counts: &[ConfusionCounts], tolerant: TolerantCounts, threshold: f32, px: u32) -> Report {
    let total: ConfusionCounts = counts.iter().copied().sum();
    let per_image: Vec<ImageReport> = stems
        .iter()
        .zip(counts)
        .map(|(stem, c)| ImageReport {
            stem: stem.clone(),
            label_pixels: c.true_positive + c.false_negative,
            predicted_pixels: c.true_positive + c.false_positive,
            scores: c.scores(),
        })
        .collect();
    Report {
        images: stems.len(),
        threshold,
        micro: total.scores(),
        f1_interval: bootstrap::interval(counts, |resample| resample.scores().f1),
        mean_dice: per_image.iter().map(|image| image.scores.f1).sum::<f64>() / stems.len().max(1) as f64,
        tolerant: TolerantScores { px, f1: tolerant.f1(), precision: tolerant.precision(), recall: tolerant.recall() },
        false_positive_ratio: scores::ratio(total.false_positive, total.pixels()),
        per_image,
    }
}

#[cfg(test)]
mod tests;
