//! Scores as flat files for tools that follow them over versions: `dvc metrics` and `dvc plots` read these.

use serde::Serialize;

use super::Report;
use super::levels::{LevelHistogram, THRESHOLDS};

/// The scores of one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    f1: f64,
    iou: f64,
    precision: f64,
    recall: f64,
    mean_dice: f64,
    cl_dice: f64,
    tolerant_f1: f64,
    crack_free_tiles: TileMetrics,
    ece: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct TileMetrics {
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    area_share: Option<f64>,
}

impl From<&Report> for Metrics {
    fn from(report: &Report) -> Self {
        let tiles = &report.crack_free_tiles;
        Self {
            f1: report.micro.f1,
            iou: report.micro.iou,
            precision: report.micro.precision,
            recall: report.micro.recall,
            mean_dice: report.mean_dice,
            cl_dice: report.centre_line.cl_dice,
            tolerant_f1: report.tolerant.f1,
            crack_free_tiles: TileMetrics { n: tiles.n, alarm_share: tiles.alarm_share, area_share: tiles.area_share },
            ece: report.calibration.ece,
        }
    }
}

/// A point of the reliability curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrationRow {
    set: String,
    probability: f64,
    crack_share: f64,
    pixels: u64,
}

/// The reliability curve of a set: bins with pixels, at their mean probability.
pub fn calibration_rows(set: &str, report: &Report) -> Vec<CalibrationRow> {
    let row = |bin: &super::Bin| {
        let (probability, crack_share) = (bin.mean_probability?, bin.crack_share?);
        Some(CalibrationRow { set: set.to_owned(), probability, crack_share, pixels: bin.pixels })
    };
    report.calibration.bins.iter().filter_map(row).collect()
}

/// A point of the curves over thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdRow {
    set: String,
    threshold: f32,
    precision: f64,
    recall: f64,
    f1: f64,
}

/// Precision, recall and F1 of a set at each of the thresholds among which one is chosen.
pub fn threshold_rows(set: &str, levels: &LevelHistogram) -> Vec<ThresholdRow> {
    let row = |threshold| {
        let scores = levels.counts(threshold).scores();
        let (precision, recall, f1) = (scores.precision, scores.recall, scores.f1);
        ThresholdRow { set: set.to_owned(), threshold, precision, recall, f1 }
    };
    THRESHOLDS.into_iter().map(row).collect()
}
