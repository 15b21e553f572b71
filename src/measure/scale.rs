//! From pixels to millimetres.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::Estimate;

/// Scales that photographs of structures have, in mm/px; anything else is a slip of the keyboard.
pub const MM_PER_PX: RangeInclusive<f64> = 0.001..=1000.0;
/// Distances between camera and surface, in metres.
pub const DISTANCE_M: RangeInclusive<f64> = 0.01..=1000.0;
/// Distances between two marked points, in millimetres.
pub const DISTANCE_MM: RangeInclusive<f64> = 0.1..=1_000_000.0;
/// Focal lengths in mm, as on 35 mm film.
pub const FOCAL_35MM: RangeInclusive<f64> = 1.0..=5000.0;
/// Relative errors of a scale.
pub const RELATIVE_ERROR: RangeInclusive<f64> = 0.0..=0.5;

/// Relative error of a scale that somebody states without one: a ruler in the
/// photograph read to 1 mm over 100 mm, and as much again because it rarely
/// lies in the plane of the crack.
pub const GIVEN_RELATIVE_ERROR: f64 = 0.02;
/// How far a marked point may be off, in pixels.
const POINT_ERROR_PX: f64 = 1.0;
/// Two marked points must be further apart than their errors are large.
const LEAST_POINT_DISTANCE_PX: f64 = 10.0;
/// Relative error of a stated distance between two points.
const STATED_DISTANCE_ERROR: f64 = 0.005;
/// Relative error of a stated distance between camera and surface.
const CAMERA_DISTANCE_ERROR: f64 = 0.05;
/// Cameras round the focal length to whole millimetres.
const FOCAL_ROUNDING_MM: f64 = 0.5;
/// Makers compare with film by the picture's diagonal or by its long side; on
/// sensors of 4 : 3 the two differ by this share.
const FOCAL_CONVENTION_ERROR: f64 = 0.04;
/// Long side of a frame of 35 mm film.
const FILM_LONG_SIDE_MM: f64 = 36.0;

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

/// Why something is not a scale: a value and the range it must lie in.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} is {value}; {} to {} is allowed", limit.start(), limit.end())]
pub struct ScaleError {
    /// What is wrong, with its unit.
    pub field: &'static str,
    /// What was given, or what followed from it.
    pub value: f64,
    /// What is allowed.
    pub limit: RangeInclusive<f64>,
}

impl Scale {
    /// A scale that somebody states; [`GIVEN_RELATIVE_ERROR`] if its error is not known.
    ///
    /// # Errors
    /// If either value is out of its range.
    pub fn given(mm_per_px: f64, relative_error: f64) -> Result<Self, ScaleError> {
        check("relative_error", relative_error, RELATIVE_ERROR)?;
        Self::new(mm_per_px, relative_error, ScaleSource::Given)
    }

    /// Two points of the photograph, in pixels, that are `distance_mm` apart on the surface.
    ///
    /// # Errors
    /// If the distance or the scale that follows is out of its range, or the points are too close.
    pub fn from_points(a: [f64; 2], b: [f64; 2], distance_mm: f64) -> Result<Self, ScaleError> {
        check("distance_mm", distance_mm, DISTANCE_MM)?;
        let apart_px = (b[0] - a[0]).hypot(b[1] - a[1]);
        check("distance of the two points in pixels", apart_px, LEAST_POINT_DISTANCE_PX..=1e6)?;
        let points = POINT_ERROR_PX * std::f64::consts::SQRT_2 / apart_px;
        Self::new(distance_mm / apart_px, points.hypot(STATED_DISTANCE_ERROR), ScaleSource::TwoPoints)
    }

    /// A lens of `focal_35mm` mm (as on 35 mm film) looking squarely at a surface
    /// `distance_m` away; `long_side_px` is the long side of the photograph.
    ///
    /// # Errors
    /// If a value or the scale that follows is out of its range.
    pub fn from_focal_length(focal_35mm: f64, distance_m: f64, long_side_px: u32) -> Result<Self, ScaleError> {
        check("focal_35mm", focal_35mm, FOCAL_35MM)?;
        check("distance_m", distance_m, DISTANCE_M)?;
        check("long side in pixels", f64::from(long_side_px), 1.0..=f64::from(u32::MAX))?;
        let mm_per_px = FILM_LONG_SIDE_MM * distance_m * 1000.0 / (focal_35mm * f64::from(long_side_px));
        let rounding = FOCAL_ROUNDING_MM / focal_35mm;
        let error = CAMERA_DISTANCE_ERROR.hypot(rounding).hypot(FOCAL_CONVENTION_ERROR);
        Self::new(mm_per_px, error, ScaleSource::FocalLength { focal_35mm, distance_m })
    }

