//! Labels in.

use std::collections::HashMap;

use serde::Serialize;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::archive::Archive;
use super::coco::{self, CocoError, Segmentation};
use super::folders::{self, DESCRIPTION, Pair};
use super::spool::Spool;
use super::{ExchangeError, MAX_JSON_BYTES};
use crate::digest::sha256_hex;
use crate::domain::DecodeLimits;
use crate::store::{CarriedLabel, CarriedPhoto, Store};
use crate::vision::{BinaryMask, DecodeError, decode};

/// What an archive may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// Bytes of all files once unpacked.
    pub unpacked_bytes: u64,
    /// Bytes of a photograph or a mask.
    pub file_bytes: u64,
    /// Pixels of a photograph or a mask.
    pub pixels: DecodeLimits,
}

/// What was brought in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    /// Photographs in the archive.
    pub photographs: u64,
    /// Labels that were appended.
    pub labels: u64,
    /// Photographs that came without a label and were not there yet; they wait for one.
    pub without_label: u64,
    /// What was there already, to the pixel.
    pub unchanged: u64,
}

/// Brings in the labels of a zip file; what is there already stays as it is, so that importing again goes on where a
/// file that could not be used stopped it.
///
/// Blocks; `handle` is the runtime that the store belongs to.
///
/// # Errors
/// The first thing that is wrong; what was brought in before stays.
pub fn import(
    store: &Store,
    handle: &Handle,
    file: std::fs::File,
    limits: ImportLimits,
    actor: &str,
) -> Result<Imported, ExchangeError> {
    let archive = Archive::open(file, limits.unpacked_bytes)?;
    let mut importer = Importer { store, handle, archive, limits, actor, imported: Imported::default() };
    let names: Vec<&str> = importer.archive.names().collect();
    if names.iter().any(|name| name.starts_with("masks/")) {
        let pairs = folders::pairs(names.into_iter())?;
        importer.folders(&pairs)?;
    } else {
        let annotations = annotations_file(&names)?;
        importer.coco(&annotations)?;
    }
    Ok(importer.imported)
}

/// The one COCO file among `names`.
fn annotations_file(names: &[&str]) -> Result<String, ExchangeError> {
    let found: Vec<&&str> = names.iter().filter(|name| name.ends_with(".json") && **name != DESCRIPTION).collect();
    match found.as_slice() {
        [one] => Ok((**one).to_owned()),
        [] => Err(ExchangeError::Layout("there are neither masks nor a COCO file".into())),
        [first, second, ..] => {
            Err(ExchangeError::Layout(format!("it is not clear which COCO file to read, `{first}` or `{second}`")))
        }
    }
}

struct Importer<'a> {
    store: &'a Store,
    handle: &'a Handle,
    archive: Archive,
    limits: ImportLimits,
    actor: &'a str,
    imported: Imported,
}

