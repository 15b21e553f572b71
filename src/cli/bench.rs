//! `hairline bench`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use hairline_kernel::isa::Isa;
use serde::Serialize;

use super::{Common, Outcome, limit_threads, print};
use crate::bench::{self, Times, Work};
use crate::net::{Model, npy};
use crate::registry;

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Name or file of the model; the training step takes its width.
    #[arg(long)]
    model: Option<String>,
    /// Sides of the images in pixels, a multiple of 16 [default: 512 forward, 256 in training].
    #[arg(long, value_name = "PX", value_parser = parse_side)]
    size: Option<usize>,
    /// Images at a time [default: 1 forward, 8 in training].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    batch: Option<u16>,
    /// Threads; 0 takes all cores.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Format of the numbers.
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Forward passes that are timed; 0 leaves them out.
    #[arg(long, value_name = "N", default_value_t = 15)]
    passes: usize,
    /// Training steps that are timed; 0 leaves them out.
    #[arg(long, value_name = "N", default_value_t = 5)]
    steps: usize,
    /// `NumPy` file of a normalised input, [B, 3, H, W] in f32; nothing is timed.
    #[arg(long, value_name = "FILE", requires = "output")]
    input: Option<PathBuf>,
    /// Where the logits of --input go, [B, 1, H, W].
    #[arg(long, value_name = "FILE", requires = "input")]
    output: Option<PathBuf>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Precision {
    F32,
    Bf16,
}

/// What was timed, and the medians; a detailed line of each follows.
#[derive(Debug, Serialize)]
struct BenchReport<'a> {
    model: &'a str,
    base_width: usize,
    isa: &'a str,
    precision: Precision,
    threads: usize,
    forward_ms: Option<f64>,
    train_step_ms: Option<f64>,
    forward: Option<Times>,
    train_step: Option<Times>,
}

pub fn run(args: &BenchArgs) -> anyhow::Result<Outcome> {
    ensure!(args.precision == Precision::F32, "--precision bf16: this program computes in f32 only");
    let settings = args.common.settings(&[("model.active", args.model.clone().map(Into::into))])?;
    limit_threads(args.threads.unwrap_or(settings.inference.threads))?;
    let model = registry::load(&settings.model.active, &settings.model.directory)?;
    if let (Some(input), Some(output)) = (&args.input, &args.output) {
        logits(&model, input, output)?;
        return Ok(Outcome::Done);
    }
    let work = |batch: u16, side: usize, count| Work {
        batch: usize::from(args.batch.unwrap_or(batch)),
        side: args.size.unwrap_or(side),
        count,
    };
    let base_width = model.metadata.base_width;
    let (passes, steps) = (work(1, 512, args.passes), work(8, 256, args.steps));
    let forward = bench::forward(&model, passes)?;
    let train_step = bench::train_step(base_width, steps)?;
    let report = BenchReport {
        model: &model.metadata.name,
        base_width,
        isa: Isa::from_env()?.name(),
        precision: args.precision,
        threads: rayon::current_num_threads(),
        forward_ms: forward.map(|times| times.median),
        train_step_ms: train_step.map(|times| times.median),
        forward,
        train_step,
    };
    print(&if args.json { serde_json::to_string_pretty(&report)? } else { summary(&report, passes, steps) })?;
    Ok(Outcome::Done)
}

fn summary(report: &BenchReport, passes: Work, steps: Work) -> String {
    let BenchReport { model, base_width, isa, threads, .. } = report;
    let line = |what: &str, work: Work, times: Option<Times>| {
        let Work { batch, side, count } = work;
        times.map_or_else(String::new, |Times { median, least, most }| {
            format!("\n{what:<14}{batch}×{side}×{side}: median {median:.1} ms ({least:.1} to {most:.1}, n = {count})")
        })
    };
    let (forward, step) = (line("forward", passes, report.forward), line("training step", steps, report.train_step));
    format!("{model}, width {base_width}, {isa}, f32, {threads} threads{forward}{step}")
}

/// Writes the logits of the array in `input`.
fn logits(model: &Model, input: &Path, output: &Path) -> anyhow::Result<()> {
    let array = npy::read(input).with_context(|| input.display().to_string())?;
    let [batch, channels, height, width] = array.shape;
    if channels != 3 || !height.is_multiple_of(16) || !width.is_multiple_of(16) {
        let shape = array.shape;
        bail!(
            "{}: its shape is {shape:?}, but [B, 3, H, W] with sides that are multiples of 16 is expected",
            input.display()
        );
    }
    let values = model.logits(&array.values, batch, height, width)?;
    npy::write(output, &npy::Array { shape: [batch, 1, height, width], values })
        .with_context(|| output.display().to_string())
}

fn parse_side(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(side) if (16..=4096).contains(&side) && side.is_multiple_of(16) => Ok(side),
        _ => Err("a multiple of 16 from 16 to 4096 is expected".into()),
    }
}
