//! Data folders of drawn photographs.

use std::io;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, ImageFormat};
use rayon::prelude::*;

use super::options::DatasetOptions;
use super::truth::TruthFile;
use super::{SceneParams, render};

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
    /// A truth cannot be encoded.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Writes photographs to `images/`, their masks to `masks/` and their geometry ([`TruthFile`]) to `truth/` below
/// `folder`.
///
/// Photograph `i` depends on the options but their count, and on `i`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, options: &DatasetOptions, progress: impl Fn() + Sync) -> Result<(), DatasetWriteError> {
    for kind in ["images", "masks", "truth"] {
        fs_err::create_dir_all(folder.join(kind))?;
    }
    (0..options.count).into_par_iter().try_for_each(|i| {
        write_one(folder, options, i)?;
        progress();
        Ok(())
    })
}

fn write_one(folder: &Path, options: &DatasetOptions, i: u32) -> Result<(), DatasetWriteError> {
    let (width, height) = options.size.sides_px();
    let scene = SceneParams {
        surface: options.surface,
        crack_width_px: options.widths.map(|widths| widths.range_px()),
        fixtures: options.fixtures,
        ..SceneParams::new((u64::from(options.seed) << 32) | u64::from(i), width, height)
    };
    let photo = render(&scene);
    let at = |kind: &str, extension: &str| folder.join(kind).join(format!("synth-{}-{i:05}.{extension}", options.seed));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality(i)).encode_image(&photo.image)?;
    fs_err::write(at("images", "jpg"), jpeg)?;
    let mut png = io::Cursor::new(Vec::new());
    photo.mask.write_to(&mut png, ImageFormat::Png)?;
    fs_err::write(at("masks", "png"), png.into_inner())?;
    Ok(fs_err::write(at("truth", "json"), serde_json::to_vec(&TruthFile::new(scene.seed, &photo))?)?)
}

fn quality(i: u32) -> u8 {
    let span = u32::from(QUALITIES.end() - QUALITIES.start()) + 1;
    QUALITIES.start() + (i % span * 7 % span) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Surface;
    use crate::synth::options::{CrackWidths, Size};

    fn options(count: u32) -> DatasetOptions {
        DatasetOptions {
            count,
            seed: 9,
            size: Size::new(128, 96).unwrap(),
            surface: Some(Surface::Render),
            widths: Some(CrackWidths::new(4.0, 6.0).unwrap()),
            fixtures: false,
        }
    }

    #[test]
    fn equal_options_give_equal_bytes_whatever_the_count() {
        let (three, five) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(three.path(), &options(3), || {}).unwrap();
        write(five.path(), &options(5), || {}).unwrap();
        for (kind, extension) in [("images", "jpg"), ("masks", "png"), ("truth", "json")] {
            assert_eq!(fs_err::read_dir(five.path().join(kind)).unwrap().count(), 5, "{kind}");
            for i in 0..3 {
                let name = format!("{kind}/synth-9-{i:05}.{extension}");
                let bytes = |folder: &tempfile::TempDir| fs_err::read(folder.path().join(&name)).unwrap();
                assert_eq!(bytes(&three), bytes(&five), "{name}");
            }
        }
    }

    #[test]
    fn the_options_reach_the_photographs() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &options(6), || {}).unwrap();
        let mut widest = 0.0_f64;
        for i in 0..6_u64 {
            let stem = format!("synth-9-{i:05}");
            let image = image::open(folder.path().join(format!("images/{stem}.jpg"))).unwrap();
            assert_eq!((image.width(), image.height()), (128, 96));
            let text = fs_err::read(folder.path().join(format!("truth/{stem}.json"))).unwrap();
            let truth: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(truth["seed"], (9 << 32) | i);
            assert_eq!(truth["surface"], "render");
            assert_eq!((truth["photo_width_px"].as_u64(), truth["photo_height_px"].as_u64()), (Some(128), Some(96)));
            let means = truth["cracks"].as_array().unwrap().iter().filter_map(|crack| crack["mean_width_px"].as_f64());
            widest = means.fold(widest, f64::max);
        }
        assert!((2.0..12.0).contains(&widest), "cracks of 4 to 6 px come out as {widest}");
    }
}
