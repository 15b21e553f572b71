//! `hairline predict`

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Common, Outcome, limit_threads, print};
use crate::app;
use crate::net::Model;
use crate::registry;
use crate::segment::Segmenter;
use crate::settings::Settings;
use crate::vision::encode::{self, OVERLAY_OPACITY, OverlayStyle};
use crate::vision::{Colour, decode};

/// Endings of what this command writes; such files are not read again from a folder.
const WRITTEN: [&str; 3] = [".mask.png", ".overlay.png", ".prob.png"];
const PHOTO_ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp", "gif"];

#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Photographs, or folders of photographs.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Where to write; beside each photograph if not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Name or file of the model.
    #[arg(long)]
    model: Option<String>,
    /// Probability from which on a pixel counts as crack, instead of the model's own.
    #[arg(long, value_parser = super::parse_probability)]
    threshold: Option<f32>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a Path,
    width: u32,
    height: u32,
    model: &'a str,
    threshold: f32,
    has_crack: bool,
    crack_pixels: u64,
    crack_ratio: f64,
    mask: PathBuf,
    overlay: PathBuf,
    probabilities: PathBuf,
    decode_ms: u128,
    network_ms: u128,
}

#[derive(Serialize)]
struct Failure<'a> {
    file: &'a Path,
    error: String,
}

pub fn run(args: &PredictArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[("model.active", args.model.clone())])?;
    limit_threads(settings.inference.threads)?;
    let model = registry::load(&settings.model.active, &settings.model.directory)?;
    let segmenter = Segmenter::new(Arc::clone(&model), app::tile_settings(&settings));
    let photos = find_photos(&args.paths)?;
    let targets = targets(&photos, args.out.as_deref())?;
    if let Some(out) = &args.out {
        fs_err::create_dir_all(out)?;
    }
    let bar = progress_bar(photos.len());
    let mut failed = false;
    for (photo, target) in photos.iter().zip(&targets) {
        let line = match predict(photo, target, args, &settings, &segmenter, &model) {
            Ok(line) => serde_json::to_string(&line)?,
            Err(error) => {
                failed = true;
                bar.suspend(|| writeln!(io::stderr(), "hairline: {}: {error:#}", photo.display()))?;
                serde_json::to_string(&Failure { file: photo, error: format!("{error:#}") })?
            }
        };
        bar.suspend(|| print(&line))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
}

fn predict<'a>(
    path: &'a Path,
    target: &Path,
    args: &PredictArgs,
    settings: &Settings,
    segmenter: &Segmenter,
    model: &'a Model,
) -> anyhow::Result<Line<'a>> {
    let started = Instant::now();
    let photo = decode::decode(&fs_err::read(path)?, settings.server.decode_limits())?.pixels;
    let decode_ms = started.elapsed().as_millis();
    let started = Instant::now();
    let map = segmenter.segment(photo.clone(), |_, _| {})?;
    let network_ms = started.elapsed().as_millis();
    let threshold = args.threshold.unwrap_or(model.metadata.threshold);
    let style = OverlayStyle { threshold, opacity: OVERLAY_OPACITY, colour: Colour::default() };
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", target.display()));
    let [mask, overlay, probabilities] = WRITTEN.map(beside);
    write(&mask, |out| encode::mask_png(&map, threshold, out))?;
    write(&overlay, |out| encode::overlay_png(&photo, &map, style, out))?;
    write(&probabilities, |out| encode::probability_png(&map, out))?;
    let crack_pixels = map.crack_pixels(threshold);
    Ok(Line {
        file: path,
        width: map.width(),
        height: map.height(),
        model: &model.metadata.name,
        threshold,
        has_crack: crack_pixels > 0,
        crack_pixels,
        crack_ratio: map.crack_ratio(threshold),
        mask,
        overlay,
        probabilities,
        decode_ms,
        network_ms,
    })
}

fn write<E>(path: &Path, content: impl FnOnce(&mut BufWriter<fs_err::File>) -> Result<(), E>) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut out = BufWriter::new(fs_err::File::create(path)?);
    content(&mut out).with_context(|| path.display().to_string())?;
    Ok(out.flush()?)
}

/// The photographs among `paths`, folders opened, in order.
fn find_photos(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
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
fn targets(photos: &[PathBuf], out: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
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

fn progress_bar(photos: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} photographs, {eta} left");
    let bar = ProgressBar::new(photos as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
