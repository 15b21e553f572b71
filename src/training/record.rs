//! What is remembered of a training: a record an epoch, and the sidecar beside the model file.

use serde::{Deserialize, Serialize};

use super::params::TrainParams;

/// One epoch. Scores are those of the averaged weights, 0..1.
///
/// All figures are f32, which JSON gives back exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean loss of the steps.
    pub train_loss: f32,
    /// Loss on the validation photographs, mean over folders.
    pub val_loss: f32,
    /// Pixel-exact F1 at `threshold`, mean over folders.
    pub val_f1: f32,
    /// The threshold of the best mean F1.
    pub threshold: f32,
    /// Each folder by itself.
    pub folders: Vec<FolderScore>,
    /// Learning rate of the last step.
    pub learning_rate: f32,
    /// Wall-clock time.
    pub seconds: f32,
}

/// The validation photographs of one data folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FolderScore {
    /// Name of the folder.
    pub name: String,
    /// F1 at the common threshold, pixels pooled.
    pub f1: f32,
    /// Loss.
    pub loss: f32,
}

/// Temperature, threshold and core of the model file, chosen on the validation photographs after training.
///
/// Scores are means over folders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationRecord {
    /// Logits are divided by it before the sigmoid.
    pub temperature: f32,
    /// Probability, at that temperature, from which on a pixel counts as crack.
    pub threshold: f32,
    /// Probability that a region has to reach somewhere to count.
    pub core: f32,
    /// Pixel-exact F1 at `threshold`, with `core`.
    pub val_f1: f32,
    /// The same where no core is asked for.
    pub val_f1_without_core: f32,
    /// Share of all folders' crack-free tiles with a false alarm; null without such tiles.
    pub val_alarm_share: Option<f32>,
    /// The same where no core is asked for.
    pub val_alarm_share_without_core: Option<f32>,
    /// Negative log likelihood of a pixel's label in nats.
    pub val_nll: f32,
    /// The same as trained, with the temperature 1.
    pub val_nll_at_temperature_1: f32,
    /// Expected calibration error, 0..1.
    pub val_ece: f32,
    /// The same as trained, with the temperature 1.
    pub val_ece_at_temperature_1: f32,
}

/// What a checkpoint holds beside vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Steps done.
    pub steps: u64,
    /// Epochs done.
    pub history: Vec<EpochRecord>,
    /// Index in `history` of the epoch whose weights are kept.
    pub best: Option<usize>,
}

impl Log {
    /// The record of the epoch whose weights are kept.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.history.get(self.best?)
    }

    /// Adds an epoch; says whether its weights are the best so far. Of equals, the first stays.
    pub fn add(&mut self, record: EpochRecord) -> bool {
        let better = self.best().is_none_or(|best| record.val_f1 > best.val_f1);
        if better {
            self.best = Some(self.history.len());
        }
        self.history.push(record);
        better
    }
}

/// The JSON file beside the model: all that would make equal trainings differ, and all scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Name of the model.
    pub name: String,
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// Version of the program.
    pub version: String,
    /// The data folders as they were given.
    pub data: Vec<String>,
    /// SHA-256 over all photographs and masks.
    pub data_sha256: String,
    /// The model that it began with.
    pub init: Option<String>,
    /// Hyper-parameters.
    pub params: TrainParams,
    /// The epoch whose weights were kept.
    pub best: EpochRecord,
    /// Temperature, threshold and core of the model file.
    pub calibration: CalibrationRecord,
    /// Time of all epochs.
    pub seconds: f32,
    /// All epochs.
    pub history: Vec<EpochRecord>,
}
