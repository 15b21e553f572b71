//! Labels out.

use std::io::{self, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::coco::{self, Annotation};
use super::folders::{DESCRIPTION, Entry};
use super::spool::Spool;
use super::{ExchangeError, Origin};
use crate::store::{Store, StoredLabel};
use crate::vision::BinaryMask;

/// Labels that are asked of the store at once.
const PAGE: u32 = 200;
/// The annotations in a COCO archive.
const ANNOTATIONS: &str = "annotations.json";

/// How labels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `images/`, `masks/` and `labels.json`.
    Folders,
    /// `images/` and `annotations.json`.
    Coco,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Labels, each with its photograph.
    pub labels: u64,
}

/// Writes the newest label of every photograph as a zip file; what people rejected or withdrew stays out.
///
/// Blocks; `handle` is the runtime that the store belongs to.
///
/// # Errors
/// If the store fails, or `out` cannot be written.
pub fn export(store: &Store, handle: &Handle, format: Format, out: impl Write) -> Result<Exported, ExchangeError> {
    let mut writer = Writer::new(format, store.directory(), out)?;
    let (mut exported, mut after) = (Exported::default(), String::new());
    loop {
        let labels = handle.block_on(store.labels_after(&after, PAGE))?;
        for label in &labels {
            writer.add(label)?;
            exported.labels += 1;
        }
        match labels.last() {
            Some(label) if labels.len() == PAGE as usize => after = label.image_sha256.clone(),
            _ => break,
        }
    }
    writer.finish()?;
    Ok(exported)
}

struct Writer<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    format: Format,
    /// Labels of folders, photographs of COCO.
    described: Spool,
    annotations: Spool,
    images: u64,
    annotated: u64,
}

impl<W: Write> Writer<W> {
    fn new(format: Format, directory: &Path, out: W) -> io::Result<Self> {
        let (described, annotations) = (Spool::new(directory)?, Spool::new(directory)?);
        Ok(Self { zip: ZipWriter::new_stream(out), format, described, annotations, images: 0, annotated: 0 })
    }

    fn add(&mut self, label: &StoredLabel) -> Result<(), ExchangeError> {
        let extension = label.photo.extension().map_or("jpg".into(), |e| e.to_string_lossy());
        let photo = format!("{}.{extension}", label.image_sha256);
        self.copy(&format!("images/{photo}"), &label.photo)?;
        match self.format {
            Format::Folders => {
                let mask = format!("masks/{}.png", label.image_sha256);
                self.copy(&mask, &label.mask)?;
                let photo = format!("images/{photo}");
                self.described.push(&Entry { photo, mask, origin: origin(label) })?;
            }
            Format::Coco => self.annotate(label, photo)?,
        }
        Ok(())
    }

    fn annotate(&mut self, label: &StoredLabel, file_name: String) -> Result<(), ExchangeError> {
        let picture = image::load_from_memory_with_format(&fs_err::read(&label.mask)?, image::ImageFormat::Png);
        let mask = BinaryMask::from_label(&picture.map_err(io::Error::other)?.into_luma8());
        self.images += 1;
        let id = self.images;
        self.described.push(&coco::Image {
            id,
            file_name,
            width: mask.width,
            height: mask.height,
            hairline: Some(origin(label)),
        })?;
        for annotation in Annotation::all(&mask, id, self.annotated + 1) {
            self.annotations.push(&annotation)?;
            self.annotated += 1;
        }
        Ok(())
    }

    /// Photographs and masks are compressed already.
    fn copy(&mut self, name: &str, path: &Path) -> Result<(), ExchangeError> {
        let large = fs_err::metadata(path)?.len() >= u64::from(u32::MAX);
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        self.zip.start_file(name, stored).map_err(io::Error::from)?;
        io::copy(&mut BufReader::new(fs_err::File::open(path)?), &mut self.zip)?;
        Ok(())
    }

    fn finish(mut self) -> Result<(), ExchangeError> {
        let name = if self.format == Format::Folders { DESCRIPTION } else { ANNOTATIONS };
        let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
        self.zip.start_file(name, deflated).map_err(io::Error::from)?;
        match self.format {
            Format::Folders => {
                self.zip.write_all(b"{\"format\":\"hairline-labels-1\",\"labels\":[\n")?;
                self.described.write_list(&mut self.zip)?;
            }
            Format::Coco => {
                let categories = json!([{ "id": coco::CATEGORY, "name": "crack", "supercategory": "damage" }]);
                let info = json!({ "description": "Labels of cracks", "version": "1" });
                writeln!(self.zip, "{{\"info\":{info},\"licenses\":[],\"categories\":{categories},\"images\":[")?;
                self.described.write_list(&mut self.zip)?;
                self.zip.write_all(b"\n],\"annotations\":[\n")?;
                self.annotations.write_list(&mut self.zip)?;
            }
        }
        self.zip.write_all(b"\n]}\n")?;
        let mut out = self.zip.finish().map_err(io::Error::from)?.into_inner();
        Ok(out.flush()?)
    }
}

fn origin(label: &StoredLabel) -> Origin {
    Origin {
        sha256: label.image_sha256.clone(),
        version: label.version,
        actor: label.actor.clone(),
        created_ms: label.created_ms,
        tool: label.tool.clone(),
        nothing_here: label.nothing_here,
        state: label.state.map_or("unchecked", |state| state.as_str()).into(),
    }
}
