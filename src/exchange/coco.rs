//! COCO's annotations: written an annotation at a time, and read so.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::polygon::{Region, mark_polygon};
use super::rle::Rle;
use crate::vision::BinaryMask;

/// What is wrong with annotations.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CocoError {
    /// Not JSON, or not COCO's.
    #[error("it is not a COCO file: {0}")]
    Document(String),
    /// Run lengths that are none.
    #[error("its run lengths are wrong: {0}")]
    RunLengths(String),
    /// A polygon that is none.
    #[error("its polygon is wrong: {0}")]
    Polygon(String),
    /// Run lengths for another size.
    #[error("its run lengths are for {} × {} pixels, the photograph has {} × {}", .rle.0, .rle.1, .photo.0, .photo.1)]
    Size {
        /// Width and height of the run lengths.
        rle: (u32, u32),
        /// Width and height that the file states for the photograph.
        photo: (u32, u32),
    },
}

/// A photograph in a COCO file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Identity within the file.
    pub id: u64,
    /// Where it is.
    pub file_name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What COCO has no field for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hairline: Option<super::Origin>,
}

/// Something marked on a photograph.
#[derive(Debug, Serialize, Deserialize)]
pub struct Annotation {
    id: u64,
    /// The photograph.
    pub image_id: u64,
    /// What it is.
    #[serde(default)]
    pub category_id: u64,
    /// What is marked.
    pub segmentation: Segmentation,
    #[serde(default)]
    area: f64,
    #[serde(default)]
    bbox: [f64; 4],
    #[serde(default)]
    iscrowd: u8,
}

/// How something is marked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Segmentation {
    /// Run lengths.
    Rle(Rle),
    /// Polygons, x and y of each corner in turn.
    Polygons(Vec<Vec<f64>>),
}

/// The one category, crack.
pub const CATEGORY: u64 = 1;

impl Annotation {
    /// One annotation a region of `mask`: a polygon along its pixels, or run lengths where it has holes.
    pub fn all(mask: &BinaryMask, image_id: u64, first_id: u64) -> Vec<Self> {
        (first_id..).zip(Region::all(mask)).map(|(id, region)| Self::of(&region, mask, image_id, id)).collect()
    }

    fn of(region: &Region, mask: &BinaryMask, image_id: u64, id: u64) -> Self {
        let segmentation = match &region.outline {
            Some(corners) => Segmentation::Polygons(vec![corners.iter().map(|&v| f64::from(v)).collect()]),
            None => Segmentation::Rle(Rle::of(&region.mask(mask))),
        };
        Self {
            id,
            image_id,
            category_id: CATEGORY,
            // COCO's name for run lengths is a crowd.
            iscrowd: u8::from(matches!(segmentation, Segmentation::Rle(_))),
            segmentation,
            area: region.area as f64,
            bbox: region.bounds.map(f64::from),
        }
    }
}

impl Segmentation {
    /// Marks it in `mask`.
    ///
    /// # Errors
    /// If it is no run lengths or polygons, or for another size.
    pub fn mark(&self, mask: &mut BinaryMask) -> Result<(), CocoError> {
        match self {
            Self::Rle(rle) => rle.mark(mask),
            Self::Polygons(polygons) => polygons.iter().try_for_each(|polygon| mark_polygon(polygon, mask)),
        }
    }
}

/// Reads the photographs of a COCO file; what else is in it is skipped.
///
/// # Errors
/// If it is not one.
pub fn read_images(file: impl Read) -> Result<Vec<Image>, CocoError> {
    let mut images = Vec::new();
    read_list(file, "images", &mut |image: Image| {
        images.push(image);
        Ok(())
    })?;
    Ok(images)
}

/// Hands on one annotation after the other.
///
/// # Errors
/// If it is not a COCO file, or what `each` says.
pub fn read_annotations(file: impl Read, each: &mut dyn FnMut(Annotation) -> io::Result<()>) -> Result<(), CocoError> {
    read_list(file, "annotations", each)
}

/// Hands on the items of list `name` of a JSON object, one after the other.
///
/// # Errors
/// If it is no such object, or what `each` says.
pub fn read_list<T: for<'de> Deserialize<'de>>(
    file: impl Read,
    name: &'static str,
    each: &mut dyn FnMut(T) -> io::Result<()>,
) -> Result<(), CocoError> {
    let mut deserializer = serde_json::Deserializer::from_reader(io::BufReader::new(file));
    let found = deserializer.deserialize_map(Document { name, each });
    match found.and_then(|found| deserializer.end().map(|()| found)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CocoError::Document(format!("it has no `{name}`"))),
        Err(error) => Err(CocoError::Document(error.to_string())),
    }
}

/// The object that a COCO file is, of which one list is read.
struct Document<'a, T> {
    name: &'static str,
    each: &'a mut dyn FnMut(T) -> io::Result<()>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Document<'_, T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "an object with `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.name {
                map.next_value_seed(List(&mut self.each))?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A list whose items are handed on and forgotten.
struct List<'a, 'b, T>(&'a mut &'b mut dyn FnMut(T) -> io::Result<()>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.0)(item).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// Identities of the categories that are cracks: those that are called so, or the only one.
///
/// # Errors
/// If there are several and none is called a crack.
pub fn crack_categories(file: impl Read) -> Result<HashSet<u64>, CocoError> {
    #[derive(Deserialize)]
    struct Category {
        id: u64,
        name: String,
    }
    let mut all: Vec<Category> = Vec::new();
    read_list(file, "categories", &mut |category| {
        all.push(category);
        Ok(())
    })?;
    let is_crack = |category: &&Category| category.name.to_lowercase().contains("crack");
    let cracks: HashSet<u64> = all.iter().filter(is_crack).map(|category| category.id).collect();
    match all.as_slice() {
        _ if !cracks.is_empty() => Ok(cracks),
        [one] => Ok(HashSet::from([one.id])),
        _ => {
            let names: Vec<&str> = all.iter().map(|category| category.name.as_str()).collect();
            Err(CocoError::Document(format!("no category is called crack, of: {}", names.join(", "))))
        }
    }
}

/// Identities of photographs.
///
/// # Errors
/// If two have one.
pub fn ids(images: &[Image]) -> Result<HashSet<u64>, CocoError> {
    let ids: HashSet<u64> = images.iter().map(|image| image.id).collect();
    if ids.len() == images.len() { Ok(ids) } else { Err(CocoError::Document("two photographs have one `id`".into())) }
}
