//! The layout of a data folder: `images/NAME.jpg`, `masks/NAME.png`, and what is known of each label in `labels.json`.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::coco::{CocoError, read_list};
use super::{ExchangeError, Origin};

/// What is known of the labels.
pub const DESCRIPTION: &str = "labels.json";

/// One label in [`DESCRIPTION`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The photograph in the archive.
    pub photo: String,
    /// The mask in the archive.
    pub mask: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// A photograph with its mask, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name of the photograph in the archive.
    pub photo: String,
    /// Name of the mask in the archive.
    pub mask: Option<String>,
}

/// Photographs and masks that belong together by their names without ending.
///
/// # Errors
/// If two have one name, or a mask has no photograph.
pub fn pairs<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<Pair>, ExchangeError> {
    let (mut photos, mut masks) = (BTreeMap::new(), BTreeMap::new());
    for name in names {
        let (list, rest) = match name.split_once('/') {
            Some(("images", rest)) => (&mut photos, rest),
            Some(("masks", rest)) => (&mut masks, rest),
            _ => continue,
        };
        let stem = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
        if let Some(other) = list.insert(stem.to_owned(), name.to_owned()) {
            return Err(ExchangeError::Layout(format!("`{other}` and `{name}` have one name without ending")));
        }
    }
    if let Some((_, mask)) = masks.iter().find(|(stem, _)| !photos.contains_key(*stem)) {
        return Err(ExchangeError::Layout(format!("`{mask}` has no photograph of this name in `images/`")));
    }
    Ok(photos.into_iter().map(|(stem, photo)| Pair { mask: masks.remove(&stem), photo }).collect())
}

/// The masks of which a person said that there is no crack.
///
/// # Errors
/// If it is no description of labels.
pub fn read_nothing_here(description: impl Read) -> Result<HashSet<String>, CocoError> {
    let mut masks = HashSet::new();
    read_list(description, "labels", &mut |entry: Entry| {
        if entry.origin.nothing_here {
            masks.insert(entry.mask);
        }
        Ok(())
    })?;
    Ok(masks)
}
