//! `hairline evaluate`

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::{Common, Outcome, limit_threads, print};
use crate::app;
use crate::evaluation::{Dataset, Report, evaluate};
use crate::registry;
use crate::segment::Segmenter;

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder with images/ and masks/; if there is none of that path, below `HAIRLINE_DATA` or data/.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// `train`, `val`, `test` or `all` [default: the first of test and val that has a list, else all].
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Name or file of the model.
    #[arg(long)]
    model: Option<String>,
    /// Probability from which on a pixel counts as crack, instead of the model's own.
    #[arg(long, value_parser = super::parse_probability)]
    threshold: Option<f32>,
    /// Show the network each photograph mirrored as well, and take the mean.
    #[arg(long)]
    mirror: bool,
    /// Pixels that the tolerant scores forgive.
    #[arg(long, value_name = "PX", default_value_t = 2)]
    tolerance: u32,
    /// Exit with 1 if the F1 score is lower.
    #[arg(long, value_name = "F1")]
    min_f1: Option<f64>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &EvaluateArgs) -> anyhow::Result<Outcome> {
    let mirror = args.mirror.then(|| true.to_string());
    let settings = args.common.settings(&[("model.active", args.model.clone()), ("inference.mirror", mirror)])?;
    limit_threads(settings.inference.threads)?;
    let dataset = Dataset::open(&super::data_folder(&args.data))?;
    let stems = dataset.split(args.split.as_deref())?;
    let model = registry::load(&settings.model.active, &settings.model.directory)?;
    let threshold = args.threshold.unwrap_or(model.metadata.threshold);
    let segmenter = Segmenter::new(model, app::tile_settings(&settings));
    let bar = ProgressBar::new(stems.len() as u64);
    let report = evaluate(&segmenter, &dataset, &stems, threshold, args.tolerance, || bar.inc(1))?;
    bar.finish_and_clear();
    print(&if args.json { serde_json::to_string_pretty(&report)? } else { summary(&report) })?;
    let missed = args.min_f1.is_some_and(|least| report.micro.f1 < least);
    Ok(if missed { Outcome::Negative } else { Outcome::Done })
}

fn summary(report: &Report) -> String {
    let Report { micro, tolerant, .. } = report;
    format!(
        "{} images at threshold {}\n\
         pixel-exact   F1 {:.4} (95 % {:.4}–{:.4})  IoU {:.4}  precision {:.4}  recall {:.4}\n\
         within {} px   F1 {:.4}  precision {:.4}  recall {:.4}\n\
         mean Dice {:.4}  false positives {:.4} % of area",
        report.images,
        report.threshold,
        micro.f1,
        report.f1_interval[0],
        report.f1_interval[1],
        micro.iou,
        micro.precision,
        micro.recall,
        tolerant.px,
        tolerant.f1,
        tolerant.precision,
        tolerant.recall,
        report.mean_dice,
        report.false_positive_ratio * 100.0,
    )
}
