use image::codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder};
use proptest::prelude::*;

use super::*;

const LIMITS: DecodeLimits = DecodeLimits { max_pixels: 1_000_000 };

/// The picture that every fixture holds; see tests/data/README.md.
fn picture() -> RgbImage {
    image::load_from_memory(include_bytes!("../../../tests/data/picture.png")).unwrap().into_rgb8()
}

/// Mean absolute difference of all channels.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(x, y)| u64::from(x.abs_diff(*y))).sum();
    sum as f64 / a.as_raw().len() as f64
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

#[test]
fn every_format_decodes_to_the_same_picture() {
    let rgb = picture();
    let dynamic = || DynamicImage::ImageRgb8(rgb.clone());
    let sixteen = DynamicImage::ImageRgb16(dynamic().into_rgb16());
    let opaque = DynamicImage::ImageRgba8(dynamic().into_rgba8());
    let opaque16 = DynamicImage::ImageRgba16(dynamic().into_rgba16());
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95).encode_image(&rgb).unwrap();
    let fixture = |name: &str| fs_err::read(format!("tests/data/{name}")).unwrap();
    let cases: Vec<(&str, Vec<u8>, f64)> = vec![
        ("png", written(&dynamic(), ImageFormat::Png), 0.0),
        ("png 16 bit", written(&sixteen, ImageFormat::Png), 0.0),
        ("png alpha", written(&opaque, ImageFormat::Png), 0.0),
        ("png 16 bit alpha", written(&opaque16, ImageFormat::Png), 0.0),
        ("bmp", written(&dynamic(), ImageFormat::Bmp), 0.0),
        ("tiff", written(&dynamic(), ImageFormat::Tiff), 0.0),
        ("tiff 16 bit", written(&sixteen, ImageFormat::Tiff), 0.0),
        ("tiff lzw", fixture("lzw.tif"), 0.0),
        ("tiff cmyk", fixture("cmyk.tif"), 1.0),
        ("webp lossless", written(&dynamic(), ImageFormat::WebP), 0.0),
        ("webp lossy", fixture("lossy.webp"), 4.0),
        ("webp animated", fixture("animated.webp"), 0.0),
        ("png animated", fixture("animated.png"), 0.0),
        ("gif animated", fixture("animated.gif"), 4.0),
        ("jpeg", jpeg, 3.0),
        ("jpeg progressive", fixture("progressive.jpg"), 4.0),
        ("jpeg cmyk", fixture("cmyk.jpg"), 3.0),
    ];
    for (name, bytes, loss) in cases {
        let photo = decode(&bytes, LIMITS).unwrap_or_else(|e| panic!("{name}: {e}"));
        let difference = difference(&photo.pixels, &rgb);
        assert!(difference <= loss, "{name}: differs by {difference:.2}, at most {loss} is its loss");
    }
}

#[test]
fn grey_of_8_and_16_bit_is_the_grey_picture() {
    let grey = DynamicImage::ImageRgb8(picture()).into_luma8();
    let expected = DynamicImage::ImageLuma8(grey.clone()).into_rgb8();
    let sixteen = DynamicImage::ImageLuma16(DynamicImage::ImageLuma8(grey.clone()).into_luma16());
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95).encode_image(&grey).unwrap();
    let eight = DynamicImage::ImageLuma8(grey);
    for (name, bytes, loss) in [
        ("png", written(&eight, ImageFormat::Png), 0.0),
        ("png 16", written(&sixteen, ImageFormat::Png), 0.0),
        ("tiff 16", written(&sixteen, ImageFormat::Tiff), 0.0),
        ("jpeg", jpeg, 3.0),
    ] {
        let difference = difference(&decode(&bytes, LIMITS).unwrap().pixels, &expected);
        assert!(difference <= loss, "{name}: {difference}");
    }
}

#[test]
fn transparency_is_laid_over_white() {
    let pixel = |p: [u8; 4]| {
        let picture = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(2, 2, image::Rgba(p)));
        decode(&written(&picture, ImageFormat::Png), LIMITS).unwrap().pixels.get_pixel(0, 0).0
    };
    assert_eq!(pixel([10, 20, 30, 0]), [255, 255, 255]);
    assert_eq!(pixel([10, 20, 30, 255]), [10, 20, 30]);
    assert_eq!(pixel([0, 0, 0, 128]), [127, 127, 127]);
}

/// An EXIF block (TIFF, little-endian) whose only entry is the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// What a camera stores so that a viewer which obeys `orientation` shows `upright`.
fn stored(upright: &RgbImage, orientation: u8) -> RgbImage {
    use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
    match orientation {
        1 => upright.clone(),
        2 => flip_horizontal(upright),
        3 => rotate180(upright),
        4 => flip_vertical(upright),
        5 => rotate90(&flip_vertical(upright)),
        6 => rotate270(upright),
        7 => rotate90(&flip_horizontal(upright)),
        8 => rotate90(upright),
        _ => unreachable!(),
    }
}

