use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;

use super::*;

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn ascii(tag: Tag, text: &str) -> Field {
    field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]))
}

fn rationals(tag: Tag, values: &[(u32, u32)]) -> Field {
    field(tag, Value::Rational(values.iter().map(|&(num, denom)| Rational { num, denom }).collect()))
}

fn write(fields: &[Field]) -> Vec<u8> {
    let mut writer = Writer::new();
    fields.iter().for_each(|f| writer.push_field(f));
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, false).unwrap();
    out.into_inner()
}

fn phone() -> Vec<Field> {
    vec![
        ascii(Tag::Make, "Acme"),
        ascii(Tag::Model, "Phone 7"),
        ascii(Tag::DateTimeOriginal, "2026:05:03 10:20:30"),
        ascii(Tag::OffsetTimeOriginal, "-03:30"),
        field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![26])),
        ascii(Tag::GPSLatitudeRef, "N"),
        rationals(Tag::GPSLatitude, &[(50, 1), (58, 1), (4512, 100)]),
        ascii(Tag::GPSLongitudeRef, "W"),
        rationals(Tag::GPSLongitude, &[(11, 1), (19, 1), (48, 1)]),
        rationals(Tag::GPSImgDirection, &[(27_050, 100)]),
    ]
}

/// A picture of eight by eight pixels in each format that carries Exif data.
fn files(exif: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let pixels = [128u8; 8 * 8 * 3];
    let (mut jpeg, mut png, mut webp) = (Vec::new(), Vec::new(), Vec::new());
    let mut encoder = JpegEncoder::new(&mut jpeg);
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    let mut encoder = WebPEncoder::new_lossless(&mut webp);
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.write_image(&pixels, 8, 8, ExtendedColorType::Rgb8).unwrap();
    // A TIFF file is its own Exif container.
    vec![("JPEG", jpeg), ("PNG", png), ("WebP", webp), ("TIFF", exif.to_vec())]
}

#[test]
fn every_container_tells_the_same() {
    for (format, file) in files(&write(&phone())) {
        let capture = read(&file);
        assert_eq!(capture.camera.as_deref(), Some("Acme Phone 7"), "{format}");
        assert_eq!(capture.taken_at.as_deref(), Some("2026-05-03T10:20:30-03:30"), "{format}");
        assert_eq!(capture.focal_35mm, Some(26.0), "{format}");
        let place = capture.place.unwrap();
        assert!((place.latitude_deg - 50.979_2).abs() < 1e-9, "{format}: {place:?}");
        assert!((place.longitude_deg + 11.33).abs() < 1e-9, "{format}: {place:?}");
        assert_eq!(place.direction_deg, Some(270.5), "{format}");
    }
}

#[test]
fn the_focal_length_follows_from_the_sensor() {
    // 6000 pixels at 2500 a centimetre are 24 mm: a 50 mm lens shows what 75 mm show on film.
    let mut fields = vec![
        rationals(Tag::FocalLength, &[(50, 1)]),
        rationals(Tag::FocalPlaneXResolution, &[(2500, 1)]),
        field(Tag::FocalPlaneResolutionUnit, Value::Short(vec![3])),
        field(Tag::PixelXDimension, Value::Long(vec![6000])),
        field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![0])),
    ];
    assert_eq!(read(&write(&fields)).focal_35mm, Some(75.0));
    fields[1] = rationals(Tag::FocalPlaneXResolution, &[(0, 1)]);
    assert_eq!(read(&write(&fields)).focal_35mm, None);
    fields[1] = rationals(Tag::FocalPlaneXResolution, &[(1, 0)]);
    assert_eq!(read(&write(&fields)).focal_35mm, None);
}

#[test]
fn nonsense_is_absent() {
    let fields = [
        ascii(Tag::Model, " \u{1} "),
        ascii(Tag::DateTimeOriginal, "2026:02:30 10:20:30"),
        ascii(Tag::GPSLatitudeRef, "N"),
        rationals(Tag::GPSLatitude, &[(91, 1), (0, 1), (0, 1)]),
        ascii(Tag::GPSLongitudeRef, "E"),
        rationals(Tag::GPSLongitude, &[(0, 0), (0, 0), (0, 0)]),
    ];
    assert_eq!(read(&write(&fields)), Capture::default());
    assert_eq!(read(b""), Capture::default());
    assert_eq!(read(b"not a picture"), Capture::default());
}

#[test]
fn a_model_that_names_its_maker_is_not_told_twice() {
    let fields = [ascii(Tag::Make, "Canon Inc."), ascii(Tag::Model, "Canon EOS 5D")];
    assert_eq!(read(&write(&fields)).camera.as_deref(), Some("Canon EOS 5D"));
}

proptest! {
    #[test]
    fn damage_never_panics(at in 0usize..4096, value: u8, cut in 0usize..4096) {
        for (_, mut file) in files(&write(&phone())) {
            let (at, cut) = (at % file.len(), cut % file.len());
            file[at] = value;
            read(&file);
            read(&file[..cut]);
        }
    }
}
