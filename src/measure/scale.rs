//! From pixels to millimetres.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// Where a scale comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "source")]
pub enum ScaleSource {
    /// Somebody said so.
    Given,
    /// Two points a known distance apart.
    TwoPoints,
    /// The lens's focal length and a distance to the surface.
    FocalLength {
        /// Focal length in mm, as on 35 mm film.
        focal_35mm: f64,
        /// Distance from the camera to the surface in metres.
        distance_m: f64,
    },
}

/// How much of the surface one pixel shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Millimetres on the surface for one pixel.
    pub mm_per_px: f64,
    /// Half the 95 % interval of `mm_per_px`, as a share of it.
    pub relative_error: f64,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: ScaleSource,
}

impl Scale {
    /// A length in millimetres; the scale's own error joins the interval in quadrature.
    pub fn to_mm(&self, px: Estimate) -> Estimate {
        let value = px.value * self.mm_per_px;
        let of_scale = value * self.relative_error;
        let low = (px.value - px.low) * self.mm_per_px;
        let high = (px.high - px.value) * self.mm_per_px;
        Estimate { value, low: (value - low.hypot(of_scale)).max(0.0), high: value + high.hypot(of_scale) }
    }
}
