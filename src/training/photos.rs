//! The photographs of a training, decoded once and kept as bytes.

use std::path::PathBuf;

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
    /// Those of the lists `train` of all folders; each is drawn equally often.
    pub train: Vec<LabelledPhoto>,
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
    /// Decodes the photographs of `train` and `val` of all `folders`.
    ///
    /// # Errors
    /// If a folder is no data folder, or has nothing to train or to validate on.
    pub fn load(folders: &[PathBuf]) -> Result<Self, TrainError> {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for folder in folders {
            let dataset = Dataset::open(folder)?;
            let load = |split: &'static str| {
                let photos = load_all(&dataset, &dataset.split(Some(split))?)?;
                if photos.is_empty() {
                    return Err(TrainError::NoPhotographs { folder: folder.clone(), split });
                }
                Ok(photos)
            };
            train.extend(load("train")?);
            validation.push(ValidationSet { name: name_of(folder), photos: load("val")? });
        }
        let mut hash = Sha256::new();
        let all = train.iter().chain(validation.iter().flat_map(|set| &set.photos));
        all.for_each(|photo| photo.hash(&mut hash));
        Ok(Self { train, validation, sha256: hex(&hash.finalize()) })
    }
}

fn load_all(dataset: &Dataset, stems: &[String]) -> Result<Vec<LabelledPhoto>, DatasetError> {
    stems.par_iter().map(|stem| dataset.load(stem).map(|(photo, mask)| LabelledPhoto::new(photo, mask))).collect()
}
