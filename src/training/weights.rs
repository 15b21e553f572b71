//! Weights with their running statistics: how they begin, and their moving average.

use crate::net::Architecture;
use crate::net::plan::{ParameterTable, Statistics};
use crate::synth::random::Random;

/// Sets the draws of the first weights apart from those of other parts.
const STREAM: u64 = 0x57;

/// Everything that a model file holds of a network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// The flat vector of parameters.
    pub parameters: Vec<f32>,
    /// Running means and variances of the batch norms.
    pub statistics: Statistics,
}

impl Weights {
    /// Kaiming-normal weights (He et al. 2015: deviation √(2 / inputs of an output)), biases 0, norms 1 and 0.
    ///
    /// The PyTorch original starts from PyTorch's default, a uniform distribution of a sixth of this variance.
    pub fn initial(architecture: Architecture, table: &ParameterTable, seed: u64) -> Self {
        let mut parameters = vec![0.0; table.parameter_count()];
        for (index, (name, shape)) in architecture.tensors().into_iter().enumerate() {
            if name.contains(".running_") {
                continue;
            }
            let values = &mut parameters[table.range(&name)];
            if let [_, inputs, height, width] = shape[..] {
                // Strides of a transposed convolution do not overlap, so an output sees one tap of every input.
                let fan_in = if name.starts_with("Up") && height == 2 { shape[0] } else { inputs * height * width };
                let deviation = (2.0 / fan_in as f32).sqrt();
                let mut random = Random::keyed([seed, 0, index as u64, STREAM]);
                values.iter_mut().for_each(|value| *value = deviation * random.normal());
            } else if name.ends_with(".weight") {
                values.fill(1.0);
            }
        }
        Self { parameters, statistics: table.fresh_statistics() }
    }

    /// Moves towards `other`, keeping the share `decay`.
    pub fn average(&mut self, other: &Self, decay: f32) {
        let share = 1.0 - decay;
        let pairs = self.parameters.iter_mut().zip(&other.parameters);
        pairs.for_each(|(average, value)| *average += share * (value - *average));
        self.statistics.update(&other.statistics, share);
    }
}

/// The decay of the average at `step`: short memory at first, so that the first weights are soon forgotten.
pub fn decay_at(step: u64, decay: f32) -> f32 {
    decay.min((1.0 + step as f32) / (10.0 + step as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_weights_have_the_deviation_of_their_layer() {
        let architecture = Architecture { base_width: 16 };
        let table = ParameterTable::new(architecture);
        let weights = Weights::initial(architecture, &table, 1);
        let deviation = |name: &str| {
            let values = &weights.parameters[table.range(name)];
            (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
        };
        for (name, fan_in) in
            [("Conv5.conv.3.weight", 2304.0f32), ("Up5.weight", 256.0), ("UpConv5.conv.0.weight", 2304.0)]
        {
            let expected = (2.0 / fan_in).sqrt();
            assert!((deviation(name) / expected - 1.0).abs() < 0.02, "{name}: {} {expected}", deviation(name));
        }
        assert_eq!((deviation("Conv1.conv.1.weight"), deviation("Conv1.conv.0.bias")), (1.0, 0.0));
        assert_eq!(weights, Weights::initial(architecture, &table, 1));
        assert_ne!(weights, Weights::initial(architecture, &table, 2));
    }

    #[test]
    fn the_average_follows_and_settles() {
        let weights =
            |v: f32| Weights { parameters: vec![v], statistics: Statistics { mean: vec![v], variance: vec![v] } };
        let mut average = weights(0.0);
        for step in 0..200 {
            average.average(&weights(1.0), decay_at(step, 0.9));
        }
        assert!((average.parameters[0] - 1.0).abs() < 1e-5 && (average.statistics.variance[0] - 1.0).abs() < 1e-5);
        assert_eq!(decay_at(0, 0.9), 0.1);
        assert_eq!(decay_at(10_000, 0.9), 0.9);
    }
}
