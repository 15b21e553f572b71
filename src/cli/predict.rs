//! `hairline predict`

mod photos;
mod survey;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use self::photos::{find_photos, targets};
use self::survey::{Format, SurveyArgs};
use super::{Common, Outcome, failure_line, limit_threads, print};
use crate::app;
use crate::measure::{self, Standard};
use crate::registry;
use crate::report::{Inspection, csv};
use crate::segment::Segmenter;
use crate::settings::Settings;
use crate::vision::encode::{self, OVERLAY_OPACITY, OverlayStyle};
use crate::vision::{Capture, Colour, decode, exif};

/// Endings of what this command writes; such files are not read again from a folder.
const WRITTEN: [&str; 3] = [".mask.png", ".overlay.png", ".prob.png"];

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
    /// Show the network each photograph mirrored as well, and take the mean.
    #[arg(long)]
    mirror: bool,
    #[command(flatten)]
    survey: SurveyArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a Path,
    width: u32,
    height: u32,
    model: &'a str,
    has_crack: bool,
    crack_pixels: u64,
    crack_ratio: f64,
    mask: PathBuf,
    overlay: PathBuf,
    probabilities: PathBuf,
    exports: Vec<PathBuf>,
    decode_ms: u128,
    network_ms: u128,
    measure_ms: u128,
    capture: Capture,
    #[serde(flatten)]
    inspection: Inspection,
}

/// What is the same for all photographs.
struct Run<'a> {
    args: &'a PredictArgs,
    settings: &'a Settings,
    segmenter: &'a Segmenter,
    standard: Option<&'a Standard>,
}

pub fn run(args: &PredictArgs) -> anyhow::Result<Outcome> {
    let overrides = [
        ("model.active", args.model.clone().map(Into::into)),
        ("inference.mirror", args.mirror.then(|| true.into())),
        ("inspection.standard", args.survey.standard.clone().map(Into::into)),
    ];
    let settings = args.common.settings(&overrides)?;
    limit_threads(settings.inference.threads)?;
    let (_, standard) = app::load_standards(&settings).context("section [inspection] of the settings")?;
    let model = registry::load(&settings.model.active, &settings.model.directory)?;
    let segmenter = Segmenter::new(Arc::clone(&model), app::tile_settings(&settings));
    let photos = find_photos(&args.paths)?;
    let targets = targets(&photos, args.out.as_deref())?;
    if let Some(out) = &args.out {
        fs_err::create_dir_all(out)?;
    }
    let bar = progress_bar(photos.len());
    let run = Run { args, settings: &settings, segmenter: &segmenter, standard: standard.as_ref() };
    if args.survey.format == Format::Csv {
        csv::write_header(io::stdout().lock())?;
    }
    let mut failed = false;
    for (photo, target) in photos.iter().zip(&targets) {
        let result = run.predict(photo, target);
        failed |= result.is_err();
        bar.suspend(|| tell(photo, result, args.survey.format))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
}

/// One photograph's result, on stdout; an error on stderr as well.
fn tell(photo: &Path, result: anyhow::Result<Line>, format: Format) -> anyhow::Result<()> {
    if let Err(error) = &result {
        writeln!(io::stderr(), "hairline: {}: {error:#}", photo.display())?;
    }
    match (format, result) {
        (Format::Json, Ok(line)) => print(&serde_json::to_string(&line)?)?,
        (Format::Json, Err(error)) => print(&failure_line(photo, &error)?)?,
        (Format::Csv, Ok(line)) => {
            csv::write_rows(io::stdout().lock(), &photo.to_string_lossy(), &line.inspection.survey)?;
        }
        // A table has no place for it.
        (Format::Csv, Err(_)) => {}
    }
    Ok(())
}

impl Run<'_> {
    fn predict<'a>(&'a self, path: &'a Path, target: &Path) -> anyhow::Result<Line<'a>> {
        let started = Instant::now();
        let file = fs_err::read(path)?;
        let capture = exif::read(&file);
        let photo = decode::decode(&file, self.settings.server.decode_limits())?.pixels;
        drop(file);
        let decode_ms = started.elapsed().as_millis();
        // Before the network runs: without a scale that was asked for there is no result.
        let scale = self.args.survey.scale(capture.focal_35mm, photo.dimensions())?;
        let started = Instant::now();
        let map = self.segmenter.segment(photo.clone(), |_, _| {})?;
        let network_ms = started.elapsed().as_millis();
        let model = &self.segmenter.model().metadata;
        let threshold = self.args.threshold.unwrap_or(model.threshold);
        let started = Instant::now();
        let survey = measure::survey(&photo, &map, threshold);
        let measure_ms = started.elapsed().as_millis();
        let inspection = Inspection::new(&survey, scale.as_ref(), self.standard, capture.focal_35mm);
        let style = OverlayStyle { threshold, opacity: OVERLAY_OPACITY, colour: Colour::default() };
        let [mask, overlay, probabilities] = WRITTEN.map(|ending| beside(target, ending));
        write(&mask, |out| encode::mask_png(&map, threshold, out))?;
        write(&overlay, |out| encode::overlay_png(&photo, &map, style, out))?;
        write(&probabilities, |out| encode::probability_png(&map, out))?;
        let exports = self.args.survey.write_exports(path, target, &survey, (&inspection, &capture, scale.as_ref()))?;
        let crack_pixels = map.crack_pixels(threshold);
        Ok(Line {
            file: path,
            width: map.width(),
            height: map.height(),
            model: &model.name,
            has_crack: crack_pixels > 0,
            crack_pixels,
            crack_ratio: map.crack_ratio(threshold),
            mask,
            overlay,
            probabilities,
            exports,
            decode_ms,
            network_ms,
            measure_ms,
            capture,
            inspection,
        })
    }
}

/// `target` with `ending` behind it.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut path = target.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn write<E>(path: &Path, content: impl FnOnce(&mut BufWriter<fs_err::File>) -> Result<(), E>) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut out = BufWriter::new(fs_err::File::create(path)?);
    content(&mut out).with_context(|| path.display().to_string())?;
    Ok(out.flush()?)
}

fn progress_bar(photos: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} photographs, {eta} left");
    let bar = ProgressBar::new(photos as u64);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
