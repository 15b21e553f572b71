//! One training in memory: the epochs of a learner.

use std::sync::Arc;
use std::time::Instant;

use super::TrainError;
use super::learner::{Learner, Schedule, loss_of};
use super::params::TrainParams;
use super::photos::Photos;
use super::record::{CalibrationRecord, EpochRecord};
use super::run::Event;
use super::sampler::{Sampler, steps_per_epoch};
use super::validation::{Validation, calibrate, validate};
use super::weights::Weights;
use crate::net::{Model, ModelFileError, ModelMetadata, write_model};
use crate::segment::{Segmenter, TileSettings};

/// Takes the epochs of a training.
#[derive(Debug)]
pub struct Trainer<'a> {
    photos: &'a Photos,
    params: &'a TrainParams,
    metadata: ModelMetadata,
    /// The weights.
    pub learner: Learner<'a>,
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
        let an_epoch = steps_per_epoch(photos.train.len(), params);
        let [warmup, steps] = [params.warmup_epochs, params.epochs].map(|epochs| an_epoch * u64::from(epochs));
        Ok(Self { photos, params, metadata, learner: Learner::new(params, Schedule { warmup, steps }, init)? })
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
        let (start, epoch) = (Instant::now(), self.learner.state.log.history.len() as u32);
        let sampler = Sampler::new(&self.photos.train, self.params, self.metadata.input, epoch);
        let (mut sum, mut rate) = (0.0, 0.0);
        for step in 0..self.steps_per_epoch() {
            let begin = Instant::now();
            let (loss, learning_rate) = self.learner.step(&sampler.batch(step))?;
            (sum, rate) = (sum + loss, learning_rate);
            let images_per_second = self.params.batch as f64 / begin.elapsed().as_secs_f64();
            observer(Event::Step { steps: self.learner.state.log.steps, loss, images_per_second });
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
        if self.learner.state.log.add(record) {
            self.learner.state.best.clone_from(&self.learner.state.average);
        }
        Ok(())
    }

    fn validate(&self) -> Result<Validation, TrainError> {
        let segmenter = self.segmenter(&self.learner.state.average, &self.metadata)?;
        validate(&segmenter, &loss_of(self.params), &self.photos.validation)
    }

    /// Temperature, threshold and core of the best weights.
    ///
    /// # Errors
    /// If the network fails.
    pub fn calibrate(&self) -> Result<CalibrationRecord, TrainError> {
        let at = |temperature, threshold| {
            let metadata = ModelMetadata { temperature, threshold, ..self.metadata.clone() };
            self.segmenter(&self.learner.state.best, &metadata)
        };
        calibrate(at, &self.photos.validation)
    }

    /// The model file of the best epoch.
    ///
    /// # Errors
    /// If the weights cannot be written.
    pub fn best_model(&self, calibration: &CalibrationRecord) -> Result<Vec<u8>, TrainError> {
        let CalibrationRecord { temperature, threshold, core, .. } = *calibration;
        let metadata = ModelMetadata { temperature, threshold, core, ..self.metadata.clone() };
        self.model_file(&self.learner.state.best, &metadata).map_err(model_error)
    }

    /// What `weights` answer.
    fn segmenter(&self, weights: &Weights, metadata: &ModelMetadata) -> Result<Segmenter, TrainError> {
        let bytes = self.model_file(weights, metadata).map_err(model_error)?;
        let model: Arc<Model> = Model::from_bytes(&bytes).map_err(model_error)?;
        Ok(Segmenter::new(model, TileSettings::default()))
    }

    fn model_file(&self, weights: &Weights, metadata: &ModelMetadata) -> Result<Vec<u8>, ModelFileError> {
        let state = self.learner.table().unflatten(&weights.parameters, &weights.statistics);
        write_model(metadata, &state)
    }
}

/// Weights that were trained here and are not a model.
fn model_error(source: ModelFileError) -> TrainError {
    TrainError::Model { path: "the weights in training".into(), source }
}
