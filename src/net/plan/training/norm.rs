//! One batch norm of a training step: its statistics, and the gradients of its parameters.

use hairline_kernel::batch_norm::{GradientMeans, NormLanes, ROW_VECTORS};
use hairline_kernel::layout::blocks;
use hairline_kernel::simd::{BLOCK, Lanes};

use super::Pass;
use super::parameters::Statistics;
use super::sums::add_rows;
use crate::net::architecture::BATCH_NORM_EPSILON;

/// Which statistics the batch norms use.
#[derive(Debug, Clone, Copy)]
pub enum Norms<'a> {
    /// Those of the batch.
    Batch,
    /// These, as constants: for fine-tuning with few images.
    Frozen(&'a Statistics),
}

/// A batch norm whose statistics are known.
#[derive(Debug)]
pub struct Norm {
    name: String,
    /// Its normalisation, one per block.
    pub lanes: Vec<NormLanes>,
    count: f64,
    frozen: bool,
}

impl Norm {
    /// From the moments of all rows, each `width` wide, as `row_moments` writes them.
    pub fn from_rows(pass: &mut Pass<'_>, name: String, moments: &[Lanes], width: usize) -> Self {
        let range = pass.table.statistics_range(&name);
        let vectors = blocks(range.len()) * ROW_VECTORS;
        let rows = (moments.len() / vectors) as f64;
        let sums = add_rows(moments, vectors);
        let mut spread: Vec<[f64; BLOCK]> = sums.iter().skip(1).step_by(ROW_VECTORS).copied().collect();
        let mean = |channel: usize| sums[channel / BLOCK * ROW_VECTORS][channel % BLOCK] / rows;
        for row in moments.chunks_exact(vectors) {
            for channel in 0..range.len() {
                let value = row[channel / BLOCK * ROW_VECTORS][channel % BLOCK];
                spread[channel / BLOCK][channel % BLOCK] += width as f64 * (f64::from(value) - mean(channel)).powi(2);
            }
        }
        let count = rows * width as f64;
        let batch = (0..range.len()).map(|c| (mean(c), spread[c / BLOCK][c % BLOCK] / count)).collect();
        Self::new(pass, name, batch, count)
    }

    /// From mean and biased variance of each channel, over `count` values.
    pub fn new(pass: &mut Pass<'_>, name: String, batch: Vec<(f64, f64)>, count: f64) -> Self {
        let range = pass.table.statistics_range(&name);
        for (at, &(mean, variance)) in range.clone().zip(&batch) {
            pass.statistics.mean[at] = mean as f32;
            pass.statistics.variance[at] = (variance * count / (count - 1.0).max(1.0)) as f32;
        }
        let (used, frozen) = match pass.norms {
            Norms::Batch => (batch, false),
            Norms::Frozen(fixed) => {
                (range.map(|at| (f64::from(fixed.mean[at]), f64::from(fixed.variance[at]))).collect(), true)
            }
        };
        let (gain, shift) = (pass.parameter(&name, "weight"), pass.parameter(&name, "bias"));
        let zero = NormLanes { inverse: [0.0; 16], offset: [0.0; 16], scale: [0.0; 16], shift: [0.0; 16] };
        let mut lanes = vec![zero; blocks(used.len())];
        for (channel, (mean, variance)) in used.into_iter().enumerate() {
            let (to, lane) = (&mut lanes[channel / BLOCK], channel % BLOCK);
            let inverse = 1.0 / (variance + BATCH_NORM_EPSILON).sqrt();
            let scale = f64::from(gain[channel]) * inverse;
            to.inverse[lane] = inverse as f32;
            to.offset[lane] = (-mean * inverse) as f32;
            to.scale[lane] = scale as f32;
            to.shift[lane] = (f64::from(shift[channel]) - mean * scale) as f32;
        }
        Self { name, lanes, count, frozen }
    }

    /// Scale and shift of the only channel of a one-channel norm.
    pub fn scalar(&self) -> (f32, f32) {
        (self.lanes[0].scale[0], self.lanes[0].shift[0])
    }

    /// Writes the gradients of gain and shift, and of the bias of the convolution called `before`, from the sums of the
    /// output's gradient and of its product with `x̂`; returns what the input's gradient subtracts.
    ///
    /// With the statistics of the batch, the bias has no effect and its gradient is exactly zero.
    pub fn gradients(&self, pass: &mut Pass<'_>, before: &str, sums: &[[[f64; BLOCK]; 2]]) -> Vec<GradientMeans> {
        let channels = pass.table.statistics_range(&self.name).len();
        let [gain, shift] = ["weight", "bias"].map(|part| pass.table.range(&format!("{}.{part}", self.name)));
        let bias = pass.table.range(&format!("{before}.bias"));
        for channel in 0..channels {
            let (block, lane) = (channel / BLOCK, channel % BLOCK);
            let [gradient, product] = sums[block];
            pass.gradient[shift.start + channel] = gradient[lane] as f32;
            pass.gradient[gain.start + channel] = product[lane] as f32;
            let through = f64::from(self.lanes[block].scale[lane]) * gradient[lane];
            pass.gradient[bias.start + channel] = if self.frozen { through as f32 } else { 0.0 };
        }
        let mean = |sum: f64| if self.frozen { 0.0 } else { (sum / self.count) as f32 };
        sums.iter().map(|[g, p]| GradientMeans { gradient: g.map(mean), product: p.map(mean) }).collect()
    }
}
