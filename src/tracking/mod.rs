//! Tracking: an MLflow server is told of trainings, over its REST API.
//!
//! Everything is queued in the store first, durably and in order (`Outbox`); what waits there is sent (`push`) beside
//! the training (`Recorder`), by the next training, or on demand. An answer that got lost leads to no second run: before
//! it makes something, `mlflow` looks whether it is there.

mod client;
mod entry;
mod mlflow;
mod names;
mod outbox;
mod push;
mod recorder;
mod repository;

use std::io;

pub use entry::{Begin, Entry, FileEntry, Log, Metric, Pair, RunStatus, Status, Version};
pub use mlflow::Server;
pub use names::{clean_name, valid_alias};
pub use outbox::Outbox;
pub use push::{Pushed, push};
pub use recorder::Recorder;
pub use repository::commit;

use crate::store::StoreError;

/// Folder among a run's files that holds the model with what belongs to it; registered versions point there.
pub const MODEL_FOLDER: &str = "model";
/// Folder among a run's files that holds all others.
pub const EXTRA_FOLDER: &str = "extra";

/// Why something could not be queued or sent.
#[derive(Debug, thiserror::Error)]
pub enum TrackingError {
    /// The queue failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read, or a thread cannot be started.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The queue holds something that this version does not know.
    #[error("`{name}` in the queue cannot be read: {source}")]
    Entry {
        /// Name of the entry.
        name: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A file in the queue is not what was put there.
    #[error("{0} is damaged: its SHA-256 is another than when it was queued")]
    Damaged(String),
    /// An environment variable is wrong.
    #[error("{variable} {problem}")]
    Environment {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody answers.
    #[error("{uri} cannot be reached: {reason}")]
    Unreachable {
        /// Address of the server.
        uri: String,
        /// Why not.
        reason: String,
    },
    /// The credentials are missing or do not do.
    #[error(
        "{uri} denies access (HTTP {status}); set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and \
         MLFLOW_TRACKING_PASSWORD"
    )]
    Denied {
        /// Address of the server.
        uri: String,
        /// HTTP status.
        status: u16,
    },
    /// Somebody else answers.
    #[error("{uri} does not answer as an MLflow server does: {answer}")]
    Foreign {
        /// Address of the server.
        uri: String,
        /// The beginning of the answer.
        answer: String,
    },
    /// The server understands and will not.
    #[error("{uri} refuses: {message} ({code})")]
    Refused {
        /// Address of the server.
        uri: String,
        /// MLflow's error code.
        code: String,
        /// Its explanation.
        message: String,
    },
    /// The run is known elsewhere.
    #[error("the training was begun on {0}; set tracking.mlflow_uri to that, or discard what waits")]
    OtherServer(String),
    /// The server does not take files.
    #[error("the server keeps files at {0}, to which only it can write; start it with --serve-artifacts")]
    ArtifactStore(String),
}

impl TrackingError {
    /// Whether it says nothing of the other runs that wait.
    fn concerns_one_run(&self) -> bool {
        matches!(
            self,
            Self::Entry { .. }
                | Self::Damaged(_)
                | Self::Refused { .. }
                | Self::OtherServer(_)
                | Self::ArtifactStore(_)
        )
    }
}
