//! `hairline tracking`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;

use super::{Common, Outcome, check_artifacts, date, file_name, print};
use crate::digest::sha256_hex;
use crate::settings::Settings;
use crate::tracking::{EXTRA_FOLDER, Entry, Log, Outbox, Server, clean_name, push};

#[derive(Debug, Args)]
pub struct TrackingArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sends what waits; exit code 1 if something waits on.
    Push,
    /// Lists what waits.
    Status,
    /// Adds files and scores to the training that made a model, and sends them.
    Add(AddArgs),
    /// Forgets what waits of a training.
    Discard {
        /// Its identity, as `status` lists it.
        run: Uuid,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The model file that a tracked training wrote.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A file to keep with the training, such as a contact sheet; may be given several times.
    #[arg(long, value_name = "FILE")]
    artifact: Vec<PathBuf>,
    /// A name and what `hairline evaluate --json` printed, as NAME=FILE; may be given several times.
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_scores)]
    scores: Vec<(String, PathBuf)>,
}

pub fn run(args: &TrackingArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    let outbox = Outbox::open(&settings.store.directory)?;
    let outcome = match &args.action {
        Action::Push => send(&outbox, &settings),
        Action::Status => status(&outbox),
        Action::Add(args) => add(&outbox, args).and_then(|()| send(&outbox, &settings)),
        Action::Discard { run } => discard(&outbox, *run),
    };
    outbox.close();
    outcome
}

fn send(outbox: &Outbox, settings: &Settings) -> anyhow::Result<Outcome> {
    let Some(uri) = settings.tracking.server() else {
        anyhow::ensure!(outbox.waiting()?.is_empty(), "something waits, and tracking.mlflow_uri is not set");
        return Ok(Outcome::Done);
    };
    let pushed = push(outbox, &Server::new(uri)?)?;
    for problem in &pushed.problems {
        super::complain(&format!("tracking: {problem}"));
    }
    print(&format!("{} sent, {} wait", pushed.sent, pushed.left))?;
    Ok(if pushed.left == 0 { Outcome::Done } else { Outcome::Negative })
}

fn status(outbox: &Outbox) -> anyhow::Result<Outcome> {
    for run in outbox.waiting()? {
        let server =
            run.server.map_or_else(|| "no server yet".into(), |server| format!("{} {}", server.uri, server.id));
        print(&format!("{}\t{}\t{server}", run.id, run.title))?;
        for entry in outbox.waiting_of(run.id)? {
            print(&format!("\t{}\t{}", date(entry.created_ms), entry.name))?;
        }
    }
    Ok(Outcome::Done)
}

fn discard(outbox: &Outbox, run: Uuid) -> anyhow::Result<Outcome> {
    let count = outbox.discard(run)?;
    print(&format!("{count} forgotten"))?;
    Ok(if count > 0 { Outcome::Done } else { Outcome::Negative })
}

fn add(outbox: &Outbox, args: &AddArgs) -> anyhow::Result<()> {
    check_artifacts(&args.artifact)?;
    let scores = args.scores.iter().map(|(name, file)| scores_entry(name, file)).collect::<anyhow::Result<Vec<_>>>()?;
    let sha256 = sha256_hex(fs_err::read(&args.model)?);
    let run = outbox.run_of_model(&sha256)?;
    let run = run.with_context(|| format!("{}: no tracked training made this model", args.model.display()))?;
    for path in &args.artifact {
        outbox.queue_file(run.id, EXTRA_FOLDER, &file_name(path), fs_err::read(path)?.into())?;
    }
    for (name, entry) in scores {
        outbox.queue(run.id, &name, &entry)?;
    }
    Ok(())
}

/// Every figure of a report, under its path.
fn scores_entry(name: &str, file: &Path) -> anyhow::Result<(String, Entry)> {
    let text = fs_err::read_to_string(file)?;
    let report: Value = serde_json::from_str(&text).with_context(|| format!("{}: not JSON", file.display()))?;
    let mut log = Log::default();
    figures(&format!("test/{}", clean_name(name)), &report, &mut log);
    anyhow::ensure!(!log.metrics.is_empty(), "{}: there are no figures in it", file.display());
    let digest = sha256_hex(&text);
    Ok((format!("scores {name} {}", &digest[..8]), Entry::Log(log)))
}

/// Lists are left out: they hold single photographs.
fn figures(path: &str, value: &Value, log: &mut Log) {
    if let Some(number) = value.as_f64() {
        log.metric(path, number, 0);
    } else if let Value::Object(parts) = value {
        for (key, value) in parts {
            figures(&format!("{path}/{}", clean_name(key)), value, log);
        }
    }
}

fn parse_scores(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.into(), file.into())),
        _ => Err("NAME=FILE is expected, such as deepcrack=deepcrack.json".into()),
    }
}
