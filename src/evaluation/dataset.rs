//! Data folders: `images/`, `masks/`, and lists of which photograph is for what.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use image::RgbImage;

use crate::digest::sha256_hex;
use crate::vision::BinaryMask;
use crate::vision::decode::{self, DecodeError, DecodeLimits};

/// Data folders are the user's own, so only nonsense is refused.
const LIMITS: DecodeLimits = DecodeLimits { max_pixels: 1_000_000_000 };
const LISTS: [&str; 3] = ["train", "val", "test"];

/// What is wrong with a data folder.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A picture cannot be used.
    #[error("{}: {source}", path.display())]
    Picture {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: DecodeError,
    },
    /// A photograph has no mask.
    #[error("{}: the mask is missing; a photograph without cracks has an empty one", .0.display())]
    MissingMask(PathBuf),
    /// A list names a photograph that is not there.
    #[error("{list} names `{stem}`, but there is no such photograph in {}", folder.display())]
    MissingPhoto {
        /// The list.
        list: String,
        /// The name in it.
        stem: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Mask and photograph differ in size.
    #[error("{}: the mask has {}×{} pixels, the photograph {}×{}", path.display(), mask.0, mask.1, photo.0, photo.1)]
    SizeDiffers {
        /// The mask.
        path: PathBuf,
        /// Its size.
        mask: (u32, u32),
        /// The photograph's size.
        photo: (u32, u32),
    },
    /// No such split.
    #[error("there is no split `{name}` in {}; there is: {known}", folder.display())]
    UnknownSplit {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
        /// Where.
        folder: PathBuf,
    },
}

/// Photographs with masks.
#[derive(Debug)]
pub struct Dataset {
    folder: PathBuf,
    /// Photographs by name without ending.
    photos: BTreeMap<String, PathBuf>,
    lists: BTreeMap<&'static str, Vec<String>>,
}

impl Dataset {
    /// Looks into `folder`.
    ///
    /// # Errors
    /// If it is not a data folder, or its lists name what is not there.
    pub fn open(folder: &Path) -> Result<Self, DatasetError> {
        let mut photos = BTreeMap::new();
        for entry in fs_err::read_dir(folder.join("images"))? {
            let path = entry?.path();
            if let Some(stem) = path.file_stem() {
                photos.insert(stem.to_string_lossy().into_owned(), path);
            }
        }
        let mut lists = BTreeMap::new();
        for name in LISTS {
            let path = folder.join(format!("{name}.txt"));
            if path.is_file() {
                lists.insert(name, read_list(&path, &photos)?);
            }
        }
        Ok(Self { folder: folder.to_owned(), photos, lists })
    }

    /// The folder that was looked into.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The photographs of a split; without a name, of test or val if listed, else all.
    ///
    /// Without lists, one in ten belongs to `val` by a hash of its name.
    ///
    /// # Errors
    /// If there is no such split.
    pub fn split(&self, name: Option<&str>) -> Result<Vec<String>, DatasetError> {
        let first_listed = || ["test", "val"].into_iter().find(|name| self.lists.contains_key(name));
        let name = name.or_else(first_listed).unwrap_or("all");
        let all = || self.photos.keys().cloned();
        let hashed = self.lists.is_empty();
        match (name, self.lists.get(name)) {
            ("all", _) => Ok(all().collect()),
            (_, Some(list)) => Ok(list.clone()),
            ("val", None) if hashed => Ok(all().filter(|stem| is_validation(stem)).collect()),
            ("train", None) if hashed => Ok(all().filter(|stem| !is_validation(stem)).collect()),
            _ => Err(DatasetError::UnknownSplit {
                name: name.into(),
                known: if hashed {
                    "train, val, all".into()
                } else {
                    self.lists.keys().copied().chain(["all"]).collect::<Vec<_>>().join(", ")
                },
                folder: self.folder.clone(),
            }),
        }
    }

    /// A photograph and its mask.
    ///
    /// # Errors
    /// If one of them is missing or unusable, or they differ in size.
    pub fn load(&self, stem: &str) -> Result<(RgbImage, BinaryMask), DatasetError> {
        let path = self.photos.get(stem).ok_or_else(|| DatasetError::MissingPhoto {
            list: "the request".into(),
            stem: stem.into(),
            folder: self.folder.clone(),
        })?;
        let wrong = |path: &Path, source| DatasetError::Picture { path: path.to_owned(), source };
        let photo = decode::decode(&fs_err::read(path)?, LIMITS).map_err(|e| wrong(path, e))?.pixels;
        let mask_path = self.folder.join("masks").join(format!("{stem}.png"));
        let bytes = match fs_err::read(&mask_path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DatasetError::MissingMask(mask_path)),
            Err(error) => return Err(error.into()),
        };
        let label = decode::decode_label(&bytes, LIMITS).map_err(|e| wrong(&mask_path, e))?;
        if label.dimensions() != photo.dimensions() {
            return Err(DatasetError::SizeDiffers {
                path: mask_path,
                mask: label.dimensions(),
                photo: photo.dimensions(),
            });
        }
        Ok((photo, BinaryMask::from_label(&label)))
    }
}

/// What a data folder is called: the last part of its path.
pub fn name_of(folder: &Path) -> String {
    let whole = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned())
}

fn read_list(path: &Path, photos: &BTreeMap<String, PathBuf>) -> Result<Vec<String>, DatasetError> {
    let text = fs_err::read_to_string(path)?;
    let stems: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    match stems.iter().find(|stem| !photos.contains_key(*stem)) {
        None => Ok(stems),
        Some(stem) => Err(DatasetError::MissingPhoto {
            list: path.display().to_string(),
            stem: stem.clone(),
            folder: path.with_file_name("images"),
        }),
    }
}

/// The first byte of the name's SHA-256 is below 10 % of its range.
fn is_validation(stem: &str) -> bool {
    u8::from_str_radix(&sha256_hex(stem)[..2], 16).is_ok_and(|byte| byte < 26)
}