impl Importer<'_> {
    fn folders(&mut self, pairs: &[Pair]) -> Result<(), ExchangeError> {
        let described = self.archive.names().any(|name| name == DESCRIPTION);
        let nothing_here = if described {
            let read = |file: &mut dyn std::io::Read| folders::read_nothing_here(file);
            self.archive.with(DESCRIPTION, MAX_JSON_BYTES, read)?.map_err(|source| wrong(DESCRIPTION, source))?
        } else {
            Default::default()
        };
        for pair in pairs {
            let label = match &pair.mask {
                Some(name) => Some(CarriedLabel { mask: self.mask(name)?, nothing_here: nothing_here.contains(name) }),
                None => None,
            };
            self.add(&pair.photo, label)?;
        }
        Ok(())
    }

    fn mask(&mut self, name: &str) -> Result<BinaryMask, ExchangeError> {
        let content = self.archive.read(name, self.limits.file_bytes)?;
        let label = decode::decode_label(&content, self.limits.pixels);
        let label = label.map_err(|source| ExchangeError::Mask { file: name.into(), source })?;
        Ok(BinaryMask::from_label(&label))
    }

    fn coco(&mut self, annotations: &str) -> Result<(), ExchangeError> {
        let read_images = |file: &mut dyn std::io::Read| coco::read_images(file);
        let images = self.archive.with(annotations, MAX_JSON_BYTES, read_images)?;
        let images = images.map_err(|source| wrong(annotations, source))?;
        let read_categories = |file: &mut dyn std::io::Read| coco::crack_categories(file);
        let categories = self.archive.with(annotations, MAX_JSON_BYTES, read_categories)?;
        let categories = categories.map_err(|source| wrong(annotations, source))?;
        let mut spool = Spool::new(self.store.directory())?;
        let mut places: HashMap<u64, Vec<u64>> = HashMap::new();
        let read_all = |file: &mut dyn std::io::Read| {
            coco::read_annotations(file, &mut |annotation| {
                if categories.contains(&annotation.category_id) {
                    places.entry(annotation.image_id).or_default().push(spool.push(&annotation.segmentation)?);
                }
                Ok(())
            })
        };
        let read = self.archive.with(annotations, MAX_JSON_BYTES, read_all)?;
        read.map_err(|source| wrong(annotations, source))?;
        let files = self.photographs(annotations, &images, &places)?;
        for (image, photo) in images.iter().zip(files) {
            let mut mask = self.empty(&photo, (image.width, image.height))?;
            for place in places.remove(&image.id).unwrap_or_default() {
                let segmentation: Segmentation = spool.get(place)?;
                segmentation.mark(&mut mask).map_err(|source| wrong(annotations, source))?;
            }
            let nothing_here = image.hairline.as_ref().is_some_and(|origin| origin.nothing_here);
            self.add(&photo, Some(CarriedLabel { mask, nothing_here }))?;
        }
        Ok(())
    }

    /// The files that the photographs of a COCO file are.
    fn photographs(
        &self,
        annotations: &str,
        images: &[coco::Image],
        places: &HashMap<u64, Vec<u64>>,
    ) -> Result<Vec<String>, ExchangeError> {
        let known = coco::ids(images).map_err(|source| wrong(annotations, source))?;
        if let Some(id) = places.keys().find(|id| !known.contains(*id)) {
            let problem = format!("an annotation is for photograph {id}, which is not listed");
            return Err(wrong(annotations, CocoError::Document(problem)));
        }
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let mut by_last: HashMap<String, Vec<&str>> = HashMap::new();
        for name in self.archive.names() {
            by_last.entry(last(name)).or_default().push(name);
        }
        let file = |image: &coco::Image| {
            let candidates = by_last.get(&last(&image.file_name)).map_or(&[][..], Vec::as_slice);
            let exact = candidates.iter().find(|name| name.ends_with(&image.file_name));
            let found = exact.or(if candidates.len() == 1 { candidates.first() } else { None });
            let missing =
                || ExchangeError::Layout(format!("photograph `{}` of `{annotations}` is missing", image.file_name));
            found.map(|name| (*name).to_owned()).ok_or_else(missing)
        };
        images.iter().map(file).collect()
    }

    /// A mask without a crack.
    fn empty(&self, file: &str, (width, height): (u32, u32)) -> Result<BinaryMask, ExchangeError> {
        let max_pixels = self.limits.pixels.max_pixels;
        let pixels = u64::from(width) * u64::from(height);
        if pixels > max_pixels {
            let source = DecodeError::TooManyPixels { width, height, max_pixels };
            return Err(ExchangeError::Mask { file: file.into(), source });
        }
        Ok(BinaryMask { width, height, pixels: vec![false; pixels as usize] })
    }

    fn add(&mut self, file: &str, label: Option<CarriedLabel>) -> Result<(), ExchangeError> {
        let content = self.archive.read(file, self.limits.file_bytes)?;
        let photo = decode::decode(&content, self.limits.pixels);
        let photo = photo.map_err(|source| ExchangeError::Photo { file: file.into(), source })?;
        let carried = CarriedPhoto {
            sha256: sha256_hex(&content),
            content: content.into(),
            extension: decode::extension(photo.format),
            size: photo.pixels.dimensions(),
        };
        drop(photo);
        let labelled = label.is_some();
        let is_new = self.handle.block_on(self.store.carry_in(carried, label, self.actor))?;
        self.imported.photographs += 1;
        match (is_new, labelled) {
            (false, _) => self.imported.unchanged += 1,
            (true, true) => self.imported.labels += 1,
            (true, false) => self.imported.without_label += 1,
        }
        Ok(())
    }
}

fn wrong(file: &str, source: CocoError) -> ExchangeError {
    ExchangeError::Coco { file: file.into(), source }
}
