//! Photographs in small, and their masks beside them.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageResult, RgbImage, imageops};

use super::BinaryMask;

/// Longer side of a thumbnail in pixels.
const SIDE: u32 = 360;
const QUALITY: u8 = 82;

/// Width and height of the thumbnail of a photograph of this size; small ones stay as they are.
pub fn size((width, height): (u32, u32)) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let scaled = |side: u32| (u64::from(side) * u64::from(SIDE.min(longer)) / u64::from(longer)).max(1) as u32;
    (scaled(width), scaled(height))
}

/// The photograph in small, as JPEG.
///
/// # Errors
/// If it cannot be encoded.
pub fn jpeg(photo: &RgbImage) -> ImageResult<Vec<u8>> {
    let (width, height) = size(photo.dimensions());
    let small = imageops::thumbnail(photo, width, height);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small)?;
    Ok(bytes)
}

/// The mask in the thumbnail's size. A pixel is crack where any of those it stands for is: a hairline would vanish
/// in a mean.
pub fn marks(mask: &BinaryMask) -> BinaryMask {
    let (width, height) = size((mask.width, mask.height));
    let mut pixels = vec![false; width as usize * height as usize];
    let small = |at: usize, full: u32, side: u32| (at as u64 * u64::from(side) / u64::from(full)) as usize;
    for (y, row) in mask.pixels.chunks_exact(mask.width.max(1) as usize).enumerate() {
        let first = small(y, mask.height, height) * width as usize;
        for (x, _) in row.iter().enumerate().filter(|(_, on)| **on) {
            pixels[first + small(x, mask.width, width)] = true;
        }
    }
    BinaryMask { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_keep_their_shape_and_hairlines() {
        for (photo, small) in [((4000, 3000), (360, 270)), ((50, 20), (50, 20)), ((9000, 3), (360, 1))] {
            assert_eq!(size(photo), small);
        }
        let pixels = (0..3_000_000).map(|i| i / 2_000 == 700).collect();
        let marks = marks(&BinaryMask { width: 2_000, height: 1_500, pixels });
        assert_eq!((marks.width, marks.height, marks.count()), (360, 270, 360));
        let photo = RgbImage::from_pixel(800, 600, image::Rgb([90, 80, 70]));
        let back = image::load_from_memory(&jpeg(&photo).unwrap()).unwrap().into_rgb8();
        assert_eq!(back.dimensions(), (360, 270));
        assert!(back.pixels().all(|pixel| pixel.0.iter().zip([90, 80, 70]).all(|(a, b)| a.abs_diff(b) < 4)));
    }
}
