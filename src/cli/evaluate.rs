//! `hairline evaluate`

mod files;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;

use self::files::FileArgs;
use super::{Common, Outcome, limit_threads, print};
use crate::app;
use crate::evaluation::{Candidate, ContactSheet, Dataset, Report, SetScores, evaluate, name_of};
use crate::registry;
use crate::segment::Segmenter;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folders with images/ and masks/, scored one by one; if there is none of that path, below `HAIRLINE_DATA` or data/.
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// `train`, `val`, `test` or `all` [default: the first of test and val that has a list, else all].
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Name or file of the model.
    #[arg(long)]
    model: Option<String>,
    /// Name or file of another model, to be compared on the same photographs.
    #[arg(long, value_name = "MODEL")]
    against: Option<String>,
    /// Probability from which on a pixel counts as crack, instead of the models' own.
    #[arg(long, value_parser = super::parse_probability)]
    threshold: Option<f32>,
    /// Show the network each photograph mirrored as well, and take the mean.
    #[arg(long)]
    mirror: bool,
    /// Pixels that the tolerant scores forgive.
    #[arg(long, value_name = "PX", default_value_t = 2)]
    tolerance: u32,
    /// Exit with 1 if the F1 score of a folder is lower.
    #[arg(long, value_name = "F1")]
    min_f1: Option<f64>,
    /// Print everything as JSON: an object, or with several folders one by name of the folder.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    common: Common,
}

/// A data folder and which of its photographs are scored.
struct Set {
    name: String,
    dataset: Dataset,
    stems: Vec<String>,
}

pub fn run(args: &EvaluateArgs) -> anyhow::Result<Outcome> {
    let overrides =
        [("model.active", args.model.clone().map(Into::into)), ("inference.mirror", args.mirror.then(|| true.into()))];
    let settings = args.common.settings(&overrides)?;
    limit_threads(settings.inference.threads)?;
    let sets = sets(args)?;
    let candidates = candidates(args, &settings)?;
    args.files.prepare()?;
    let bar = ProgressBar::new(sets.iter().map(|set| set.stems.len() as u64).sum());
    let mut results = Vec::with_capacity(sets.len());
    for set in &sets {
        let mut sheet = args.files.wants_sheet().then(ContactSheet::default);
        let scores = evaluate(&candidates, &set.dataset, &set.stems, |judged| {
            if let Some(sheet) = &mut sheet {
                sheet.add(judged);
            }
            bar.inc(1);
        })?;
        if let Some(sheet) = sheet {
            args.files.write_sheet(sheet, (sets.len() > 1).then_some(&set.name))?;
        }
        results.push(SetResult::new(&set.name, scores)?);
    }
    bar.finish_and_clear();
    args.files.write(&results)?;
    print(&if args.json { json(&results)? } else { table::text(&results) })?;
    let missed = args.min_f1.is_some_and(|least| results.iter().any(|result| result.report.micro.f1 < least));
    Ok(if missed { Outcome::Negative } else { Outcome::Done })
}

/// A set with its scores by the first model, and their report.
struct SetResult {
    name: String,
    scores: SetScores,
    report: Report,
}

impl SetResult {
    fn new(name: &str, mut scores: Vec<SetScores>) -> anyhow::Result<Self> {
        let Some(report) = Report::side_by_side(&scores) else {
            bail!("{name}: no model was scored");
        };
        Ok(Self { name: name.to_owned(), scores: scores.swap_remove(0), report })
    }
}

fn sets(args: &EvaluateArgs) -> anyhow::Result<Vec<Set>> {
    let mut sets: Vec<Set> = Vec::with_capacity(args.data.len());
    for folder in &args.data {
        let folder = super::data_folder(folder);
        let dataset = Dataset::open(&folder)?;
        let stems = dataset.split(args.split.as_deref())?;
        let name = name_of(&folder);
        if sets.iter().any(|set| set.name == name) {
            bail!("--data: two folders are called `{name}`; scores stand by name of the folder, so rename one");
        }
        sets.push(Set { name, dataset, stems });
    }
    Ok(sets)
}

/// The model, then the one that it is compared with.
fn candidates(args: &EvaluateArgs, settings: &Settings) -> anyhow::Result<Vec<Candidate>> {
    let names = [Some(&settings.model.active), args.against.as_ref()];
    let candidate = |name: &String| {
        let model = registry::load(name, &settings.model.directory)?;
        let threshold = args.threshold.unwrap_or(model.metadata.threshold);
        let segmenter = Segmenter::new(model, app::tile_settings(settings));
        Ok(Candidate { segmenter, threshold, tolerance: args.tolerance })
    };
    names.into_iter().flatten().map(candidate).collect()
}

fn json(results: &[SetResult]) -> serde_json::Result<String> {
    match results {
        [single] => serde_json::to_string_pretty(&single.report),
        _ => serde_json::to_string_pretty(
            &results.iter().map(|result| (result.name.as_str(), &result.report)).collect::<BTreeMap<_, _>>(),
        ),
    }
}