fn encode(mut encoder: impl ImageEncoder, picture: &RgbImage, orientation: u8) {
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
}

#[test]
fn all_eight_orientations_come_out_upright() {
    let upright = picture();
    for orientation in 1..=8 {
        let stored = stored(&upright, orientation);
        let (mut jpeg, mut png, mut webp) = (Vec::new(), Vec::new(), Vec::new());
        encode(JpegEncoder::new_with_quality(&mut jpeg, 95), &stored, orientation);
        encode(PngEncoder::new(&mut png), &stored, orientation);
        encode(WebPEncoder::new_lossless(&mut webp), &stored, orientation);
        for (name, bytes, loss) in [("jpeg", jpeg, 3.0), ("png", png, 0.0), ("webp", webp, 0.0)] {
            let header = probe(&bytes, LIMITS).unwrap();
            assert_eq!((header.width, header.height), upright.dimensions(), "{name} {orientation}");
            let difference = difference(&decode(&bytes, LIMITS).unwrap().pixels, &upright);
            assert!(difference <= loss, "{name} with orientation {orientation}: {difference:.2}");
        }
    }
}

#[test]
fn a_huge_header_is_refused_before_decoding() {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 60_000, 60_000);
    encoder.set_color(png::ColorType::Rgb);
    drop(encoder.write_header().unwrap());
    let error = DecodeError::TooManyPixels { width: 60_000, height: 60_000, max_pixels: 1_000_000 };
    assert_eq!(probe(&png, LIMITS), Err(error.clone()));
    assert_eq!(decode(&png, LIMITS).unwrap_err(), error);
}

#[test]
fn what_is_no_photograph_is_told_apart() {
    assert_eq!(decode(b"", LIMITS).unwrap_err(), DecodeError::Empty);
    assert_eq!(decode(b"just some text, named .jpg", LIMITS).unwrap_err(), DecodeError::Unsupported);
    assert_eq!(decode(b"\0\0\0\x18ftypheic\0\0\0\0", LIMITS).unwrap_err(), DecodeError::Heif("HEIC"));
    assert!(DecodeError::Heif("HEIC").to_string().contains("JPEG"));
    assert!(matches!(decode(b"\xFF\xD8\xFFgarbage", LIMITS), Err(DecodeError::Corrupt(_) | DecodeError::Truncated(_))));
}

#[test]
fn cut_off_files_are_refused_in_every_format() {
    let picture = DynamicImage::ImageRgb8(picture());
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
        let bytes = written(&picture, format);
        let half = decode(&bytes[..bytes.len() / 2], LIMITS);
        assert!(matches!(half, Err(DecodeError::Truncated(_) | DecodeError::Corrupt(_))), "{format:?}: {half:?}");
    }
}

#[test]
fn labels_count_every_value_above_zero_and_must_be_lossless() {
    let values = image::GrayImage::from_raw(4, 1, vec![0, 1, 128, 255]).unwrap();
    let label = decode_label(&written(&DynamicImage::ImageLuma8(values.clone()), ImageFormat::Png), LIMITS).unwrap();
    assert_eq!(label.as_raw(), &[0, 255, 255, 255]);
    let deep = image::ImageBuffer::from_raw(2, 1, vec![0u16, 1]).unwrap();
    let label = decode_label(&written(&DynamicImage::ImageLuma16(deep), ImageFormat::Png), LIMITS).unwrap();
    assert_eq!(label.as_raw(), &[0, 255]);
    let jpeg = written(&DynamicImage::ImageLuma8(values), ImageFormat::Jpeg);
    assert_eq!(decode_label(&jpeg, LIMITS).unwrap_err(), DecodeError::Unsupported);
    let lossy = include_bytes!("../../../tests/data/lossy.webp");
    assert_eq!(decode_label(lossy, LIMITS).unwrap_err(), DecodeError::Unsupported);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in 0usize..8) {
        let magics: [&[u8]; 8] = [b"", b"\xFF\xD8\xFF\xE0", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 ", b"II*\0", b"BM", b"GIF89a", b"\0\0\0\x18ftyp"];
        let mut file = magics[magic].to_vec();
        file.extend(bytes);
        let _ = decode(&file, LIMITS);
        let _ = decode_label(&file, LIMITS);
    }

    #[test]
    fn damaged_files_never_panic(at in 0usize..10_000, value in any::<u8>(), which in 0usize..9) {
        let names = ["picture.png", "cmyk.jpg", "lossy.webp", "animated.webp", "animated.png", "animated.gif", "progressive.jpg", "lzw.tif", "cmyk.tif"];
        let mut bytes = fs_err::read(format!("tests/data/{}", names[which])).unwrap();
        let length = bytes.len();
        bytes[at % length] = value;
        let _ = decode(&bytes, LIMITS);
    }
}