    fn new(mm_per_px: f64, relative_error: f64, source: ScaleSource) -> Result<Self, ScaleError> {
        check("mm_per_px", mm_per_px, MM_PER_PX)?;
        Ok(Self { mm_per_px, relative_error, source })
    }

    /// A length in millimetres; the scale's own error joins the interval in quadrature.
    pub fn to_mm(&self, px: Estimate) -> Estimate {
        let value = px.value * self.mm_per_px;
        let of_scale = value * self.relative_error;
        let low = (px.value - px.low) * self.mm_per_px;
        let high = (px.high - px.value) * self.mm_per_px;
        Estimate { value, low: (value - low.hypot(of_scale)).max(0.0), high: value + high.hypot(of_scale) }
    }
}

/// The longest distance in metres at which a pixel shows `mm_per_px` or less.
pub fn distance_for(mm_per_px: f64, focal_35mm: f64, long_side_px: u32) -> f64 {
    mm_per_px * focal_35mm * f64::from(long_side_px) / FILM_LONG_SIDE_MM / 1000.0
}

/// Whether `value` lies in `limit`.
pub(super) fn check(field: &'static str, value: f64, limit: RangeInclusive<f64>) -> Result<(), ScaleError> {
    if limit.contains(&value) { Ok(()) } else { Err(ScaleError { field, value, limit }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_lens_at_a_known_distance() {
        // 36 mm of film behind a 36 mm lens: the surface is as wide as it is far.
        let scale = Scale::from_focal_length(36.0, 2.0, 4000).unwrap();
        assert!((scale.mm_per_px - 0.5).abs() < 1e-12);
        assert!((distance_for(0.5, 36.0, 4000) - 2.0).abs() < 1e-12);
        let wider = Scale::from_focal_length(13.0, 2.0, 4000).unwrap();
        assert!(wider.relative_error > scale.relative_error && scale.relative_error > 0.05);
    }

    #[test]
    fn two_points_far_apart_are_better_than_two_close_ones() {
        let near = Scale::from_points([0.0, 0.0], [30.0, 40.0], 100.0).unwrap();
        let far = Scale::from_points([0.0, 0.0], [1800.0, 2400.0], 6000.0).unwrap();
        assert!((near.mm_per_px - 2.0).abs() < 1e-12 && (far.mm_per_px - 2.0).abs() < 1e-12);
        assert!(near.relative_error > 0.028 && near.relative_error < 0.03);
        assert!(far.relative_error < 0.0051);
    }

    #[test]
    fn refusals_name_field_and_limit() {
        let refused = [
            (Scale::given(0.0, 0.02), "mm_per_px is 0; 0.001 to 1000 is allowed"),
            (Scale::given(1.0, 0.6), "relative_error is 0.6; 0 to 0.5 is allowed"),
            (Scale::given(f64::NAN, 0.02), "mm_per_px is NaN; 0.001 to 1000 is allowed"),
            (
                Scale::from_points([1.0, 1.0], [1.0, 3.0], 10.0),
                "distance of the two points in pixels is 2; 10 to 1000000 is allowed",
            ),
            (Scale::from_points([0.0, 0.0], [20.0, 0.0], -1.0), "distance_mm is -1; 0.1 to 1000000 is allowed"),
            (Scale::from_focal_length(0.0, 1.0, 4000), "focal_35mm is 0; 1 to 5000 is allowed"),
            (Scale::from_focal_length(28.0, f64::INFINITY, 4000), "distance_m is inf; 0.01 to 1000 is allowed"),
            (Scale::from_focal_length(28.0, 1.0, 0), "long side in pixels is 0; 1 to 4294967295 is allowed"),
        ];
        for (result, text) in refused {
            assert_eq!(result.unwrap_err().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn millimetres_are_never_surer_than_pixels(
            value in 0.0..500.0f64, half in 0.0..50.0f64, mm_per_px in MM_PER_PX, error in RELATIVE_ERROR
        ) {
            let px = Estimate::around(value, half);
            let mm = Scale::given(mm_per_px, error).unwrap().to_mm(px);
            let slack = 1e-9 * (1.0 + mm.value);
            prop_assert!(mm.low <= mm.value && mm.value <= mm.high);
            prop_assert!(mm.low <= px.low * mm_per_px + slack && mm.high >= px.high * mm_per_px - slack);
            let sharper = Scale::given(mm_per_px, error / 2.0).unwrap().to_mm(px);
            prop_assert!(sharper.half_width() <= mm.half_width() + slack);
        }
    }
}
