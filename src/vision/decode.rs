//! Bytes of an unknown file → upright 8-bit RGB.
//!
//! The header is read first, and every limit holds before a pixel is decoded.
//! Colour profiles are ignored; transparency is laid over white; of an
//! animation the first frame is taken.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::jpeg;
pub use crate::domain::DecodeLimits;

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoHeader {
    /// Container format, found by its first bytes.
    pub format: ImageFormat,
    /// Width in pixels once upright.
    pub width: u32,
    /// Height in pixels once upright.
    pub height: u32,
    orientation: Orientation,
}

impl PhotoHeader {
    /// Width × height.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// A decoded photograph, upright.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Pixels after EXIF orientation.
    pub pixels: RgbImage,
    /// Container format it came in.
    pub format: ImageFormat,
}

/// Why a file is not a photograph that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing was sent.
    #[error("the file is empty")]
    Empty,
    /// Not one of the formats that are read.
    #[error("this is not a photograph in a format that Hairline reads ({})", FORMATS)]
    Unsupported,
    /// An iPhone's or Android's modern container.
    #[error(
        "{0} photographs cannot be read here. Convert it to JPEG first: on an iPhone choose \
         Settings › Camera › Formats › Most Compatible, or share the photograph by mail, which \
         converts it; on a computer export it as JPEG or PNG"
    )]
    Heif(&'static str),
    /// Larger than allowed.
    #[error("the photograph has {width} × {height} pixels; at most {max_pixels} pixels are allowed")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The limit on width × height.
        max_pixels: u64,
    },
    /// The end is missing.
    #[error("the {0} file is cut off: its end is missing. Send it again")]
    Truncated(&'static str),
    /// The content contradicts its format.
    #[error("the file is damaged: {0}")]
    Corrupt(String),
}

/// The formats that are read, for messages.
pub const FORMATS: &str = "JPEG, PNG, WebP, TIFF, BMP, GIF";

const READ: [ImageFormat; 6] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Gif];

/// Reads format, size and orientation and checks them against `limits`.
///
/// # Errors
/// If the file is empty, of another format, damaged in its header, or too large.
pub fn probe(bytes: &[u8], limits: DecodeLimits) -> Result<PhotoHeader, DecodeError> {
    let format = detect(bytes)?;
    if let Some((width, height)) = png_header_size(bytes) {
        check_pixels(width, height, limits)?;
    }
    let mut decoder = decoder(bytes, format)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(DecodeError::Corrupt("it has no pixels".into()));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = if swaps_sides(orientation) { (height, width) } else { (width, height) };
    check_pixels(width, height, limits)?;
    Ok(PhotoHeader { format, width, height, orientation })
}

/// Decodes a photograph and turns it upright.
///
/// # Errors
/// As [`probe`], and if the content is cut off or damaged.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Photo, DecodeError> {
    let header = probe(bytes, limits)?;
    if header.format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
        return Err(DecodeError::Truncated("JPEG"));
    }
    let mut decoder = decoder(bytes, header.format)?;
    let mut allocation = Limits::no_limits();
    allocation.max_alloc = Some(header.pixels() * 16 + (64 << 20));
    decoder.set_limits(allocation).map_err(|e| DecodeError::Corrupt(e.to_string()))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| content_error(&e, header.format))?;
    picture.apply_orientation(header.orientation);
    Ok(Photo { pixels: rgb_over_white(picture), format: header.format })
}

/// Formats in which a label may be given: those that keep every pixel.
pub const LABEL_FORMATS: [&str; 5] = ["PNG", "BMP", "TIFF", "GIF", "WebP (lossless)"];

/// Decodes a label: white where any channel is not zero. Transparency and orientation are ignored.
///
/// # Errors
/// As [`decode`]; a lossy format is [`DecodeError::Unsupported`].
pub fn decode_label(bytes: &[u8], limits: DecodeLimits) -> Result<GrayImage, DecodeError> {
    let header = probe(bytes, limits)?;
    let lossy_webp = header.format == ImageFormat::WebP && bytes.get(12..16) != Some(b"VP8L".as_slice());
    if header.format == ImageFormat::Jpeg || lossy_webp {
        return Err(DecodeError::Unsupported);
    }
    let picture =
        DynamicImage::from_decoder(decoder(bytes, header.format)?).map_err(|e| content_error(&e, header.format))?;
    let rgb = picture.into_rgb16();
    let values = rgb.pixels().map(|pixel| if pixel.0 == [0, 0, 0] { 0 } else { 255 }).collect();
    Ok(GrayImage::from_raw(rgb.width(), rgb.height(), values).expect("one byte a pixel was written"))
}

/// The file ending that is usual for `format`.
pub fn extension(format: ImageFormat) -> &'static str {
    format.extensions_str().first().copied().unwrap_or("bin")
}

fn detect(bytes: &[u8]) -> Result<ImageFormat, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if let Some(name) = heif_brand(bytes) {
        return Err(DecodeError::Heif(name));
    }
    let format = image::guess_format(bytes).map_err(|_| DecodeError::Unsupported)?;
    if READ.contains(&format) { Ok(format) } else { Err(DecodeError::Unsupported) }
}

fn check_pixels(width: u32, height: u32, DecodeLimits { max_pixels }: DecodeLimits) -> Result<(), DecodeError> {
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(DecodeError::TooManyPixels { width, height, max_pixels });
    }
    Ok(())
}

/// The PNG decoder reads on to the pixels before it tells the size; the first chunk has it.
fn png_header_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if bytes.get(12..16)? == b"IHDR" { Some((side(16)?, side(20)?)) } else { None }
}

/// ISO base media files name their brand behind `ftyp`.
fn heif_brand(bytes: &[u8]) -> Option<&'static str> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    match bytes.get(8..12)? {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Some("HEIC"),
        b"avif" | b"avis" => Some("AVIF"),
        _ => None,
    }
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder + '_, DecodeError> {
    ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(|e| content_error(&e, format))
}

fn content_error(error: &image::ImageError, format: ImageFormat) -> DecodeError {
    let text = error.to_string();
    let cut_off = ["end of file", "UnexpectedEof", "fill whole buffer", "EOF", "exhausted"];
    if cut_off.iter().any(|hint| text.contains(hint)) {
        DecodeError::Truncated(name(format))
    } else {
        DecodeError::Corrupt(text)
    }
}

fn name(format: ImageFormat) -> &'static str {
    READ.iter().position(|f| *f == format).and_then(|i| FORMATS.split(", ").nth(i)).unwrap_or("image")
}

fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn rgb_over_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let (width, height) = rgba.dimensions();
    let over = |value: u8, alpha: u8| {
        let alpha = u32::from(alpha);
        ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for pixel in rgba.pixels() {
        let [r, g, b, a] = pixel.0;
        rgb.extend_from_slice(&[over(r, a), over(g, a), over(b, a)]);
    }
    RgbImage::from_raw(width, height, rgb).expect("three bytes a pixel were written")
}

#[cfg(test)]
mod tests;
