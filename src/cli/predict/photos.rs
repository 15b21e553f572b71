//! Which photographs are read, and where their results go.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::WRITTEN;

const PHOTO_ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp", "gif"];

/// The photographs among `paths`, folders opened, in order.
pub fn find_photos(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for path in paths {
        if !path.is_dir() {
            photos.push(path.clone());
            continue;
        }
        let entries = fs_err::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        let mut found: Vec<PathBuf> = entries.into_iter().filter(|path| is_photo(path)).collect();
        if found.is_empty() {
            bail!("{} holds no photograph", path.display());
        }
        found.sort();
        photos.extend(found);
    }
    Ok(photos)
}

fn is_photo(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    path.is_file() && PHOTO_ENDINGS.contains(&ending) && !WRITTEN.iter().any(|written| name.ends_with(written))
}

/// Where each photograph's results go, without ending; no two may share one.
pub fn targets(photos: &[PathBuf], out: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let mut taken: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    let mut targets = Vec::new();
    for photo in photos {
        let stem = photo.file_stem().with_context(|| format!("{} is not a file", photo.display()))?;
        let target = out.unwrap_or(photo.parent().unwrap_or(Path::new(""))).join(stem);
        if let Some(other) = taken.insert(target.clone(), photo) {
            bail!(
                "{} and {} would both be written to {}.*; rename one",
                other.display(),
                photo.display(),
                target.display()
            );
        }
        targets.push(target);
    }
    Ok(targets)
}
