//! `hairline train`

mod tracked;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::tracked::Tracked;
use super::{Common, Outcome, check_artifacts, complain, data_folder, limit_threads, print, stem};
use crate::tracking::valid_alias;
use crate::training::{CalibrationRecord, EpochRecord, Event, RECIPE, Sidecar, TrainParams, TrainingRun};

/// Read where it exists, if no other file is named.
const PARAMS: &str = "params.yaml";

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Folders with images/ and masks/; the lists train and val of each are used, and one named twice is trained on twice
    /// as often.
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// The model file to write; scores (.json), curve (.svg) and checkpoint stand beside it.
    #[arg(long, value_name = "FILE", default_value = "trained.safetensors")]
    out: PathBuf,
    /// Model file to begin with, instead of random weights.
    #[arg(long, value_name = "MODEL")]
    init: Option<PathBuf>,
    /// Go on from the checkpoint of a training that was stopped, if there is one.
    #[arg(long)]
    resume: bool,
    /// File of hyper-parameters [default: params.yaml, or the binary's own].
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// The section of that file to follow.
    #[arg(long, value_name = "NAME", default_value = RECIPE)]
    recipe: String,
    /// Passes through the photographs.
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,
    /// Equal seeds give equal weights.
    #[arg(long)]
    seed: Option<u64>,
    /// Crops a step.
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Side of a crop in pixels.
    #[arg(long, value_name = "PX")]
    crop: Option<u32>,
    /// Channels of the network's first level.
    #[arg(long, value_name = "N", conflicts_with = "init")]
    base_width: Option<usize>,
    /// Threads; 0 takes all cores.
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Name of the model [default: that of the file].
    #[arg(long)]
    name: Option<String>,
    /// Licence of the weights, as the data demand it.
    #[arg(long, default_value = "not stated")]
    licence: String,
    /// A file that the tracking server keeps with this training, as it is in the end; may be given several times.
    #[arg(long, value_name = "FILE")]
    artifact: Vec<PathBuf>,
    /// What points to the registered version on the tracking server.
    #[arg(long, value_name = "NAME", default_value = "candidate", value_parser = valid_alias)]
    alias: String,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &TrainArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    check_artifacts(&args.artifact)?;
    limit_threads(args.threads)?;
    let run = TrainingRun {
        data: args.data.iter().map(|folder| data_folder(folder)).collect(),
        out: args.out.clone(),
        init: args.init.clone(),
        resume: args.resume,
        name: args.name.clone().unwrap_or_else(|| stem(&args.out, "trained")),
        licence: args.licence.clone(),
        params: params(args)?,
    };
    let progress = Progress::new(io::stderr().is_terminal());
    let tracked = Tracked::open(settings.tracking, &settings.store.directory, &args.alias, &run)?;
    let mut tracked = tracked.with_artifacts(args.artifact.clone());
    let result = run.execute(&mut |event| {
        tracked.observe(&event);
        progress.show(event);
    });
    progress.bar.finish_and_clear();
    for problem in tracked.close(result.is_err()) {
        complain(&format!("tracking: {problem}"));
    }
    print(&summary(&args.out, &result?))?;
    Ok(Outcome::Done)
}

/// The file's hyper-parameters, with the flags over them.
fn params(args: &TrainArgs) -> anyhow::Result<TrainParams> {
    let found = || Some(PathBuf::from(PARAMS)).filter(|path| path.is_file());
    let text = args.params.clone().or_else(found).map(fs_err::read_to_string).transpose()?;
    let mut params = TrainParams::parse(text.as_deref(), &args.recipe)?;
    params.epochs = args.epochs.unwrap_or(params.epochs);
    params.seed = args.seed.unwrap_or(params.seed);
    params.batch = args.batch.unwrap_or(params.batch);
    params.crop = args.crop.unwrap_or(params.crop);
    params.base_width = args.base_width.unwrap_or(params.base_width);
    Ok(params)
}

fn summary(out: &Path, sidecar: &Sidecar) -> String {
    let CalibrationRecord { temperature, threshold, core, val_f1, .. } = sidecar.calibration;
    let epoch = sidecar.best.epoch;
    format!(
        "{}: validation F1 {val_f1:.4} at threshold {threshold}, temperature {temperature}, core {core}, epoch {epoch}",
        out.display()
    )
}

/// A bar on a terminal, else a line an epoch.
struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    fn new(terminal: bool) -> Self {
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, {msg}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::with_draw_target(Some(0), target).with_style(style), lines: !terminal }
    }

    fn show(&self, event: Event) {
        match event {
            Event::Begin { steps, done, .. } => {
                self.bar.set_length(steps);
                self.bar.set_position(done);
                self.bar.reset_eta();
            }
            Event::Step { steps, loss, images_per_second } => {
                self.bar.set_position(steps);
                self.bar.set_message(format!("loss {loss:.4}, {images_per_second:.1} images/s"));
            }
            Event::Epoch { record, epochs } => self.line(&epoch_line(record, epochs)),
            Event::Checkpoint | Event::Written(_) => {}
        }
    }

    fn line(&self, line: &str) {
        if self.lines {
            let _ = writeln!(io::stderr(), "{line}");
        } else {
            self.bar.println(line);
        }
    }
}

fn epoch_line(record: &EpochRecord, epochs: u32) -> String {
    let EpochRecord { epoch, train_loss, val_loss, val_f1, threshold, folders, learning_rate, seconds } = record;
    let folders: Vec<String> = folders.iter().map(|folder| format!("{} {:.4}", folder.name, folder.f1)).collect();
    format!(
        "epoch {epoch}/{epochs}: loss {train_loss:.4}, validation loss {val_loss:.4}, F1 {val_f1:.4} at {threshold} \
         ({}), learning rate {learning_rate:.2e}, {seconds:.1} s",
        folders.join(", "),
    )
}
