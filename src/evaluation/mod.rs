//! How good a model is on photographs with masks.
//!
//! Each photograph is segmented once (`evaluate`); what was counted on it (`totals`) is added up, drawn again by series
//! (`series`, `bootstrap`), and told (`report`, `comparison`, `metrics`, `sheet`).

mod alarms;
mod bootstrap;
mod calibration;
mod comparison;
mod dataset;
mod levels;
mod matching;
mod metrics;
mod report;
mod scores;
mod series;
mod sheet;
mod totals;

use std::path::PathBuf;

use image::RgbImage;

pub use alarms::{ALARM_PX, TILE_PX, TileCounts};
pub use calibration::{Bin, Calibration, best_temperature, negative_log_likelihood};
pub use comparison::Comparison;
pub use dataset::{Dataset, DatasetError, name_of};
pub use levels::{Level, LevelHistogram, THRESHOLDS, best_threshold};
pub use matching::MatchCounts;
pub use metrics::{CalibrationRow, Metrics, ThresholdRow, calibration_rows, threshold_rows};
pub use report::{CentreLineScores, DecisionScores, ImageReport, Report, TileScores, TolerantScores};
pub use scores::{ConfusionCounts, SegmentationScores};
pub use series::{Units, series_of};
pub use sheet::{ContactSheet, Legend, LegendRow};
pub use totals::Totals;

use crate::net::NetError;
use crate::segment::Segmenter;
use crate::vision::BinaryMask;

/// Why a model could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The data folder is wrong.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The list of photographs is empty.
    #[error("{}: there is no photograph to score on", .0.display())]
    NoPhotographs(PathBuf),
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetError),
}

/// A model to be scored, and how.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The model.
    pub segmenter: Segmenter,
    /// Probability from which on a pixel counts as crack.
    pub threshold: f32,
    /// Euclidean distance in pixels that the tolerant scores forgive.
    pub tolerance: u32,
}

/// What a model scored on one set.
#[derive(Debug, Clone)]
pub struct SetScores {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of its file, hexadecimal.
    pub model_sha256: String,
    /// Probability from which on a pixel counted as crack.
    pub threshold: f32,
    /// Distance in pixels that the tolerant scores forgave.
    pub tolerance: u32,
    /// The photographs' names without ending.
    pub stems: Vec<String>,
    /// What was counted on each.
    pub photos: Vec<Totals>,
    /// All pixels by probability.
    pub levels: LevelHistogram,
}

/// A photograph that was just scored, with what the first model says.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Name without ending.
    pub stem: &'a str,
    /// The photograph.
    pub photo: &'a RgbImage,
    /// What is true.
    pub label: &'a BinaryMask,
    /// What the first model says.
    pub predicted: &'a BinaryMask,
    /// Its counts.
    pub totals: &'a Totals,
}

/// The mask that a model gives, and its counts.
type Seen = (BinaryMask, Totals);

impl SetScores {
    fn new(candidate: &Candidate, stems: &[String]) -> Self {
        let model = candidate.segmenter.model();
        Self {
            model: model.metadata.name.clone(),
            model_sha256: model.file_sha256.clone(),
            threshold: candidate.threshold,
            tolerance: candidate.tolerance,
            stems: stems.to_vec(),
            photos: Vec::with_capacity(stems.len()),
            levels: LevelHistogram::default(),
        }
    }

    /// Segments a photograph and counts.
    fn add(&mut self, segmenter: &Segmenter, photo: RgbImage, label: &BinaryMask) -> Result<Seen, NetError> {
        let map = segmenter.segment(photo, |_, _| {})?;
        let predicted = BinaryMask::from_probabilities(&map, self.threshold);
        let totals = Totals::of(&predicted, label, self.tolerance);
        self.levels.add(&map, label);
        self.photos.push(totals);
        Ok((predicted, totals))
    }

    /// The sum over all photographs.
    pub fn total(&self) -> Totals {
        let mut total = Totals::default();
        self.photos.iter().for_each(|&photo| total += photo);
        total
    }

    /// What intervals resample.
    pub fn units(&self) -> Units<Totals> {
        Units::new(&self.stems, &self.photos)
    }
}

/// Scores all `candidates` on the photographs `stems` of `dataset`, and shows each to `observer`.
///
/// # Errors
/// If there are none, a photograph or mask is missing or unusable, or the network fails.
pub fn evaluate(
    candidates: &[Candidate],
    dataset: &Dataset,
    stems: &[String],
    mut observer: impl FnMut(Judged),
) -> Result<Vec<SetScores>, EvaluationError> {
    if stems.is_empty() {
        return Err(EvaluationError::NoPhotographs(dataset.folder().to_owned()));
    }
    let mut all: Vec<SetScores> = candidates.iter().map(|candidate| SetScores::new(candidate, stems)).collect();
    for stem in stems {
        let (photo, label) = dataset.load(stem)?;
        let mut first = None;
        for (candidate, scores) in candidates.iter().zip(&mut all) {
            let seen = scores.add(&candidate.segmenter, photo.clone(), &label)?;
            first.get_or_insert(seen);
        }
        if let Some((predicted, totals)) = &first {
            observer(Judged { stem, photo: &photo, label: &label, predicted, totals });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
