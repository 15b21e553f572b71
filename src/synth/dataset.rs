//! Data folders of drawn photographs.

use std::io;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, ImageFormat};
use rayon::prelude::*;

use super::{SceneParams, render};

/// Size of the photographs in pixels.
const SIZE: (u32, u32) = (640, 480);
/// Cameras compress differently; qualities go round in this range.
const QUALITIES: std::ops::RangeInclusive<u8> = 80..=95;

/// Why a data folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DatasetWriteError {
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A picture cannot be encoded.
    #[error(transparent)]
    Encode(#[from] ImageError),
}

/// Writes `count` photographs to `images/` and their masks to `masks/` below `folder`.
///
/// Photograph `i` depends on `seed` and `i` alone.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, count: u32, seed: u64, progress: impl Fn() + Sync) -> Result<(), DatasetWriteError> {
    for kind in ["images", "masks"] {
        fs_err::create_dir_all(folder.join(kind))?;
    }
    (0..count).into_par_iter().try_for_each(|i| {
        write_one(folder, seed, i)?;
        progress();
        Ok(())
    })
}

fn write_one(folder: &Path, seed: u64, i: u32) -> Result<(), DatasetWriteError> {
    let scene = (seed << 32) | u64::from(i);
    let photo = render(&SceneParams::new(scene, SIZE.0, SIZE.1));
    let stem = format!("synth-{seed}-{i:05}");
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality(i)).encode_image(&photo.image)?;
    fs_err::write(folder.join("images").join(format!("{stem}.jpg")), jpeg)?;
    let mut png = io::Cursor::new(Vec::new());
    photo.mask.write_to(&mut png, ImageFormat::Png)?;
    Ok(fs_err::write(folder.join("masks").join(format!("{stem}.png")), png.into_inner())?)
}

fn quality(i: u32) -> u8 {
    let span = u32::from(QUALITIES.end() - QUALITIES.start()) + 1;
    QUALITIES.start() + (i * 7 % span) as u8
}
