//! What the tracking server is told of a training.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hairline_kernel::isa::Isa;
use serde_json::Value;
use uuid::Uuid;

use crate::cli::file_name;
use crate::domain::now_ms;
use crate::evaluation::name_of;
use crate::settings::Tracking;
use crate::tracking::{
    Begin, EXTRA_FOLDER, Entry, Log, MODEL_FOLDER, Outbox, Pair, Pushed, Recorder, RunStatus, Server, Status,
    TrackingError, Version, clean_name, commit,
};
use crate::training::{
    CalibrationRecord, EpochRecord, Event, Sidecar, TrainParams, TrainingRun, with_suffix, write_whole,
};

/// How long the end of a training waits until all is sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Watches a training and tells a server of it, if there is one.
pub struct Tracked {
    server: Option<(Server, Outbox)>,
    recorder: Option<Recorder>,
    settings: Tracking,
    alias: String,
    artifacts: Vec<PathBuf>,
    facts: Facts,
    problems: Vec<String>,
}

/// What is known of the training beforehand.
struct Facts {
    out: PathBuf,
    resume: bool,
    name: String,
    licence: String,
    init: Option<PathBuf>,
    data: Vec<String>,
}

impl Tracked {
    /// Opens the queue in `store`, unless there is no server to tell.
    ///
    /// # Errors
    /// If the queue or the credentials cannot be used.
    pub fn open(settings: Tracking, store: &Path, alias: &str, run: &TrainingRun) -> Result<Self, TrackingError> {
        let open = |uri| Ok::<_, TrackingError>((Server::new(uri)?, Outbox::open(store)?));
        let server = settings.server().map(open).transpose()?;
        let facts = Facts {
            out: run.out.clone(),
            resume: run.resume,
            name: run.name.clone(),
            licence: run.licence.clone(),
            init: run.init.clone(),
            data: run.data.iter().map(|folder| name_of(folder)).collect(),
        };
        let (alias, artifacts) = (alias.to_owned(), Vec::new());
        Ok(Self { server, recorder: None, settings, alias, artifacts, facts, problems: Vec::new() })
    }

    /// Files that are kept with the run, as they are when the training ends.
    pub fn with_artifacts(self, artifacts: Vec<PathBuf>) -> Self {
        Self { artifacts, ..self }
    }

    /// Queues what happened. A training does not end because it cannot be told.
    pub fn observe(&mut self, event: &Event) {
        let result = match event {
            Event::Begin { params, data_sha256, history, .. } => self.begin(params, data_sha256, history),
            Event::Epoch { record, .. } => self.queue(&epoch_name(record), &epoch_entry(record)),
            Event::Written(sidecar) => self.written(sidecar),
            Event::Step { .. } | Event::Checkpoint => Ok(()),
        };
        if let Err(error) = result {
            self.problems.push(format!("{error:#}"));
        }
    }

    fn begin(&mut self, params: &TrainParams, data_sha256: &str, history: &[EpochRecord]) -> anyhow::Result<()> {
        let note = with_suffix(&self.facts.out, ".checkpoint.run");
        let earlier = if self.facts.resume { noted(&note) } else { None };
        let Some((server, outbox)) = self.server.take() else {
            // Another training's note would lead a later one astray.
            if !self.facts.resume && note.exists() {
                fs_err::remove_file(note)?;
            }
            return Ok(());
        };
        let run = earlier.unwrap_or_else(Uuid::now_v7);
        write_whole(&note, run.to_string().as_bytes())?;
        self.recorder = Some(Recorder::start(outbox, server, run, &self.facts.name)?);
        self.queue("begin", &Entry::Begin(self.begin_entry()))?;
        self.queue("parameters", &Entry::Log(self.params_entry(params, data_sha256)?))?;
        if !history.is_empty() {
            self.queue(&format!("resumed {}", now_ms()), &Entry::Status(Status::now(RunStatus::Running)))?;
        }
        // What was told before is queued no second time.
        history.iter().try_for_each(|record| self.queue(&epoch_name(record), &epoch_entry(record)))
    }

    fn begin_entry(&self) -> Begin {
        let isa = Isa::from_env().map_or_else(|error| error.to_string(), |isa| isa.name().to_owned());
        let mut tags = vec![
            Pair::new("hairline.version", env!("CARGO_PKG_VERSION")),
            Pair::new("hairline.isa", isa),
            Pair::new("hairline.model", &self.facts.name),
            Pair::new("hairline.licence", &self.facts.licence),
            Pair::new("mlflow.source.name", "hairline train"),
            Pair::new("mlflow.source.type", "LOCAL"),
        ];
        tags.extend(commit(Path::new(".")).map(|commit| Pair::new("mlflow.source.git.commit", commit)));
        let (experiment, name) = (self.settings.experiment.clone(), self.facts.name.clone());
        Begin { experiment, name, started_ms: now_ms(), tags }
    }

    fn params_entry(&self, params: &TrainParams, data_sha256: &str) -> serde_json::Result<Log> {
        let mut pairs = vec![Pair::new("data", self.facts.data.join(" ")), Pair::new("data_sha256", data_sha256)];
        pairs.extend(self.facts.init.as_ref().map(|init| Pair::new("init", init.display())));
        if let Value::Object(params) = serde_json::from_str(&serde_json::to_string(params)?)? {
            pairs.extend(params.into_iter().map(|(key, value)| Pair { key, value: value.to_string() }));
        }
        Ok(Log { params: pairs, ..Log::default() })
    }

