//! A perceptual hash: pictures that look the same have hashes that differ in few bits.

use image::{DynamicImage, RgbImage, imageops};
use image_hasher::{HashAlg, HasherConfig};

/// Photographs are shrunk to this side first: the hash looks at 8 × 8 waves, and filtering megapixels for them is slow.
const SIDE_PX: u32 = 256;

/// The signs of the 64 slowest cosine waves against their median (pHash).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PerceptualHash(pub u64);

impl PerceptualHash {
    /// The hash of an upright photograph.
    pub fn of(photo: &RgbImage) -> Self {
        let small = if photo.width().max(photo.height()) > SIDE_PX {
            DynamicImage::ImageRgb8(imageops::thumbnail(photo, SIDE_PX, SIDE_PX))
        } else {
            DynamicImage::ImageRgb8(photo.clone())
        };
        let hasher = HasherConfig::new().hash_alg(HashAlg::Median).preproc_dct().hash_size(8, 8).to_hasher();
        let hash = hasher.hash_image(&small);
        Self(hash.as_bytes().iter().fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
    }

    /// Number of bits in which two hashes differ, 0 to 64; about 32 for photographs that have nothing in common.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}
