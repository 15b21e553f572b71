//! From pixels of a photograph to longitude and latitude.

use thiserror::Error;

use super::super::figure::round;

/// Half the larger axis of the WGS 84 ellipsoid in metres.
const SEMI_MAJOR_M: f64 = 6_378_137.0;
/// Its first eccentricity, squared.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_14;
/// Ten places are a hundredth of a millimetre.
const DEGREE_PLACES: i32 = 10;
/// Nearer to a pole, east and north are no directions to lay a photograph by.
const MAX_LATITUDE_DEG: f64 = 89.9;

/// Where the camera was, as its GPS wrote it into the photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraPosition {
    latitude_deg: f64,
    longitude_deg: f64,
    direction_deg: Option<f64>,
}

/// What is wrong with a camera's position.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PositionError {
    /// Latitude out of range.
    #[error("GPS latitude is {0}°; it must be between -90° and 90°")]
    Latitude(f64),
    /// Longitude out of range.
    #[error("GPS longitude is {0}°; it must be between -180° and 180°")]
    Longitude(f64),
    /// Direction of view out of range.
    #[error("GPS direction of view is {0}°; it must be between 0° and 360°")]
    Direction(f64),
}

impl CameraPosition {
    /// A position in degrees on WGS 84; the direction of view in degrees clockwise from true north.
    pub fn new(latitude_deg: f64, longitude_deg: f64, direction_deg: Option<f64>) -> Result<Self, PositionError> {
        if !(-90.0..=90.0).contains(&latitude_deg) {
            return Err(PositionError::Latitude(latitude_deg));
        }
        if !(-180.0..=180.0).contains(&longitude_deg) {
            return Err(PositionError::Longitude(longitude_deg));
        }
        match direction_deg {
            Some(direction) if !(0.0..=360.0).contains(&direction) => Err(PositionError::Direction(direction)),
            _ => Ok(Self { latitude_deg, longitude_deg, direction_deg }),
        }
    }

    /// As GeoJSON has it.
    pub(super) fn longitude_latitude(&self) -> [f64; 2] {
        [self.longitude_deg, self.latitude_deg].map(|deg| round(deg, DEGREE_PLACES))
    }
}

/// A photograph laid flat on the ground, its middle where the camera was.
pub struct Ground {
    camera: CameraPosition,
    middle_px: [f64; 2],
    m_per_px: f64,
    /// Degrees of longitude and latitude for one metre.
    deg_per_m: [f64; 2],
}

impl Ground {
    /// A photograph of so many pixels; none where it would lie across the date line or a pole.
    pub fn about(camera: CameraPosition, size_px: [f64; 2], mm_per_px: f64) -> Option<Self> {
        if camera.latitude_deg.abs() > MAX_LATITUDE_DEG {
            return None;
        }
        let (sin, cos) = camera.latitude_deg.to_radians().sin_cos();
        let squeeze = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
        let across_m = SEMI_MAJOR_M / squeeze.sqrt();
        let along_m = across_m * (1.0 - ECCENTRICITY_SQUARED) / squeeze;
        let deg_per_m = [(across_m * cos).recip(), along_m.recip()].map(f64::to_degrees);
        let ground =
            Self { camera, middle_px: size_px.map(|side| side / 2.0), m_per_px: mm_per_px / 1000.0, deg_per_m };
        let [width, height] = size_px;
        let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]];
        let on_map = corners.iter().all(|&[x, y]| {
            let [longitude, latitude] = ground.longitude_latitude(x, y);
            longitude.abs() <= 180.0 && latitude.abs() <= MAX_LATITUDE_DEG
        });
        on_map.then_some(ground)
    }

    /// Direction of view in degrees clockwise from north, where it is known.
    pub fn direction_deg(&self) -> Option<f64> {
        self.camera.direction_deg.map(|direction| round(direction, 1))
    }

    /// Degrees of what is seen at column `x` and row `y`.
    pub fn longitude_latitude(&self, x: f64, y: f64) -> [f64; 2] {
        let right_m = (x - self.middle_px[0]) * self.m_per_px;
        let up_m = (self.middle_px[1] - y) * self.m_per_px;
        let (sin, cos) = self.camera.direction_deg.unwrap_or(0.0).to_radians().sin_cos();
        let (east_m, north_m) = (right_m * cos + up_m * sin, up_m * cos - right_m * sin);
        let longitude = self.camera.longitude_deg + east_m * self.deg_per_m[0];
        let latitude = self.camera.latitude_deg + north_m * self.deg_per_m[1];
        [longitude, latitude].map(|deg| round(deg, DEGREE_PLACES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_off_the_globe_are_refused_by_name() {
        assert_eq!(CameraPosition::new(90.1, 0.0, None), Err(PositionError::Latitude(90.1)));
        assert_eq!(CameraPosition::new(0.0, -180.5, None), Err(PositionError::Longitude(-180.5)));
        assert_eq!(CameraPosition::new(0.0, 0.0, Some(361.0)), Err(PositionError::Direction(361.0)));
        assert!(CameraPosition::new(f64::NAN, 0.0, None).is_err());
        assert!(CameraPosition::new(-90.0, 180.0, Some(360.0)).is_ok());
    }
}
