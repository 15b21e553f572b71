//! A training from data folders to the files that it leaves.

use std::path::{Path, PathBuf};

use super::TrainError;
use super::checkpoint::{self, Identity};
use super::curve::loss_curve;
use super::files::{with_suffix, write_whole};
use super::params::TrainParams;
use super::photos::Photos;
use super::record::{EpochRecord, Sidecar};
use super::trainer::Trainer;
use super::weights::Weights;
use crate::digest::sha256_hex;
use crate::evaluation::name_of;
use crate::net::plan::ParameterTable;
use crate::net::{ARCHITECTURE, Architecture, InputScale, InputSpec, ModelMetadata, read_model};

/// How photographs become the network's input.
const INPUT: InputSpec = InputSpec { mean: [0.5; 3], scale: InputScale::Native, std: [0.25; 3] };

/// What is to be trained, and where to.
#[derive(Debug, Clone)]
pub struct TrainingRun {
    /// Data folders.
    pub data: Vec<PathBuf>,
    /// The model file to write; the other files stand beside it.
    pub out: PathBuf,
    /// The model file to begin with; its base width replaces that of `params`.
    pub init: Option<PathBuf>,
    /// Go on from the checkpoint, if there is one.
    pub resume: bool,
    /// Name of the model.
    pub name: String,
    /// Licence of the weights.
    pub licence: String,
    /// Hyper-parameters.
    pub params: TrainParams,
}

/// What happens during a training.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// All photographs are in memory, and so is the checkpoint.
    Begin {
        /// Steps of the whole training.
        steps: u64,
        /// Steps that were done before.
        done: u64,
        /// Hyper-parameters as they hold.
        params: &'a TrainParams,
        /// SHA-256 over all photographs and masks, hexadecimal.
        data_sha256: &'a str,
        /// Epochs that were done before.
        history: &'a [EpochRecord],
    },
    /// A step is done.
    Step {
        /// Steps done.
        steps: u64,
        /// Its loss.
        loss: f64,
        /// Crops a second in this step.
        images_per_second: f64,
    },
    /// An epoch is validated; its checkpoint is not written yet.
    Epoch {
        /// Its scores.
        record: &'a EpochRecord,
        /// Epochs of the whole training.
        epochs: u32,
    },
    /// The checkpoint of the last epoch is durable.
    Checkpoint,
    /// The model, its sidecar and its curve are durable, and the checkpoint is still there.
    Written(&'a Sidecar),
}

/// A model to begin with.
struct Init {
    weights: Weights,
    input: InputSpec,
    sha256: String,
}

impl TrainingRun {
    /// Trains, and writes the model file, its sidecar and its curve.
    ///
    /// # Errors
    /// If data, parameters, first model or checkpoint are wrong, a file cannot be written, or the loss diverges.
    pub fn execute(mut self, observer: &mut dyn FnMut(Event)) -> Result<Sidecar, TrainError> {
        let init = self.init.as_deref().map(read_init).transpose()?;
        if let Some((_, base_width)) = &init {
            self.params.base_width = *base_width;
        }
        self.params.validate()?;
        let init = init.map(|(init, _)| init);
        let checkpoint = with_suffix(&self.out, ".checkpoint");
        // Before hours of training, not after them.
        if let Some(folder) = self.out.parent() {
            fs_err::create_dir_all(folder)?;
        }
        if !self.resume && checkpoint.exists() {
            let problem = "an earlier training stopped here: go on with --resume, or remove this file".into();
            return Err(TrainError::Checkpoint { path: checkpoint, problem });
        }
        let photos = Photos::load(&self.data)?;
        let identity = Identity {
            params: self.params.clone(),
            data_sha256: photos.sha256.clone(),
            init_sha256: init.as_ref().map(|init| init.sha256.clone()),
        };
        let metadata = self.metadata(init.as_ref().map_or(INPUT, |init| init.input));
        metadata.validate().map_err(TrainError::Params)?;
        let mut trainer = Trainer::new(&photos, &self.params, metadata, init.map(|init| init.weights))?;
        if checkpoint.exists() {
            checkpoint::read(&checkpoint, &identity, &mut trainer.learner.state)?;
        }
        let log = &trainer.learner.state.log;
        observer(Event::Begin {
            steps: trainer.steps(),
            done: log.steps,
            params: &self.params,
            data_sha256: &identity.data_sha256,
            history: &log.history,
        });
        while (trainer.learner.state.log.history.len() as u32) < self.params.epochs {
            trainer.epoch(observer)?;
            checkpoint::write(&checkpoint, &identity, &mut trainer.learner.state)?;
            observer(Event::Checkpoint);
        }
        let sidecar = self.write(&trainer, identity)?;
        observer(Event::Written(&sidecar));
        fs_err::remove_file(&checkpoint)?;
        Ok(sidecar)
    }

    fn metadata(&self, input: InputSpec) -> ModelMetadata {
        let mut trained_on: Vec<String> = self.data.iter().map(|folder| name_of(folder)).collect();
        trained_on.sort();
        trained_on.dedup();
        ModelMetadata {
            architecture: ARCHITECTURE.into(),
            base_width: self.params.base_width,
            core: 0.0,
            format: 1,
            input,
            licence: self.licence.clone(),
            name: self.name.clone(),
            parameters_sha256: String::new(),
            temperature: 1.0,
            threshold: 0.5,
            trained_on,
        }
    }

    fn write(&self, trainer: &Trainer, identity: Identity) -> Result<Sidecar, TrainError> {
        let log = &trainer.learner.state.log;
        let Some(best) = log.best().cloned() else {
            return Err(TrainError::Params("no epoch was trained".into()));
        };
        let calibration = trainer.calibrate()?;
        let model = trainer.best_model(&calibration)?;
        let sidecar = Sidecar {
            name: self.name.clone(),
            model_sha256: sha256_hex(&model),
            version: env!("CARGO_PKG_VERSION").into(),
            data: self.data.iter().map(|folder| name_of(folder)).collect(),
            data_sha256: identity.data_sha256,
            init: self.init.as_ref().map(|init| init.display().to_string()),
            params: identity.params,
            best,
            calibration,
            seconds: log.history.iter().map(|record| record.seconds).sum(),
            history: log.history.clone(),
        };
        write_whole(&self.out, &model)?;
        write_whole(&self.out.with_extension("json"), serde_json::to_string_pretty(&sidecar)?.as_bytes())?;
        write_whole(&self.out.with_extension("svg"), loss_curve(&sidecar).as_bytes())?;
        Ok(sidecar)
    }
}

/// Reads the model to begin with, and its base width.
fn read_init(path: &Path) -> Result<(Init, usize), TrainError> {
    let bytes = fs_err::read(path)?;
    let (metadata, state) = read_model(&bytes).map_err(|source| TrainError::Model { path: path.to_owned(), source })?;
    if metadata.input.scale != InputScale::Native {
        let problem = format!("it sees photographs at {}, training needs native", metadata.input.scale);
        return Err(TrainError::Init { path: path.to_owned(), problem });
    }
    let table = ParameterTable::new(Architecture { base_width: metadata.base_width });
    let (parameters, statistics) = table.flatten(&state)?;
    let weights = Weights { parameters, statistics };
    Ok((Init { weights, input: metadata.input, sha256: sha256_hex(&bytes) }, metadata.base_width))
}
