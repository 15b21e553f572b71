//! AdamW (Loshchilov and Hutter 2019) over one flat vector, as `torch.optim.AdamW` computes it.

use std::f64::consts::PI;
use std::ops::Range;

use rayon::prelude::*;

use crate::net::Architecture;
use crate::net::plan::ParameterTable;

const BETAS: (f32, f32) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;
/// Floats that one thread takes at a time; sums keep their order for any number of threads.
const RUN: usize = 1 << 14;
/// Share of the learning rate that is left at the end.
const FINAL_SHARE: f64 = 0.01;

/// Both moments of the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW {
    /// Running mean.
    pub first: Vec<f32>,
    /// Running mean of the squares.
    pub second: Vec<f32>,
}

/// What one update is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Updates up to and with this one.
    pub count: u64,
    /// Learning rate.
    pub rate: f32,
    /// Decay of weights where the mask is set.
    pub decay: f32,
}

impl AdamW {
    /// No gradient was seen yet.
    pub fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len] }
    }

    /// Moves `parameters` against `gradient`; those in `decayed` also shrink.
    pub fn update(&mut self, parameters: &mut [f32], gradient: &[f32], decayed: &[bool], update: Update) {
        let corrections = [BETAS.0, BETAS.1].map(|beta| 1.0 - f64::from(beta).powf(update.count as f64));
        let size = (f64::from(update.rate) / corrections[0]) as f32;
        let root = corrections[1].sqrt() as f32;
        let shrink = 1.0 - update.rate * update.decay;
        let moments = self.first.par_chunks_mut(RUN).zip(self.second.par_chunks_mut(RUN));
        let values = parameters.par_chunks_mut(RUN).zip(gradient.par_chunks(RUN)).zip(decayed.par_chunks(RUN));
        moments.zip(values).for_each(|((first, second), ((parameters, gradient), decayed))| {
            let moments = first.iter_mut().zip(second);
            for ((m, v), ((p, &g), &decays)) in moments.zip(parameters.iter_mut().zip(gradient).zip(decayed)) {
                *m += (g - *m) * (1.0 - BETAS.0);
                *v = *v * BETAS.1 + g * g * (1.0 - BETAS.1);
                let kept = if decays { *p * shrink } else { *p };
                *p = kept - size * *m / (v.sqrt() / root + EPSILON);
            }
        });
    }
}

/// Which parameters decay: the weights of convolutions, not biases and norms.
pub fn decayed(architecture: Architecture, table: &ParameterTable) -> Vec<bool> {
    let mut mask = vec![false; table.parameter_count()];
    for (name, shape) in architecture.tensors() {
        if shape.len() == 4 {
            let range: Range<usize> = table.range(&name);
            mask[range].fill(true);
        }
    }
    mask
}

/// Scales `gradient` down to a Euclidean norm of `limit`; returns the norm it had.
pub fn clip(gradient: &mut [f32], limit: f64) -> f64 {
    let square = |run: &[f32]| run.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>();
    let sums: Vec<f64> = gradient.par_chunks(RUN).map(square).collect();
    let norm = sums.into_iter().sum::<f64>().sqrt();
    if norm > limit {
        let scale = (limit / norm) as f32;
        gradient.par_chunks_mut(RUN).for_each(|run| run.iter_mut().for_each(|g| *g *= scale));
    }
    norm
}

/// Share of the learning rate in `step` of `steps`: a rise over `warmup` steps, then a cosine (Loshchilov and Hutter 2017).
pub fn rate_share(step: u64, warmup: u64, steps: u64) -> f32 {
    if step < warmup {
        return ((step + 1) as f64 / warmup as f64) as f32;
    }
    let done = (step - warmup) as f64 / (steps.saturating_sub(warmup)).max(1) as f64;
    (FINAL_SHARE + (1.0 - FINAL_SHARE) * 0.5 * (1.0 + (PI * done.min(1.0)).cos())) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the first step, m/(1−β₁) = g and √(v/(1−β₂)) = |g|, so the step is rate · sign(g) beside the decay. In the
    /// second, m = 0.9·0.1·g₁ + 0.1·g₂ over 0.19 and v = 0.999·0.001·g₁² + 0.001·g₂² over 0.001999.
    #[test]
    fn two_updates_computed_by_hand() {
        let mut adam = AdamW::new(2);
        let mut parameters = [1.0, -2.0];
        let update = |count| Update { count, rate: 0.1, decay: 0.5 };
        adam.update(&mut parameters, &[0.5, -4.0], &[true, false], update(1));
        let near = |got: [f32; 2], expected: [f64; 2]| {
            assert!(got.iter().zip(expected).all(|(g, e)| (f64::from(*g) - e).abs() < 2e-6), "{got:?} {expected:?}");
        };
        near(parameters, [1.0 * 0.95 - 0.1, -2.0 + 0.1]);
        adam.update(&mut parameters, &[-0.25, 1.0], &[true, false], update(2));
        let step = |g1: f64, g2: f64| {
            let (m, v) = ((0.09 * g1 + 0.1 * g2) / 0.19, (0.000_999 * g1 * g1 + 0.001 * g2 * g2) / 0.001_999);
            0.1 * m / v.sqrt()
        };
        near(parameters, [0.85 * 0.95 - step(0.5, -0.25), -1.9 - step(-4.0, 1.0)]);
    }

    #[test]
    fn the_rate_rises_and_falls() {
        let shares: Vec<f32> = (0..100).map(|step| rate_share(step, 10, 100)).collect();
        assert_eq!((shares[0], shares[9], shares[10]), (0.1, 1.0, 1.0));
        assert!(shares[10..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!((shares[55] - 0.505).abs() < 1e-6, "half-way it is in the middle: {}", shares[55]);
        assert!(shares[99] > 0.01 && shares[99] < 0.011);
    }

    #[test]
    fn only_long_gradients_are_clipped() {
        let mut gradient = [3.0, 4.0];
        assert_eq!(clip(&mut gradient, 10.0), 5.0);
        assert_eq!(gradient, [3.0, 4.0]);
        clip(&mut gradient, 1.0);
        assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
    }

    #[test]
    fn biases_and_norms_do_not_decay() {
        let architecture = Architecture { base_width: 8 };
        let table = ParameterTable::new(architecture);
        let mask = decayed(architecture, &table);
        let all = |name: &str, on: bool| mask[table.range(name)].iter().all(|&m| m == on);
        assert!(all("Conv1.conv.0.weight", true) && all("Up5.weight", true) && all("Att2.psi.0.weight", true));
        assert!(all("Conv1.conv.0.bias", false) && all("Conv1.conv.1.weight", false));
    }
}
