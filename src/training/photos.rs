//! The photographs of a training, decoded once and kept as bytes.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::TrainError;
use crate::digest::hex;
use crate::evaluation::{Dataset, DatasetError, name_of};
use crate::vision::BinaryMask;

/// A photograph, what is true of it, and where to look.
#[derive(Debug, Clone)]
pub struct LabelledPhoto {
    /// The photograph.
    pub pixels: RgbImage,
    /// Its cracks.
    pub mask: BinaryMask,
    /// Positions of crack pixels, row by row.
    pub cracks: Vec<u32>,
}

/// The validation photographs of one data folder.
#[derive(Debug)]
pub struct ValidationSet {
    /// Name of the folder.
    pub name: String,
    /// Its photographs.
    pub photos: Vec<LabelledPhoto>,
}

/// All photographs of a training.
#[derive(Debug)]
pub struct Photos {
    /// Those of the lists `train` of all folders, as often as their folder was named; each entry is drawn equally often.
    pub train: Vec<Arc<LabelledPhoto>>,
    /// Those of the lists `val`.
    pub validation: Vec<ValidationSet>,
    /// SHA-256 over all pixels and masks, hexadecimal.
    pub sha256: String,
}

impl LabelledPhoto {
    /// A photograph with a mask of its size.
    pub fn new(pixels: RgbImage, mask: BinaryMask) -> Self {
        let cracks = mask.pixels.iter().enumerate().filter(|(_, on)| **on).map(|(at, _)| at as u32).collect();
        Self { pixels, mask, cracks }
    }

    fn hash(&self, hash: &mut Sha256) {
        hash.update(format!("{}x{}\n", self.mask.width, self.mask.height));
        hash.update(self.pixels.as_raw());
        self.cracks.iter().for_each(|at| hash.update(at.to_le_bytes()));
    }
}

impl Photos {
    /// Decodes the photographs of `train` and `val` of all `folders`; a folder that is named twice is trained on twice as
    /// often.
    ///
    /// # Errors
    /// If a folder is no data folder, or has nothing to train or to validate on.
    pub fn load(folders: &[PathBuf]) -> Result<Self, TrainError> {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        let mut known: Vec<(&PathBuf, Range<usize>)> = Vec::new();
        for folder in folders {
            if let Some((_, earlier)) = known.iter().find(|(name, _)| *name == folder) {
                train.extend_from_within(earlier.clone());
                continue;
            }
            let dataset = Dataset::open(folder)?;
            let load = |split: &'static str| {
                let photos = load_all(&dataset, &dataset.split(Some(split))?)?;
                if photos.is_empty() {
                    return Err(TrainError::NoPhotographs { folder: folder.clone(), split });
                }
                Ok(photos)
            };
            let first = train.len();
            train.extend(load("train")?.into_iter().map(Arc::new));
            known.push((folder, first..train.len()));
            validation.push(ValidationSet { name: name_of(folder), photos: load("val")? });
        }
        let mut hash = Sha256::new();
        let all = train.iter().map(Arc::as_ref).chain(validation.iter().flat_map(|set| &set.photos));
        all.for_each(|photo| photo.hash(&mut hash));
        Ok(Self { train, validation, sha256: hex(&hash.finalize()) })
    }
}

fn load_all(dataset: &Dataset, stems: &[String]) -> Result<Vec<LabelledPhoto>, DatasetError> {
    stems.par_iter().map(|stem| dataset.load(stem).map(|(photo, mask)| LabelledPhoto::new(photo, mask))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dataset;
    use crate::synth::options::{DatasetOptions, Size};

    #[test]
    fn a_folder_named_twice_is_drawn_twice_as_often_but_validated_once() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["a", "b"].map(|name| root.path().join(name));
        for (folder, seed) in folders.iter().zip([1, 2]) {
            let size = Size::new(64, 64).unwrap();
            dataset::write(folder, &DatasetOptions { count: 3, seed, size, ..DatasetOptions::default() }, || ())
                .unwrap();
            fs_err::write(folder.join("train.txt"), format!("synth-{seed}-00000\nsynth-{seed}-00001\n")).unwrap();
            fs_err::write(folder.join("val.txt"), format!("synth-{seed}-00002\n")).unwrap();
        }
        let [a, b] = folders;
        let photos = Photos::load(&[a.clone(), b.clone(), a.clone()]).unwrap();
        assert_eq!((photos.train.len(), photos.validation.len()), (6, 2));
        assert!(Arc::ptr_eq(&photos.train[1], &photos.train[5]) && !Arc::ptr_eq(&photos.train[1], &photos.train[3]));
        assert_ne!(photos.sha256, Photos::load(&[a, b]).unwrap().sha256);
    }
}
