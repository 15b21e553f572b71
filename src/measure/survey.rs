//! What is known of the cracks in one photograph, in pixels.
//!
//! Pixel coordinates are continuous: the middle of the first pixel is at
//! (0.5, 0.5), x to the right, y down. Millimetres come in later, with a
//! [`super::Scale`], so that one survey serves every scale.

use serde::{Deserialize, Serialize};

/// A figure with its 95 % interval, all three in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Best estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// `value` ± `half`, never below zero.
    pub fn around(value: f64, half: f64) -> Self {
        Self { value, low: (value - half).max(0.0), high: value + half }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// One point of a branch's centre line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CentrePoint {
    /// Column in pixels.
    pub x: f64,
    /// Row in pixels.
    pub y: f64,
    /// Distance between the lips in pixels, across the centre line.
    pub width_px: f64,
}

/// A stretch of crack between tips and junctions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Centre line, points about one pixel apart, at least two.
    pub points: Vec<CentrePoint>,
}

/// Course of a crack in the picture; longitudinal follows the longer side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrackKind {
    /// Within 22.5° of the direction of the photograph's longer side.
    Longitudinal,
    /// Within 22.5° of the direction of the shorter side.
    Transverse,
    /// Between the two.
    Diagonal,
    /// One or two junctions, or one main line with side branches.
    Branched,
    /// A network that closes around pieces of the surface.
    Map,
}

/// One crack: everything that hangs together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrackMeasurement {
    /// Its number on the photograph, from 1; the longest comes first.
    pub number: u32,
    /// Course.
    pub kind: CrackKind,
    /// Direction of the whole crack in degrees, 0..180, counter-clockwise from the x axis as seen.
    pub orientation_deg: f64,
    /// Length of all branches together.
    pub length_px: Estimate,
    /// Mean width along the centre line.
    pub width_mean_px: Estimate,
    /// Median width.
    pub width_median_px: Estimate,
    /// Width that 95 % of the length stays below.
    pub width_p95_px: Estimate,
    /// Largest local width.
    pub width_max_px: Estimate,
    /// Where that is: column and row.
    pub width_max_at: [f64; 2],
    /// Area between the lips, square pixels.
    pub area_px2: f64,
    /// Branches, longest first.
    pub branches: Vec<Branch>,
    /// Points where branches meet: column and row.
    pub junctions: Vec<[f64; 2]>,
}

/// All cracks of one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrackSurvey {
    /// Width of the photograph in pixels, upright.
    pub photo_width_px: u32,
    /// Height of the photograph in pixels, upright.
    pub photo_height_px: u32,
    /// Probability from which on a pixel counts as crack.
    pub threshold: f32,
    /// The cracks, longest first.
    pub cracks: Vec<CrackMeasurement>,
    /// Marks that are no cracks: too short to be measured, or covering much of the photograph.
    pub specks: u32,
}

impl CrackSurvey {
    /// Length of all cracks in pixels.
    pub fn total_length_px(&self) -> f64 {
        self.cracks.iter().map(|crack| crack.length_px.value).sum()
    }

    /// Length of cracks per area, in 1/px.
    pub fn density_per_px(&self) -> f64 {
        self.total_length_px() / (f64::from(self.photo_width_px) * f64::from(self.photo_height_px)).max(1.0)
    }
}