    fn written(&mut self, sidecar: &Sidecar) -> anyhow::Result<()> {
        if self.recorder.is_none() {
            return Ok(());
        }
        self.queue("best", &Entry::Log(best_entry(sidecar)))?;
        let out = self.facts.out.clone();
        for path in [out.clone(), out.with_extension("json"), out.with_extension("svg")] {
            self.queue_file(MODEL_FOLDER, &path)?;
        }
        for path in std::mem::take(&mut self.artifacts) {
            if let Err(error) = self.queue_file(EXTRA_FOLDER, &path) {
                self.problems.push(format!("{error:#}"));
            }
        }
        if !self.settings.registered_model.is_empty() {
            self.queue("version", &Entry::Version(self.version(sidecar)))?;
        }
        self.queue("finished", &Entry::Status(Status::now(RunStatus::Finished)))?;
        self.recorder.as_ref().map_or(Ok(()), |recorder| recorder.finish(&sidecar.model_sha256))?;
        Ok(())
    }

    fn version(&self, sidecar: &Sidecar) -> Version {
        Version {
            model: self.settings.registered_model.clone(),
            folder: MODEL_FOLDER.into(),
            alias: self.alias.clone(),
            tags: vec![
                Pair::new("hairline.model", &self.facts.name),
                Pair::new("hairline.licence", &self.facts.licence),
                Pair::new("hairline.model_sha256", &sidecar.model_sha256),
            ],
        }
    }

    /// Tells how the training ended, and waits a while until that is sent; gives what is to be said about it.
    pub fn close(mut self, failed: bool) -> Vec<String> {
        if failed {
            let entry = Entry::Status(Status::now(RunStatus::Failed));
            let result = self.queue(&format!("failed {}", now_ms()), &entry);
            self.problems.extend(result.err().map(|error| error.to_string()));
        }
        let Some(recorder) = self.recorder else { return self.problems };
        match recorder.close(PATIENCE) {
            Ok(pushed) => self.problems.extend(remainder(pushed.as_ref())),
            Err(error) => self.problems.push(error.to_string()),
        }
        if !failed {
            let note = with_suffix(&self.facts.out, ".checkpoint.run");
            self.problems.extend(fs_err::remove_file(note).err().map(|error| error.to_string()));
        }
        self.problems
    }

    fn queue(&self, name: &str, entry: &Entry) -> anyhow::Result<()> {
        Ok(self.recorder.as_ref().map_or(Ok(()), |recorder| recorder.queue(name, entry))?)
    }

    fn queue_file(&self, folder: &str, path: &Path) -> anyhow::Result<()> {
        let content = fs_err::read(path)?.into();
        let queue = |recorder: &Recorder| recorder.queue_file(folder, &file_name(path), content);
        Ok(self.recorder.as_ref().map_or(Ok(()), queue)?)
    }
}

/// The run that a file beside the checkpoint names.
fn noted(path: &Path) -> Option<Uuid> {
    Uuid::parse_str(fs_err::read_to_string(path).ok()?.trim()).ok()
}

fn epoch_name(record: &EpochRecord) -> String {
    format!("epoch {}", record.epoch)
}

fn epoch_entry(record: &EpochRecord) -> Entry {
    let EpochRecord { epoch, train_loss, val_loss, val_f1, threshold, folders, learning_rate, seconds } = record;
    let mut log = Log::default();
    for (key, value) in [
        ("train_loss", train_loss),
        ("val_loss", val_loss),
        ("val_f1", val_f1),
        ("threshold", threshold),
        ("learning_rate", learning_rate),
        ("seconds", seconds),
    ] {
        log.metric(key, short(*value), *epoch);
    }
    for folder in folders {
        let name = clean_name(&folder.name);
        log.metric(&format!("{name}/val_f1"), short(folder.f1), *epoch);
        log.metric(&format!("{name}/val_loss"), short(folder.loss), *epoch);
    }
    Entry::Log(log)
}

/// The epoch whose weights were kept, and the model that was made of it.
fn best_entry(sidecar: &Sidecar) -> Log {
    let best = &sidecar.best;
    let mut log = Log { tags: vec![Pair::new("hairline.model_sha256", &sidecar.model_sha256)], ..Log::default() };
    log.metric("best/epoch", best.epoch.into(), best.epoch);
    log.metric("best/val_f1", short(best.val_f1), best.epoch);
    log.metric("best/threshold", short(best.threshold), best.epoch);
    let CalibrationRecord { temperature, threshold, core, val_f1, .. } = sidecar.calibration;
    for (key, value) in [("temperature", temperature), ("threshold", threshold), ("core", core), ("val_f1", val_f1)] {
        log.metric(&format!("model/{key}"), short(value), best.epoch);
    }
    log
}

/// As the training itself prints it: 0.55 rather than 0.550000011920929.
fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// What is to be said of entries that wait on.
fn remainder(pushed: Option<&Pushed>) -> Vec<String> {
    let later = "they go with the next training, or by `hairline tracking push`";
    match pushed {
        None => vec![format!("the server is slow; what it does not know yet waits: {later}")],
        Some(Pushed { left: 0, .. }) => Vec::new(),
        Some(Pushed { left, problems, .. }) => vec![format!("{}; {left} entries wait: {later}", problems.join("; "))],
    }
}
