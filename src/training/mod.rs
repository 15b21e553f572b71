//! Training: photographs in, a model file out.
//!
//! An epoch draws crops (`sampler`: `crop` cuts, `light` changes them), takes a step for each batch (`learner`: the
//! network's gradient, `optimiser`, the average of the `weights`), scores the average on the validation photographs
//! (`validation`), and writes a checkpoint. At the end the best weights get temperature and threshold. What is trained depends on data, parameters and seed alone: not on the number
//! of threads, and not on whether it was stopped and resumed.

mod checkpoint;
mod cores;
mod crop;
mod curve;
mod files;
mod learner;
mod light;
mod optimiser;
mod params;
mod photos;
mod record;
mod run;
mod sampler;
mod trainer;
mod validation;
mod weights;

use std::io;
use std::path::PathBuf;

pub use files::{with_suffix, write_whole};
pub use learner::{Learner, Schedule};
pub use optimiser::{AdamW, Update};
pub use params::{RECIPE, TrainParams};
pub use record::{CalibrationRecord, EpochRecord, FolderScore, Sidecar};
pub use run::{Event, TrainingRun};
pub use sampler::Samples;

use crate::evaluation::DatasetError;
use crate::net::{ModelFileError, NetError, StateError};

/// Why a training cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The hyper-parameters are wrong.
    #[error("training parameters: {0}")]
    Params(String),
    /// A data folder is wrong.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A split is empty.
    #[error("{}: there is no photograph for `{split}`", folder.display())]
    NoPhotographs {
        /// The data folder.
        folder: PathBuf,
        /// `train` or `val`.
        split: &'static str,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The model to begin with, or the one to write, is wrong.
    #[error("{}: {source}", path.display())]
    Model {
        /// The model file.
        path: PathBuf,
        /// What is wrong.
        source: ModelFileError,
    },
    /// The model to begin with does not fit.
    #[error("{}: {problem}", path.display())]
    Init {
        /// The model file.
        path: PathBuf,
        /// Why it cannot be trained on.
        problem: String,
    },
    /// The checkpoint does not fit or is damaged.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Why it cannot be gone on from.
        problem: String,
    },
    /// The kernels cannot be had.
    #[error(transparent)]
    Isa(#[from] hairline_kernel::isa::IsaError),
    /// A tensor is missing.
    #[error(transparent)]
    State(#[from] StateError),
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetError),
    /// The loss is not a number any more.
    #[error("the loss is {loss} in step {step}: try a lower learning rate")]
    Diverged {
        /// The step, from 0.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// A result cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
