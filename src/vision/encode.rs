//! Writes masks, overlays and probabilities as PNG, row by row.
//!
//! No second picture is built in memory: a row is made, compressed, forgotten.

use std::io::Write;

use image::RgbImage;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

use super::{BinaryMask, Colour, ProbabilityMap};

/// Writes the mask at `threshold` as 8-bit grey, 0 or 255.
///
/// # Errors
/// If `out` cannot be written.
pub fn mask_png(map: &ProbabilityMap, threshold: f32, out: impl Write) -> Result<(), EncodingError> {
    let level = ProbabilityMap::level(threshold);
    let format = (ColorType::Grayscale, BitDepth::Eight);
    write_rows(out, (map.width(), map.height()), format, map.rows(), |row, bytes| {
        bytes.extend(row.iter().map(|&v| if v >= level { 255 } else { 0 }));
    })
}

/// Writes a label as 1-bit grey, white for crack.
///
/// # Errors
/// If `out` cannot be written.
pub fn label_png(mask: &BinaryMask, out: impl Write) -> Result<(), EncodingError> {
    let format = (ColorType::Grayscale, BitDepth::One);
    let rows = mask.pixels.chunks_exact(mask.width.max(1) as usize);
    write_rows(out, (mask.width, mask.height), format, rows, |row, bytes| bytes.extend(packed(row)))
}

/// Writes a mask as colour where it is crack and transparent elsewhere, to be laid over the photograph.
///
/// # Errors
/// If `out` cannot be written.
pub fn marks_png(mask: &BinaryMask, colour: Colour, out: impl Write) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(out, mask.width, mask.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::One);
    encoder.set_palette([[0; 3], colour.0].concat());
    encoder.set_trns(vec![0, 255]);
    let mut writer = encoder.write_header()?;
    let rows = mask.pixels.chunks_exact(mask.width.max(1) as usize);
    writer.write_image_data(&rows.flat_map(packed).collect::<Vec<u8>>())?;
    writer.finish()
}

/// One bit a pixel, the first highest.
fn packed(row: &[bool]) -> impl Iterator<Item = u8> {
    row.chunks(8).map(|eight| eight.iter().enumerate().fold(0, |byte, (i, &on)| byte | (u8::from(on) << (7 - i))))
}

/// Writes `probability × 65535` as 16-bit grey.
///
/// # Errors
/// If `out` cannot be written.
pub fn probability_png(map: &ProbabilityMap, out: impl Write) -> Result<(), EncodingError> {
    let format = (ColorType::Grayscale, BitDepth::Sixteen);
    write_rows(out, (map.width(), map.height()), format, map.rows(), |row, bytes| {
        bytes.extend(row.iter().flat_map(|v| v.to_be_bytes()));
    })
}

/// Opacity of the mask unless another is asked for.
pub const OVERLAY_OPACITY: f32 = 0.75;

/// How the mask is laid over the photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlayStyle {
    /// Probability from which on a pixel is crack.
    pub threshold: f32,
    /// 0 (photograph only) to 1 (plain colour).
    pub opacity: f32,
    /// Colour of crack pixels.
    pub colour: Colour,
}

/// Writes the photograph under the coloured mask.
///
/// # Errors
/// If `out` cannot be written.
///
/// # Panics
/// If photograph and map differ in size.
pub fn overlay_png(
    photo: &RgbImage,
    map: &ProbabilityMap,
    style: OverlayStyle,
    out: impl Write,
) -> Result<(), EncodingError> {
    assert_eq!(photo.dimensions(), (map.width(), map.height()));
    let level = ProbabilityMap::level(style.threshold);
    let opacity = (style.opacity.clamp(0.0, 1.0) * 256.0).round() as u32;
    let mix = |under: u8, over: u8| ((u32::from(under) * (256 - opacity) + u32::from(over) * opacity) >> 8) as u8;
    let stride = photo.width().max(1) as usize * 3;
    let rows = photo.as_raw().chunks_exact(stride).zip(map.rows());
    let format = (ColorType::Rgb, BitDepth::Eight);
    write_rows(out, photo.dimensions(), format, rows, |(pixels, values), bytes| {
        for (pixel, &value) in pixels.chunks_exact(3).zip(values) {
            if value >= level {
                bytes.extend(pixel.iter().zip(style.colour.0).map(|(&under, over)| mix(under, over)));
            } else {
                bytes.extend_from_slice(pixel);
            }
        }
    })
}

fn write_rows<R>(
    out: impl Write,
    (width, height): (u32, u32),
    (colour, depth): (ColorType, BitDepth),
    rows: impl Iterator<Item = R>,
    mut fill: impl FnMut(R, &mut Vec<u8>),
) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(out, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer()?;
    let mut bytes = Vec::new();
    for row in rows {
        bytes.clear();
        fill(row, &mut bytes);
        stream.write_all(&bytes)?;
    }
    stream.finish()?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ProbabilityMap {
        ProbabilityMap::new(11, 3, (0..33).map(|i| (i * 1985) as u16).collect())
    }

    #[test]
    fn probabilities_survive_the_png_exactly() {
        let mut png = Vec::new();
        probability_png(&map(), &mut png).unwrap();
        let back = image::load_from_memory(&png).unwrap().into_luma16();
        assert_eq!(back.as_raw(), map().values());
    }

    #[test]
    fn mask_is_black_and_white_and_agrees_with_the_count() {
        let mut png = Vec::new();
        mask_png(&map(), 0.5, &mut png).unwrap();
        let back = image::load_from_memory(&png).unwrap().into_luma8();
        let white = back.as_raw().iter().filter(|&&v| v == 255).count() as u64;
        assert_eq!(white, map().crack_pixels(0.5));
        assert!(back.as_raw().iter().all(|&v| v == 0 || v == 255));
    }

    #[test]
    fn label_round_trips() {
        let mask = BinaryMask::from_probabilities(&map(), 0.3);
        let mut png = Vec::new();
        label_png(&mask, &mut png).unwrap();
        let back = image::load_from_memory(&png).unwrap().into_luma8();
        assert_eq!(BinaryMask::from_label(&back), mask);
    }

    #[test]
    fn marks_are_transparent_where_there_is_no_crack() {
        let mask = BinaryMask::from_probabilities(&map(), 0.3);
        let mut png = Vec::new();
        marks_png(&mask, Colour([1, 2, 3]), &mut png).unwrap();
        let back = image::load_from_memory(&png).unwrap().into_rgba8();
        for (pixel, &on) in back.pixels().zip(&mask.pixels) {
            assert_eq!(pixel.0, if on { [1, 2, 3, 255] } else { [0, 0, 0, 0] });
        }
    }

    #[test]
    fn overlay_colours_crack_pixels_only() {
        let photo = RgbImage::from_pixel(11, 3, image::Rgb([100, 110, 120]));
        let style = OverlayStyle { threshold: 0.5, opacity: 1.0, colour: Colour([1, 2, 3]) };
        let mut png = Vec::new();
        overlay_png(&photo, &map(), style, &mut png).unwrap();
        let back = image::load_from_memory(&png).unwrap().into_rgb8();
        let level = ProbabilityMap::level(0.5);
        for (pixel, &value) in back.pixels().zip(map().values()) {
            assert_eq!(pixel.0, if value >= level { [1, 2, 3] } else { [100, 110, 120] });
        }
    }
}
