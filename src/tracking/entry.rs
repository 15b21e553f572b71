//! What a server can be told, as it stands in the queue.

use serde::{Deserialize, Serialize};

use crate::domain::now_ms;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A run begins.
    Begin(Begin),
    /// Figures and words about the run.
    Log(Log),
    /// A file of the run.
    File(FileEntry),
    /// The run made a version of a model.
    Version(Version),
    /// The run ends, or goes on.
    Status(Status),
}

/// A run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The experiment that it belongs to, by name.
    pub experiment: String,
    /// Name of the run.
    pub name: String,
    /// When, Unix milliseconds.
    pub started_ms: i64,
    /// Tags.
    pub tags: Vec<Pair>,
}

/// Figures and words about a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Figures.
    pub metrics: Vec<Metric>,
    /// What the run was asked to do.
    pub params: Vec<Pair>,
    /// What else is known of it.
    pub tags: Vec<Pair>,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name.
    pub key: String,
    /// Value.
    pub value: f64,
    /// When it was known, Unix milliseconds.
    pub timestamp: i64,
    /// The epoch it belongs to.
    pub step: i64,
}

/// A name and a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Name.
    pub key: String,
    /// Word.
    pub value: String,
}

/// A file of a run; its content lies beside the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path among the run's files.
    pub path: String,
    /// SHA-256 of the content, hexadecimal.
    pub sha256: String,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Name of the registered model.
    pub model: String,
    /// Folder among the run's files that holds it.
    pub folder: String,
    /// What points to this version from now on.
    pub alias: String,
    /// Tags.
    pub tags: Vec<Pair>,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The word.
    pub status: RunStatus,
    /// When it ended, Unix milliseconds.
    pub ended_ms: Option<i64>,
}

/// MLflow's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It made its model.
    Finished,
    /// It stopped with an error.
    Failed,
}

impl Pair {
    /// A name and whatever can be written.
    pub fn new(key: &str, value: impl ToString) -> Self {
        Self { key: key.into(), value: value.to_string() }
    }
}

impl Log {
    /// Adds a figure of epoch `step`; what is not finite is left out, since it could not be drawn.
    pub fn metric(&mut self, key: &str, value: f64, step: u32) {
        if value.is_finite() {
            self.metrics.push(Metric { key: key.into(), value, timestamp: now_ms(), step: step.into() });
        }
    }
}

impl Status {
    /// `status` from now on.
    pub fn now(status: RunStatus) -> Self {
        Self { status, ended_ms: (status != RunStatus::Running).then(now_ms) }
    }
}
