//! The command line: one file a command; the only room that prints to stdout.

mod bench;
mod evaluate;
mod labels;
mod measure;
mod models;
mod predict;
mod serve;
mod store;
mod synth;
mod token;
mod tracking;
mod train;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hairline_kernel::isa::Isa;

use crate::settings::{Settings, Value};

/// Finds cracks in photographs of concrete, asphalt and masonry.
#[derive(Debug, Parser)]
#[command(name = "hairline", version, long_version = long_version(), args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the page, the API and the metrics (the default).
    Serve(serve::ServeArgs),
    /// Finds the cracks in photographs and writes masks, overlays and probabilities.
    Predict(predict::PredictArgs),
    /// Measures the cracks of label pictures; a JSON line each.
    Measure(measure::MeasureArgs),
    /// Scores a model on photographs with masks.
    Evaluate(evaluate::EvaluateArgs),
    /// Trains a model on photographs with masks.
    Train(train::TrainArgs),
    /// Sends to the tracking server what waits, lists it, or adds to a tracked training.
    Tracking(tracking::TrackingArgs),
    /// Draws photographs with cracks of known geometry, as a data folder.
    Synth(synth::SynthArgs),
    /// Times the network's forward pass and training step on this machine.
    Bench(bench::BenchArgs),
    /// Carries labels with their photographs out and in, as folders or COCO in a zip file.
    Labels(labels::LabelsArgs),
    /// Lists models, and brings them in and out.
    Models(models::ModelsArgs),
    /// Checks the store, backs it up and restores it.
    Store(store::StoreArgs),
    /// Makes, lists and revokes tokens for access beyond this machine.
    Token(token::TokenArgs),
    /// Prints the OpenAPI document.
    Openapi,
}

/// Settings that every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Settings file; see config.toml for all keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Common {
    fn settings(&self, overrides: &[(&str, Option<Value>)]) -> anyhow::Result<Settings> {
        let given: Vec<(&str, Value)> =
            overrides.iter().filter_map(|(key, value)| Some((*key, value.clone()?))).collect();
        Ok(Settings::load(self.config.as_deref(), &given)?)
    }
}

/// `--version` also tells the instruction set in use, for bug reports.
fn long_version() -> String {
    let isa = Isa::from_env().map_or_else(|error| error.to_string(), |isa| isa.name().to_owned());
    format!("{} ({isa})", env!("CARGO_PKG_VERSION"))
}

/// What a command that succeeded has to say.
enum Outcome {
    Done,
    /// A negative result that was asked for.
    Negative,
    /// Some inputs failed; each was told on stderr.
    SomeFailed,
}

/// Runs the command line; 0 ok, 1 a negative result that was asked for, 2 an error.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Negative) => ExitCode::from(1),
        Ok(Outcome::SomeFailed) => ExitCode::from(2),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Tracking(args) => tracking::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Labels(args) => labels::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Openapi => {
            print(&serde_json::to_string_pretty(&crate::web::openapi_json())?)?;
            Ok(Outcome::Done)
        }
    }
}

/// Prints a line to stdout.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A line on stderr about what is not this command's own result.
fn complain(problem: &str) {
    let _ = writeln!(io::stderr(), "hairline: {problem}");
}

/// A date for people.
fn date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

/// The line of JSON for a file that gave no result.
fn failure_line(file: &Path, error: &anyhow::Error) -> serde_json::Result<String> {
    #[derive(serde::Serialize)]
    struct Failure<'a> {
        file: &'a Path,
        error: String,
    }
    serde_json::to_string(&Failure { file, error: format!("{error:#}") })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// The runtime of commands that serve or use the store.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}

/// Lets the network use this many threads; 0 takes all cores.
fn limit_threads(threads: usize) -> anyhow::Result<()> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("compute-{i}")).build_global()?)
}

/// The data folder called `name`: a path, or a folder below `HAIRLINE_DATA` or `data`.
fn data_folder(name: &Path) -> PathBuf {
    let root = std::env::var_os("HAIRLINE_DATA").map_or_else(|| PathBuf::from("data"), PathBuf::from);
    let below = root.join(name);
    if !name.is_dir() && below.is_dir() { below } else { name.to_owned() }
}

/// The last part of a path without its ending; `default` where it has none.
fn stem(path: &Path, default: &str) -> String {
    path.file_stem().map_or_else(|| default.into(), |stem| stem.to_string_lossy().into_owned())
}

/// The last part of a path.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Fails unless these can be kept with a tracked training: each a file, each with a name of its own.
fn check_artifacts(artifacts: &[PathBuf]) -> anyhow::Result<()> {
    for (index, path) in artifacts.iter().enumerate() {
        anyhow::ensure!(path.is_file(), "--artifact {}: there is no such file", path.display());
        let twin = artifacts[..index].iter().find(|other| file_name(other) == file_name(path));
        anyhow::ensure!(twin.is_none(), "--artifact {}: another has the same name", path.display());
    }
    Ok(())
}

/// Reads a flag that is a number above 0 and below 1.
fn parse_probability(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("a number above 0 and below 1 is expected".into()),
    }
}
