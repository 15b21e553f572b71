//! One training in memory: its weights, and the steps and epochs that move them.

use std::sync::Arc;
use std::time::Instant;

use hairline_kernel::isa::Isa;
use hairline_kernel::loss::BceDice;

use super::TrainError;
use super::optimiser::{self, AdamW, Update};
use super::params::TrainParams;
use super::photos::Photos;
use super::record::{EpochRecord, Log};
use super::run::Event;
use super::sampler::{Sampler, Samples, steps_per_epoch};
use super::validation::{Validation, validate};
use super::weights::{Weights, decay_at};
use crate::net::plan::{Batch, Norms, Statistics, TrainStep};
use crate::net::{Architecture, Model, ModelFileError, ModelMetadata, write_model};
use crate::segment::{Segmenter, TileSettings};

/// What changes during a training; a checkpoint holds all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The weights that are trained.
    pub current: Weights,
    /// Their moving average.
    pub average: Weights,
    /// The average of the best epoch.
    pub best: Weights,
    /// The optimiser's moments.
    pub optimiser: AdamW,
    /// Scores and counters.
    pub log: Log,
}

/// Takes the steps of a training.
#[derive(Debug)]
pub struct Trainer<'a> {
    photos: &'a Photos,
    params: &'a TrainParams,
    metadata: ModelMetadata,
    network: TrainStep,
    frozen: Option<Statistics>,
    decayed: Vec<bool>,
    gradient: Vec<f32>,
    /// What was trained so far.
    pub state: State,
}

impl State {
    fn new(weights: Weights) -> Self {
        let optimiser = AdamW::new(weights.parameters.len());
        Self { average: weights.clone(), best: weights.clone(), current: weights, optimiser, log: Log::default() }
    }
}

impl<'a> Trainer<'a> {
    /// Begins with `init`, or with random weights. `metadata` is that of the model to write.
    ///
    /// # Errors
    /// If `HAIRLINE_ISA` asks for what this processor lacks.
    pub fn new(
        photos: &'a Photos,
        params: &'a TrainParams,
        metadata: ModelMetadata,
        init: Option<Weights>,
    ) -> Result<Self, TrainError> {
        let architecture = Architecture { base_width: params.base_width };
        let network = TrainStep::new(Isa::from_env()?, architecture);
        let frozen = init.as_ref().filter(|_| params.freeze_norms).map(|weights| weights.statistics.clone());
        let weights = init.unwrap_or_else(|| Weights::initial(architecture, &network.table, params.seed));
        let decayed = optimiser::decayed(architecture, &network.table);
        let gradient = vec![0.0; network.table.parameter_count()];
        Ok(Self { photos, params, metadata, network, frozen, decayed, gradient, state: State::new(weights) })
    }

    /// Steps of the whole training.
    pub fn steps(&self) -> u64 {
        self.steps_per_epoch() * u64::from(self.params.epochs)
    }

    fn steps_per_epoch(&self) -> u64 {
        steps_per_epoch(self.photos.train.len(), self.params)
    }

    /// Trains and validates the next epoch; its record is the last of the log.
    ///
    /// # Errors
    /// If the loss is no number any more, or the network fails.
    pub fn epoch(&mut self, observer: &mut dyn FnMut(Event)) -> Result<(), TrainError> {
        let (start, epoch) = (Instant::now(), self.state.log.history.len() as u32);
        let sampler = Sampler::new(&self.photos.train, self.params, self.metadata.input, epoch);
        let (mut sum, mut rate) = (0.0, 0.0);
        for step in 0..self.steps_per_epoch() {
            let begin = Instant::now();
            let (loss, learning_rate) = self.step(&sampler.batch(step))?;
            (sum, rate) = (sum + loss, learning_rate);
            let images_per_second = self.params.batch as f64 / begin.elapsed().as_secs_f64();
            observer(Event::Step { steps: self.state.log.steps, loss, images_per_second });
        }
        let Validation { threshold, f1, loss, folders } = self.validate()?;
        let record = EpochRecord {
            epoch: epoch + 1,
            train_loss: (sum / self.steps_per_epoch() as f64) as f32,
            val_loss: loss,
            val_f1: f1,
            threshold,
            folders,
            learning_rate: rate,
            seconds: start.elapsed().as_secs_f32(),
        };
        observer(Event::Epoch { record: &record, epochs: self.params.epochs });
        if self.state.log.add(record) {
            self.state.best.clone_from(&self.state.average);
        }
        Ok(())
    }

    /// One step; gives its loss and learning rate.
    fn step(&mut self, samples: &Samples) -> Result<(f64, f32), TrainError> {
        let (params, step, side) = (self.params, self.state.log.steps, self.params.crop as usize);
        let batch = Batch { input: &samples.input, size: [params.batch, side, side] };
        let norms = self.frozen.as_ref().map_or(Norms::Batch, Norms::Frozen);
        let loss = (&loss_of(params), samples.targets.as_slice());
        let parameters = &self.state.current.parameters;
        let result = self.network.run(parameters, norms, batch, loss, &mut self.gradient);
        let norm = optimiser::clip(&mut self.gradient, params.gradient_clip);
        if !result.loss.is_finite() || !norm.is_finite() {
            return Err(TrainError::Diverged { step, loss: result.loss });
        }
        let share = optimiser::rate_share(step, self.warmup(), self.steps());
        let update = Update { count: step + 1, rate: params.learning_rate * share, decay: params.weight_decay };
        let State { current, average, optimiser, log, .. } = &mut self.state;
        optimiser.update(&mut current.parameters, &self.gradient, &self.decayed, update);
        if self.frozen.is_none() {
            current.statistics.update(&result.statistics, params.norm_momentum);
        }
        average.average(current, decay_at(step, params.average_decay));
        log.steps += 1;
        Ok((result.loss, update.rate))
    }

    fn warmup(&self) -> u64 {
        self.steps_per_epoch() * u64::from(self.params.warmup_epochs)
    }

    fn validate(&self) -> Result<Validation, TrainError> {
        let bytes = self.model_file(&self.state.average, self.metadata.threshold).map_err(model_error)?;
        let model: Arc<Model> = Model::from_bytes(&bytes).map_err(model_error)?;
        validate(&Segmenter::new(model, TileSettings::default()), &loss_of(self.params), &self.photos.validation)
    }

    /// The model file of the best epoch.
    ///
    /// # Errors
    /// If no epoch was trained, or the weights cannot be written.
    pub fn best_model(&self) -> Result<Vec<u8>, TrainError> {
        let threshold = self.state.log.best().map_or(self.metadata.threshold, |best| best.threshold);
        self.model_file(&self.state.best, threshold).map_err(model_error)
    }

    fn model_file(&self, weights: &Weights, threshold: f32) -> Result<Vec<u8>, ModelFileError> {
        let state = self.network.table.unflatten(&weights.parameters, &weights.statistics);
        write_model(&ModelMetadata { threshold, ..self.metadata.clone() }, &state)
    }
}

fn loss_of(params: &TrainParams) -> BceDice {
    BceDice { dice: params.dice_weight, ..BceDice::default() }
}

/// Weights that were trained here and are not a model.
fn model_error(source: ModelFileError) -> TrainError {
    TrainError::Model { path: "the weights in training".into(), source }
}
