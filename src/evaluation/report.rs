//! The scores of one model on one set, as `evaluate` prints them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::alarms::{ALARM_PX, TILE_PX, TileCounts, wilson};
use super::bootstrap::{interval, resample};
use super::calibration::Calibration;
use super::matching::MatchCounts;
use super::scores::ratio;
use super::totals::{FIGURES, Totals};
use super::{Comparison, ConfusionCounts, SegmentationScores, SetScores};

/// What `evaluate` prints. Ratios and shares are 0..1, intervals hold 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name of the model.
    pub model: String,
    /// SHA-256 of its file, hexadecimal.
    pub model_sha256: String,
    /// Number of photographs.
    pub images: usize,
    /// Number of series that they belong to.
    pub series: usize,
    /// `series`, or `photographs` where there is but one series: what intervals resample.
    pub resampled: &'static str,
    /// Probability from which on a pixel counted as crack.
    pub threshold: f32,
    /// Scores of all pixels pooled.
    pub micro: SegmentationScores,
    /// Dice averaged over photographs; two empty masks agree fully.
    pub mean_dice: f64,
    /// Scores that forgive some pixels of distance.
    pub tolerant: TolerantScores,
    /// Scores of centre lines.
    pub centre_line: CentreLineScores,
    /// Bootstrap intervals by name of the figure.
    pub intervals: BTreeMap<&'static str, [f64; 2]>,
    /// False crack pixels over all pixels.
    pub false_positive_ratio: f64,
    /// Crack or no crack, a photograph.
    pub decision: DecisionScores,
    /// False alarms where there is no crack.
    pub crack_free_tiles: TileScores,
    /// Whether probabilities are true.
    pub calibration: Calibration,
    /// Each photograph by itself.
    pub per_image: Vec<ImageReport>,
    /// Another model on the same photographs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
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

/// Scores of centre lines (Shit et al. 2021), pixels pooled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CentreLineScores {
    /// Centre-line Dice: harmonic mean of the two.
    pub cl_dice: f64,
    /// Topology precision: share of the predicted skeleton that lies within the label.
    pub precision: f64,
    /// Topology sensitivity: share of the label's skeleton that lies within the prediction.
    pub sensitivity: f64,
}

/// Photographs with and without cracks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DecisionScores {
    /// Predicted pixels from which on a photograph counts as cracked; by label, one is enough.
    pub alarm_px: u64,
    /// Counts of photographs.
    #[serde(flatten)]
    pub counts: ConfusionCounts,
    /// Share of photographs called cracked that are.
    pub precision: f64,
    /// Share of cracked photographs that are called so.
    pub recall: f64,
}

/// Tiles without a labelled pixel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TileScores {
    /// Side of a tile in pixels.
    pub side_px: u32,
    /// Predicted pixels from which on a tile has an alarm.
    pub alarm_px: u64,
    /// Number of tiles; without any, there are no shares.
    pub n: u64,
    /// Those with an alarm.
    pub alarms: u64,
    /// Their share.
    pub alarm_share: Option<f64>,
    /// Wilson's interval of it.
    pub alarm_share_interval: Option<[f64; 2]>,
    /// Share of the tiles' area taken for crack.
    pub area_share: Option<f64>,
    /// Bootstrap interval of it.
    pub area_share_interval: Option<[f64; 2]>,
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
    /// Centre-line Dice.
    pub cl_dice: f64,
}

impl Report {
    /// Makes the figures of `scores`.
    pub fn new(scores: &SetScores) -> Self {
        let (units, total) = (scores.units(), scores.total());
        let resamples = resample(&units.sums);
        let of = |figure: fn(&Totals) -> f64| interval(resamples.iter().map(figure));
        Self {
            model: scores.model.clone(),
            model_sha256: scores.model_sha256.clone(),
            images: scores.stems.len(),
            series: units.series,
            resampled: units.name(),
            threshold: scores.threshold,
            micro: total.pixels.scores(),
            mean_dice: total.mean_dice(),
            tolerant: TolerantScores::new(&total.tolerant, scores.tolerance),
            centre_line: CentreLineScores::new(&total.centre_lines),
            intervals: FIGURES.iter().filter_map(|&(name, figure)| Some((name, of(figure)?))).collect(),
            false_positive_ratio: ratio(total.pixels.false_positive, total.pixels.pixels()),
            decision: DecisionScores::new(total.decision),
            crack_free_tiles: TileScores::new(&total.tiles, &resamples),
            calibration: Calibration::of(&scores.levels),
            per_image: scores.stems.iter().zip(&scores.photos).map(ImageReport::new).collect(),
            comparison: None,
        }
    }

    /// The report of the first of `scores`; a second is what it is compared with.
    pub fn side_by_side(scores: &[SetScores]) -> Option<Self> {
        let mut report = Self::new(scores.first()?);
        report.comparison = scores.get(1).map(|against| Comparison::new(&scores[0], against));
        Some(report)
    }
}

impl TolerantScores {
    fn new(counts: &MatchCounts, px: u32) -> Self {
        Self { px, f1: counts.f1(), precision: counts.precision(), recall: counts.recall() }
    }
}

impl CentreLineScores {
    fn new(counts: &MatchCounts) -> Self {
        Self { cl_dice: counts.f1(), precision: counts.precision(), sensitivity: counts.recall() }
    }
}

impl DecisionScores {
    fn new(counts: ConfusionCounts) -> Self {
        let SegmentationScores { precision, recall, .. } = counts.scores();
        Self { alarm_px: ALARM_PX, counts, precision, recall }
    }
}

impl TileScores {
    /// Resamples that drew no tile say nothing.
    fn new(tiles: &TileCounts, resamples: &[Totals]) -> Self {
        Self {
            side_px: TILE_PX,
            alarm_px: ALARM_PX,
            n: tiles.tiles,
            alarms: tiles.alarms,
            alarm_share: tiles.alarm_share(),
            alarm_share_interval: wilson(tiles.alarms, tiles.tiles),
            area_share: tiles.area_share(),
            area_share_interval: interval(resamples.iter().filter_map(|totals| totals.tiles.area_share())),
        }
    }
}

impl ImageReport {
    fn new((stem, totals): (&String, &Totals)) -> Self {
        Self {
            stem: stem.clone(),
            label_pixels: totals.pixels.labelled(),
            predicted_pixels: totals.pixels.predicted(),
            scores: totals.pixels.scores(),
            cl_dice: totals.centre_lines.f1(),
        }
    }
}
