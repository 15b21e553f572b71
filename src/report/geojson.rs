//! Cracks on a map, or in the photograph's own pixels: GeoJSON (RFC 7946).
//!
//! One feature for each crack; its properties are those of the JSON. Lines
//! follow the centre lines to 0.25 px.

mod place;

use std::io::{self, Write};

use ::geojson::feature::Id;
use ::geojson::{Feature, FeatureCollection, Geometry, GeometryValue, JsonObject};
use serde::Serialize;

pub use place::{CameraPosition, PositionError};

use super::figure::round_px;
use super::{CrackView, Polyline, SurveyView};
use place::Ground;

/// Where the lines of a file lie.
enum Placement {
    /// On the ground, about where the camera was.
    LaidFlat(Ground),
    /// All at where the camera was.
    AtCamera(CameraPosition),
    /// In pixels of the photograph, y up.
    Pixels,
}

/// Writes the cracks of `photo`, which came as `file` and was taken at `camera`.
///
/// With a position and a scale they are laid flat about the position, which
/// stands for the middle of the photograph; without a scale each is a point
/// there; without a position they are lines in pixels.
pub fn write(out: impl Write, file: &str, photo: &SurveyView, camera: Option<CameraPosition>) -> io::Result<()> {
    let placement = Placement::of(photo, camera);
    let mut features = Vec::with_capacity(photo.cracks.len());
    for crack in &photo.cracks {
        features.push(Feature {
            bbox: None,
            geometry: Some(Geometry::new(placement.geometry(photo, crack))),
            id: Some(Id::Number(crack.number.into())),
            properties: Some(properties(file, crack)?),
            foreign_members: None,
        });
    }
    let mut foreign = about(file, photo)?;
    foreign.insert("placement".to_owned(), placement.to_string().into());
    if matches!(placement, Placement::Pixels) {
        foreign.insert("coordinate_unit".to_owned(), "px".into());
    }
    let collection = FeatureCollection { bbox: None, features, foreign_members: Some(foreign) };
    Ok(serde_json::to_writer(out, &collection)?)
}

/// What the JSON says of the crack, without its lines.
fn properties(file: &str, crack: &CrackView) -> io::Result<JsonObject> {
    let mut properties = object(crack)?;
    properties.remove("polylines");
    properties.insert("file".to_owned(), file.into());
    Ok(properties)
}

/// What the JSON says of the photograph, without its cracks.
fn about(file: &str, photo: &SurveyView) -> io::Result<JsonObject> {
    let mut about = object(&SurveyView { cracks: Vec::new(), ..photo.clone() })?;
    about.remove("cracks");
    about.insert("file".to_owned(), file.into());
    Ok(about)
}

fn object(view: &impl Serialize) -> io::Result<JsonObject> {
    Ok(serde_json::from_value(serde_json::to_value(view)?)?)
}

impl Placement {
    fn of(photo: &SurveyView, camera: Option<CameraPosition>) -> Self {
        let Some(camera) = camera else { return Self::Pixels };
        let ground = photo.scale.as_ref().and_then(|scale| {
            Ground::about(camera, [photo.photo_width_px, photo.photo_height_px].map(f64::from), scale.mm_per_px)
        });
        ground.map_or(Self::AtCamera(camera), Self::LaidFlat)
    }

    fn geometry(&self, photo: &SurveyView, crack: &CrackView) -> GeometryValue {
        let height = f64::from(photo.photo_height_px);
        match self {
            Self::LaidFlat(ground) => lines(crack, |x, y| ground.longitude_latitude(x, y)),
            Self::AtCamera(camera) => GeometryValue::new_point(camera.longitude_latitude()),
            Self::Pixels => lines(crack, |x, y| [x, round_px(height - y)]),
        }
    }
}

impl std::fmt::Display for Placement {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::LaidFlat(ground) => match ground.direction_deg() {
                Some(direction) => write!(
                    f,
                    "laid flat about the GPS position, top of the photograph towards its direction of view, \
                     {direction}° clockwise from north"
                ),
                None => write!(f, "laid flat about the GPS position, top of the photograph towards north"),
            },
            Self::AtCamera(_) => write!(f, "each crack at the GPS position"),
            Self::Pixels => write!(f, "pixels of the photograph, from its lower left corner, y up"),
        }
    }
}

