//! The ways in which a scale can be asked for.

use super::GIVEN_RELATIVE_ERROR;
use super::scale::{DISTANCE_M, Scale, ScaleError, check};

/// How the scale of a photograph is to be found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScaleRequest {
    /// Millimetres on the surface for one pixel.
    MmPerPx(f64),
    /// Distance from the camera to the surface in metres; the lens is the photograph's own.
    DistanceM(f64),
    /// Two points in pixels and their distance on the surface in millimetres.
    Points {
        /// Column and row of the first.
        a: [f64; 2],
        /// Column and row of the second.
        b: [f64; 2],
        /// How far apart they are in millimetres.
        distance_mm: f64,
    },
}

/// Why there is no scale for a photograph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoScale {
    /// A value is out of its range.
    #[error(transparent)]
    Value(#[from] ScaleError),
    /// The distance alone says nothing.
    #[error(
        "the photograph does not tell its lens's focal length (Exif FocalLengthIn35mmFilm), \
         so distance_m gives no scale; give mm_per_px, or two points a known distance apart"
    )]
    NoFocalLength,
}

impl ScaleRequest {
    /// Checks what can be checked without the photograph.
    ///
    /// # Errors
    /// If a value is out of its range.
    pub fn check(&self) -> Result<(), ScaleError> {
        match *self {
            Self::MmPerPx(mm_per_px) => Scale::given(mm_per_px, GIVEN_RELATIVE_ERROR).map(drop),
            Self::DistanceM(distance_m) => check("distance_m", distance_m, DISTANCE_M),
            Self::Points { a, b, distance_mm } => Scale::from_points(a, b, distance_mm).map(drop),
        }
    }

    /// The scale of a photograph of `size` pixels, taken with a lens of `focal_35mm` mm if that is known.
    ///
    /// # Errors
    /// If a value is out of its range, a point outside the photograph, or the lens needed and not known.
    pub fn resolve(&self, focal_35mm: Option<f64>, size: (u32, u32)) -> Result<Scale, NoScale> {
        match *self {
            Self::MmPerPx(mm_per_px) => Ok(Scale::given(mm_per_px, GIVEN_RELATIVE_ERROR)?),
            Self::DistanceM(distance_m) => {
                let focal = focal_35mm.ok_or(NoScale::NoFocalLength)?;
                Ok(Scale::from_focal_length(focal, distance_m, size.0.max(size.1))?)
            }
            Self::Points { a, b, distance_mm } => {
                let (width, height) = (f64::from(size.0), f64::from(size.1));
                for (field, value, side) in
                    [("x1", a[0], width), ("y1", a[1], height), ("x2", b[0], width), ("y2", b[1], height)]
                {
                    check(field, value, 0.0..=side)?;
                }
                Ok(Scale::from_points(a, b, distance_mm)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_needs_a_lens() {
        let request = ScaleRequest::DistanceM(2.0);
        assert_eq!(request.resolve(None, (4000, 3000)), Err(NoScale::NoFocalLength));
        // The long side counts, whichever way the photograph is held.
        let upright = request.resolve(Some(36.0), (3000, 4000)).unwrap();
        assert!((upright.mm_per_px - 0.5).abs() < 1e-12);
    }

    #[test]
    fn points_lie_in_the_photograph() {
        let request = |x2: f64| ScaleRequest::Points { a: [0.0, 5.0], b: [x2, 5.0], distance_mm: 50.0 };
        assert!((request(100.0).resolve(None, (100, 10)).unwrap().mm_per_px - 0.5).abs() < 1e-12);
        let error = request(100.5).resolve(None, (100, 10)).unwrap_err();
        assert_eq!(error.to_string(), "x2 is 100.5; 0 to 100 is allowed");
        assert!(request(f64::NAN).check().is_err());
    }

    #[test]
    fn wrong_values_are_found_without_the_photograph() {
        assert_eq!(ScaleRequest::MmPerPx(0.0).check().unwrap_err().field, "mm_per_px");
        assert_eq!(ScaleRequest::DistanceM(-1.0).check().unwrap_err().field, "distance_m");
        assert_eq!(ScaleRequest::DistanceM(1.0).check(), Ok(()));
    }
}
