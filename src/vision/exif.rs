//! What the camera wrote into the file: lens, place, time, model.
//!
//! Orientation is not read here: decoding turns the photograph upright by itself.

use std::io::Cursor;

use exif::{Exif, In, Rational, Reader, Tag, Value};
use jiff::civil;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Long side of a frame of 35 mm film.
const FILM_LONG_SIDE_MM: f64 = 36.0;
/// Focal lengths, as on 35 mm film, that lenses have.
const FOCAL_35MM: std::ops::RangeInclusive<f64> = 1.0..=5_000.0;
/// Characters of a camera's name that are kept.
const CAMERA_LENGTH: usize = 80;

/// How a photograph was taken, as far as its file says so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Capture {
    /// Maker and model of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// When, as ISO 8601 in the camera's local time; with offset from UTC if the camera knew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Focal length in mm, as on 35 mm film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_35mm: Option<f64>,
    /// Where the camera was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place on the earth, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Degrees north, -90 to 90.
    pub latitude_deg: f64,
    /// Degrees east, -180 to 180.
    pub longitude_deg: f64,
    /// Where the camera looked: degrees clockwise from north, 0 to 360.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction_deg: Option<f64>,
}

/// Reads the Exif data of a JPEG, PNG, WebP or TIFF file; what is damaged or not there is absent.
///
/// Of a TIFF file a copy is made for the time of reading.
pub fn read(file: &[u8]) -> Capture {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let found = reader.read_from_container(&mut Cursor::new(file)).or_else(|e| e.distill_partial_result(|_| {}));
    found.map(|exif| capture(&exif)).unwrap_or_default()
}

fn capture(exif: &Exif) -> Capture {
    Capture { camera: camera(exif), taken_at: taken_at(exif), focal_35mm: focal_35mm(exif), place: place(exif) }
}

/// The model, with its maker in front unless the model begins with it.
fn camera(exif: &Exif) -> Option<String> {
    let model = text(exif, Tag::Model)?;
    let maker = text(exif, Tag::Make).filter(|maker| {
        let first = maker.split_whitespace().next().unwrap_or_default().to_lowercase();
        !model.to_lowercase().starts_with(&first)
    });
    let name = maker.map_or(model.clone(), |maker| format!("{maker} {model}"));
    Some(name.chars().take(CAMERA_LENGTH).collect())
}

fn taken_at(exif: &Exif) -> Option<String> {
    let original = (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal);
    let digitised = (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized);
    [original, digitised].into_iter().find_map(|(time, offset)| {
        let mut read = exif::DateTime::from_ascii(ascii(exif, time)?).ok()?;
        if let Some(offset) = ascii(exif, offset) {
            let _ = read.parse_offset(offset);
        }
        let field = |value: u8| i8::try_from(value).ok();
        let date = civil::Date::new(i16::try_from(read.year).ok()?, field(read.month)?, field(read.day)?).ok()?;
        let time = civil::Time::new(field(read.hour)?, field(read.minute)?, field(read.second)?, 0).ok()?;
        let offset = read.offset.map_or_else(String::new, |minutes| {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
        });
        Some(format!("{date}T{time}{offset}"))
    })
}

/// As the camera says, or from the lens's own focal length and the sensor's size.
fn focal_35mm(exif: &Exif) -> Option<f64> {
    let said = exif.get_field(Tag::FocalLengthIn35mmFilm, In::PRIMARY).and_then(|f| f.value.get_uint(0)).map(f64::from);
    let focal = said.filter(|f| *f > 0.0).or_else(|| {
        let focal_mm = number(exif, Tag::FocalLength)?;
        Some(focal_mm * FILM_LONG_SIDE_MM / sensor_long_side_mm(exif)?)
    });
    focal.filter(|f| FOCAL_35MM.contains(f))
}

/// Long side of the sensor, from its pixels and how close they stand.
fn sensor_long_side_mm(exif: &Exif) -> Option<f64> {
    let unit = exif.get_field(Tag::FocalPlaneResolutionUnit, In::PRIMARY).and_then(|f| f.value.get_uint(0));
    let unit_mm = match unit.unwrap_or(2) {
        2 => 25.4,
        3 => 10.0,
        4 => 1.0,
        5 => 0.001,
        _ => return None,
    };
    let side = |pixels: Tag, resolution: Tag| {
        let pixels = exif.get_field(pixels, In::PRIMARY)?.value.get_uint(0)?;
        let side = f64::from(pixels) / number(exif, resolution)? * unit_mm;
        (side.is_finite() && side > 0.0).then_some(side)
    };
    let width = side(Tag::PixelXDimension, Tag::FocalPlaneXResolution)?;
    let height = side(Tag::PixelYDimension, Tag::FocalPlaneYResolution);
    Some(height.map_or(width, |height| height.max(width)))
}

fn place(exif: &Exif) -> Option<Place> {
    let latitude_deg = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, [b"N", b"S"])?;
    let longitude_deg = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, [b"E", b"W"])?;
    let direction_deg = number(exif, Tag::GPSImgDirection).filter(|d| (0.0..=360.0).contains(d));
    let on_earth = latitude_deg.abs() <= 90.0 && longitude_deg.abs() <= 180.0;
    on_earth.then_some(Place { latitude_deg, longitude_deg, direction_deg })
}

/// Degrees, minutes and seconds, positive in the direction of the first letter.
fn degrees(exif: &Exif, tag: Tag, reference: Tag, [positive, negative]: [&[u8]; 2]) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = parts.as_slice() else { return None };
    let degrees = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    let sign = match ascii(exif, reference)? {
        letter if letter == positive => 1.0,
        letter if letter == negative => -1.0,
        _ => return None,
    };
    degrees.is_finite().then_some(sign * degrees)
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    let Value::Rational(values) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    values.first().map(Rational::to_f64).filter(|v| v.is_finite() && *v >= 0.0)
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    parts.first().map(Vec::as_slice)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let text = String::from_utf8_lossy(ascii(exif, tag)?);
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    Some(printable.trim().to_owned()).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests;