fn lines(crack: &CrackView, place: impl Fn(f64, f64) -> [f64; 2]) -> GeometryValue {
    let line = |line: &Polyline| line.points.iter().map(|&[x, y, _]| place(x, y)).collect::<Vec<_>>();
    GeometryValue::new_multi_line_string(crack.polylines.iter().map(line))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{scale, survey, verdict};
    use super::*;
    use crate::measure::Scale;
    use serde_json::{Value as JsonValue, json};

    fn written(scale: Option<&Scale>, camera: Option<CameraPosition>) -> JsonValue {
        let mut out = Vec::new();
        write(&mut out, "a.jpg", &SurveyView::new(&survey(), scale, verdict), camera).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn camera(direction_deg: Option<f64>) -> CameraPosition {
        CameraPosition::new(47.3769, 8.5417, direction_deg).unwrap()
    }

    /// Metres east and north from the camera to the first point of a crack's first line.
    fn offset_m(file: &JsonValue, crack: usize) -> [f64; 2] {
        let at = &file["features"][crack]["geometry"]["coordinates"][0][0];
        let latitude = 47.3769_f64.to_radians();
        // Length of a degree by the usual series, not by the formula under test.
        let north = 111_132.954 - 559.822 * (2.0 * latitude).cos() + 1.175 * (4.0 * latitude).cos();
        let east = 111_412.84 * latitude.cos() - 93.5 * (3.0 * latitude).cos() + 0.118 * (5.0 * latitude).cos();
        [(at[0].as_f64().unwrap() - 8.5417) * east, (at[1].as_f64().unwrap() - 47.3769) * north]
    }

    #[test]
    fn in_pixels_without_a_position() {
        insta::assert_json_snapshot!(written(None, None));
    }

    #[test]
    fn laid_flat_with_a_position_and_a_scale() {
        insta::assert_json_snapshot!(written(Some(&scale()), Some(camera(Some(90.0)))), {
            ".features[].properties" => "[as in the JSON]",
        });
        // (350.5, 20.5) on 400 × 300 px of 0.25 mm: 37.625 mm to the right of the middle, 32.375 mm up.
        for (direction, expected) in [
            (None, [0.037_625, 0.032_375]),
            (Some(0.0), [0.037_625, 0.032_375]),
            (Some(90.0), [0.032_375, -0.037_625]),
            (Some(180.0), [-0.037_625, -0.032_375]),
        ] {
            let offset = offset_m(&written(Some(&scale()), Some(camera(direction))), 1);
            let error = (offset[0] - expected[0]).hypot(offset[1] - expected[1]);
            assert!(error < 0.000_05, "{direction:?}: {offset:?}");
        }
    }

    #[test]
    fn points_with_a_position_but_no_scale() {
        let file = written(None, Some(camera(None)));
        for feature in file["features"].as_array().unwrap() {
            assert_eq!(feature["geometry"], json!({ "type": "Point", "coordinates": [8.5417, 47.3769] }));
        }
        assert_eq!(file["placement"], "each crack at the GPS position");
        assert_eq!(file.get("coordinate_unit"), None);
    }

    #[test]
    fn where_a_map_ends_cracks_are_points() {
        for [latitude, longitude] in [[90.0, 0.0], [-89.999_999_99, 0.0], [10.0, 180.0], [10.0, -179.999_999_9]] {
            let camera = CameraPosition::new(latitude, longitude, None).unwrap();
            let file = written(Some(&scale()), Some(camera));
            assert_eq!(file["features"][0]["geometry"]["type"], "Point", "{latitude} {longitude}");
        }
    }

    #[test]
    fn properties_are_those_of_the_json_without_the_lines() {
        let file = written(Some(&scale()), None);
        let photo = SurveyView::new(&survey(), Some(&scale()), verdict);
        for (feature, crack) in file["features"].as_array().unwrap().iter().zip(&photo.cracks) {
            let mut expected = object(crack).unwrap();
            expected.remove("polylines");
            expected.insert("file".to_owned(), "a.jpg".into());
            assert_eq!(feature["properties"], JsonValue::Object(expected));
        }
    }
}
