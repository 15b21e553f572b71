//! Hyper-parameters: `params.yaml`, overridden by flags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TrainError;

/// The file in the repository, which the binary carries as its default.
const DEFAULTS: &str = include_str!("../../params.yaml");

/// How the network is trained. `params.yaml` explains every key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainParams {
    /// Channels of the first level, a multiple of 8.
    pub base_width: usize,
    /// Passes through the photographs.
    pub epochs: u32,
    /// Crops a step.
    pub batch: usize,
    /// Side of a crop in pixels, a multiple of 16.
    pub crop: u32,
    /// Crops of each photograph an epoch.
    pub crops_per_photo: u32,
    /// Learning rate after the warm-up.
    pub learning_rate: f32,
    /// Epochs in which the learning rate rises.
    pub warmup_epochs: u32,
    /// Decay of convolution weights.
    pub weight_decay: f32,
    /// Largest Euclidean norm of the gradient.
    pub gradient_clip: f64,
    /// Weight of the Dice loss beside that of the cross-entropy, which is 1.
    pub dice_weight: f64,
    /// Momentum of the running statistics.
    pub norm_momentum: f32,
    /// Decay of the average of the weights, a step.
    pub average_decay: f32,
    /// Whether fine-tuning keeps the batch-norm statistics of the first model.
    pub freeze_norms: bool,
    /// Whether crops are turned, scaled and changed in light.
    pub augment: bool,
    /// Equal seeds give equal trainings.
    pub seed: u64,
}

/// The section that is read where none is named.
pub const RECIPE: &str = "train";

impl TrainParams {
    /// Reads the section `recipe` of a parameter file; without a file, of that of the repository.
    ///
    /// # Errors
    /// If it is not YAML, there is no such section, or a key in it is unknown or missing.
    pub fn parse(yaml: Option<&str>, recipe: &str) -> Result<Self, TrainError> {
        let problem = |e: &dyn std::fmt::Display| TrainError::Params(e.to_string());
        let sections: BTreeMap<String, serde_json::Value> =
            serde_saphyr::from_str(yaml.unwrap_or(DEFAULTS)).map_err(|e| problem(&e))?;
        let section = sections.get(recipe).ok_or_else(|| problem(&format!("there is no section `{recipe}`")))?;
        Self::deserialize(section).map_err(|e| problem(&format!("{recipe}: {e}")))
    }

    /// Checks every value.
    ///
    /// # Errors
    /// A sentence about the first value that is wrong.
    pub fn validate(&self) -> Result<(), TrainError> {
        let share = |v: f32| (0.0..=1.0).contains(&v);
        let side = self.crop as usize;
        let checks = [
            (
                self.base_width > 0 && self.base_width <= 512 && self.base_width.is_multiple_of(8),
                "base_width must be a multiple of 8 up to 512",
            ),
            (self.epochs > 0, "epochs must be above 0"),
            (self.batch > 0, "batch must be above 0"),
            (side > 0 && side <= 4096 && side.is_multiple_of(16), "crop must be a multiple of 16 up to 4096"),
            (self.crops_per_photo > 0, "crops_per_photo must be above 0"),
            (self.learning_rate > 0.0 && self.learning_rate < 1.0, "learning_rate must be above 0 and below 1"),
            (share(self.weight_decay), "weight_decay must be from 0 to 1"),
            (self.gradient_clip > 0.0, "gradient_clip must be above 0"),
            (self.dice_weight >= 0.0 && self.dice_weight.is_finite(), "dice_weight must not be negative"),
            (share(self.norm_momentum), "norm_momentum must be from 0 to 1"),
            (share(self.average_decay) && self.average_decay < 1.0, "average_decay must be from 0 to below 1"),
        ];
        let wrong = checks.into_iter().find(|(ok, _)| !ok);
        wrong.map_or(Ok(()), |(_, problem)| Err(TrainError::Params(format!("train.{problem}"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_s_file_is_valid_and_others_are_read_strictly() {
        let params = TrainParams::parse(None, RECIPE).unwrap();
        params.validate().unwrap();
        assert_eq!((params.base_width, params.batch, params.crop), (16, 8, 256));
        let unknown = DEFAULTS.replace("batch:", "batches:");
        let error = TrainParams::parse(Some(&unknown), RECIPE).unwrap_err().to_string();
        assert!(error.contains("batches"), "{error}");
        let missing = DEFAULTS.replace("  seed: 1\n", "");
        let error = TrainParams::parse(Some(&missing), RECIPE).unwrap_err().to_string();
        assert!(error.contains("seed"), "{error}");
        let error = TrainParams::parse(None, "bake").unwrap_err().to_string();
        assert!(error.contains("no section `bake`"), "{error}");
        let odd = TrainParams { crop: 250, ..params };
        assert!(odd.validate().unwrap_err().to_string().contains("multiple of 16"));
    }
}
