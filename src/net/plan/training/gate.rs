//! The attention gate in a training step.

use hairline_kernel::batch_norm::{GradientMeans, ROW_VECTORS, row_moments};
use hairline_kernel::conv3x3::pack_lanes;
use hairline_kernel::gate_training::{
    BRANCH_VECTORS, BranchGradients, Branches, attend, attend_backward, branch_gradients, branch_sums, gate_logits,
};
use hairline_kernel::gradients::{Place, matrix_weights};
use hairline_kernel::layout::Strip;
use hairline_kernel::pointwise::{Matrix, conv1x1, conv1x1_add};
use hairline_kernel::simd::{BLOCK, Lanes};
use rayon::prelude::*;

use super::Pass;
use super::norm::Norm;
use super::sums::{PairShape, PairSums, add_rows, add_scalars};
use super::up::write_channels;
use crate::net::plan::activation::Activation;
use crate::net::plan::parallel::{Together, for_chunks, for_strips, strip_rows};

/// What backward needs of a gate's forward pass.
#[derive(Debug)]
pub struct Gate {
    name: String,
    /// `W_g g` and `W_x skip`.
    z: [Activation; 2],
    norm: [Norm; 2],
    psi: Vec<Lanes>,
    psi_norm: Norm,
    /// `ψ·h`, `[B, H, W]`.
    logits: Vec<f32>,
    /// `α`, `[B, H, W]`.
    attention: Vec<f32>,
    /// The gated skip connection.
    pub out: Activation,
}

/// The parts of a gate, in the order of its branches.
const BRANCHES: [&str; 2] = ["W_g", "W_x"];

/// Runs the gate called `name`.
pub fn forward(pass: &mut Pass<'_>, name: &str, up: &Activation, skip: &Activation) -> Gate {
    let (g, g_norm) = branch(pass, &format!("{name}.W_g"), up);
    let (x, x_norm) = branch(pass, &format!("{name}.W_x"), skip);
    let psi_name = format!("{name}.psi.0");
    let psi = pack_lanes(pass.parameter(&psi_name, "weight"), g.shape.blocks);
    let bias = pass.parameter(&psi_name, "bias")[0];
    let (isa, batch, shape) = (pass.isa, skip.batch, skip.shape);
    let (width, pixels) = (shape.width, shape.height * shape.width);
    let rows = strip_rows(batch, &shape, 1, 4);
    let (z, norm) = ([g, x], [g_norm, x_norm]);
    let mut logits = pass.workspace.take_floats(batch * pixels);
    for_chunks(&mut logits[..batch * pixels], pixels, rows * width, |index, start, out| {
        gate_logits(isa, branches(&z, &norm, &psi, index), bias, start / width, out);
    });
    let psi_norm = scalar_norm(pass, format!("{name}.psi.1"), &logits[..batch * pixels]);
    let mut attention = pass.workspace.take_floats(batch * pixels);
    let mut out = pass.workspace.take(batch, skip.channels, shape.height, width);
    let together =
        Together { first: (out.data_mut(), shape.row_len()), second: (&mut attention[..batch * pixels], width) };
    together.for_rows(shape.height, rows, |index, first_row, out, attention| {
        let logits = &logits[index * pixels..][..pixels];
        attend(isa, skip.image(index), logits, psi_norm.scalar(), attention, Strip::new(shape, first_row, out));
    });
    Gate { name: name.to_owned(), z, norm, psi, psi_norm, logits, attention, out }
}

fn branch(pass: &mut Pass<'_>, name: &str, input: &Activation) -> (Activation, Norm) {
    let conv = format!("{name}.0");
    let (weight, bias) = (pass.parameter(&conv, "weight"), pass.parameter(&conv, "bias"));
    let matrix = Matrix::pack(input.channels, bias.len(), |o, i| weight[o * input.channels + i], bias);
    let mut z = pass.workspace.take(input.batch, bias.len(), input.shape.height, input.shape.width);
    let (isa, shape) = (pass.isa, z.shape);
    let per_row = shape.blocks * ROW_VECTORS;
    let mut moments = vec![[0.0; BLOCK]; input.batch * shape.height * per_row];
    let together = Together { first: (z.data_mut(), shape.row_len()), second: (&mut moments, per_row) };
    together.for_rows(shape.height, strip_rows(input.batch, &shape, 1, 4), |index, first_row, z, moments| {
        conv1x1(isa, input.image(index), &matrix, Strip::new(shape, first_row, z));
        row_moments(isa, Strip::new(shape, first_row, z), moments);
    });
    let norm = Norm::from_rows(pass, format!("{name}.1"), &moments, shape.width);
    (z, norm)
}

/// Values that are summed together where a planar batch is reduced.
const RUN: usize = 1024;

fn scalar_norm(pass: &mut Pass<'_>, name: String, values: &[f32]) -> Norm {
    let (count, runs) = (values.len() as f64, values.len().div_ceil(RUN));
    let run = |i: usize| values[i * RUN..].iter().take(RUN).map(|&v| f64::from(v));
    let mean = add_scalars(runs, |i| [run(i).sum(), 0.0])[0] / count;
    let spread = add_scalars(runs, |i| [run(i).map(|v| (v - mean).powi(2)).sum(), 0.0])[0];
    Norm::new(pass, name, vec![(mean, spread / count)], count)
}

fn branches<'a>(z: &'a [Activation; 2], norm: &'a [Norm; 2], psi: &'a [Lanes], image: usize) -> Branches<'a> {
    Branches { z: [z[0].image(image), z[1].image(image)], norm: [&norm[0].lanes, &norm[1].lanes], psi }
}

impl Gate {
    /// Turns `gradient`, that of the gate's output, into that of the skip connection, adds to that of `up`, writes those of
    /// the gate's parameters, and gives all memory back.
    pub fn backward(
        self,
        pass: &mut Pass<'_>,
        up: (&Activation, &mut Activation),
        skip: &Activation,
        gradient: &mut Activation,
    ) {
        let (isa, batch, shape) = (pass.isa, skip.batch, skip.shape);
        let (width, pixels) = (shape.width, shape.height * shape.width);
        let rows = strip_rows(batch, &shape, 1, 4);
        let mut memory = pass.workspace.take_floats(batch * pixels);
        let dp = &mut memory[..batch * pixels];
        let together = Together { first: (gradient.data_mut(), shape.row_len()), second: (dp, width) };
        together.for_rows(shape.height, rows, |index, first_row, gradient, dp| {
            let attention = &self.attention[index * pixels..][..pixels];
            attend_backward(isa, skip.image(index), attention, Strip::new(shape, first_row, gradient), dp);
        });
        let dp = &mut memory[..batch * pixels];
        self.psi_backward(pass, dp);
        let means = self.branch_means(pass, dp);
        let Self { name, z, norm, psi, logits, attention, out, .. } = self;
        let [mut g, mut x] = z;
        let inner = g.shape;
        let together = Together { first: (g.data_mut(), inner.row_len()), second: (x.data_mut(), inner.row_len()) };
        together.for_rows(shape.height, rows, |index, first_row, g, x| {
            let with = BranchGradients {
                norm: [&norm[0].lanes, &norm[1].lanes],
                means: [&means[0], &means[1]],
                psi: &psi,
                dp: &dp[index * pixels..][..pixels],
            };
            branch_gradients(isa, with, Strip::new(inner, first_row, g), Strip::new(inner, first_row, x));
        });
        branch_backward(pass, &format!("{name}.W_g.0"), up.0, &g, up.1);
        branch_backward(pass, &format!("{name}.W_x.0"), skip, &x, gradient);
        [g, x, out].into_iter().for_each(|activation| pass.workspace.give(activation));
        [logits, attention, memory].into_iter().for_each(|floats| pass.workspace.give_floats(floats));
    }

    /// Turns the gradient of the normalised logits into that of `ψ·h`.
    fn psi_backward(&self, pass: &mut Pass<'_>, dp: &mut [f32]) {
        let logits = &self.logits[..dp.len()];
        let norm = &self.psi_norm.lanes[0];
        let (inverse, offset, scale) = (norm.inverse[0], norm.offset[0], norm.scale[0]);
        let normal = |logit: f32| logit * inverse + offset;
        let sums = add_scalars(dp.len().div_ceil(RUN), |i| {
            let pairs = dp[i * RUN..].iter().zip(&logits[i * RUN..]).take(RUN);
            pairs.fold([0.0; 2], |[sum, product], (&d, &logit)| {
                [sum + f64::from(d), product + f64::from(d) * f64::from(normal(logit))]
            })
        });
        let only = |value| {
            let mut lanes = [0.0; BLOCK];
            lanes[0] = value;
            lanes
        };
        let means = self.psi_norm.gradients(pass, &format!("{}.psi.0", self.name), &[sums.map(only)]);
        let (mean, product) = (means[0].gradient[0], means[0].product[0]);
        dp.par_chunks_mut(RUN).zip(logits.par_chunks(RUN)).for_each(|(dp, logits)| {
            for (d, &logit) in dp.iter_mut().zip(logits) {
                *d = scale * (*d - mean - normal(logit) * product);
            }
        });
    }

    /// Writes the gradients of `ψ` and of both branches' batch norms; returns what their inputs' gradients subtract.
    fn branch_means(&self, pass: &mut Pass<'_>, dp: &[f32]) -> [Vec<GradientMeans>; 2] {
        let (isa, shape, batch) = (pass.isa, self.z[0].shape, self.z[0].batch);
        let (per_row, pixels) = (shape.blocks * BRANCH_VECTORS, shape.height * shape.width);
        let mut sums = vec![[0.0; BLOCK]; batch * shape.height * per_row];
        let rows = strip_rows(batch, &shape, 1, 4);
        for_chunks(&mut sums, shape.height * per_row, rows * per_row, |index, start, sums| {
            let branches = branches(&self.z, &self.norm, &self.psi, index);
            branch_sums(isa, branches, &dp[index * pixels..][..pixels], start / per_row, sums);
        });
        let sums = add_rows(&sums, per_row);
        let blocks = sums.as_chunks::<BRANCH_VECTORS>().0;
        let psi: Vec<_> = blocks.iter().map(|sums| sums[3]).collect();
        write_channels(pass, &format!("{}.psi.0.weight", self.name), &psi);
        let mut branch = |which: usize| {
            let sums: Vec<_> = blocks.iter().map(|sums| [sums[0], sums[1 + which]]).collect();
            self.norm[which].gradients(pass, &format!("{}.{}.0", self.name, BRANCHES[which]), &sums)
        };
        [branch(0), branch(1)]
    }
}

/// Writes the weight gradient of a branch's 1×1 convolution and adds that of its input to `out`.
fn branch_backward(pass: &mut Pass<'_>, conv: &str, input: &Activation, gradient: &Activation, out: &mut Activation) {
    let isa = pass.isa;
    let pairs = PairShape {
        batch: input.batch,
        height: input.shape.height,
        in_blocks: input.shape.blocks,
        out_blocks: gradient.shape.blocks,
        vectors: BLOCK,
    };
    let sums = PairSums::compute(pass.workspace, pairs, |in_block, out_block, image, rows, sums| {
        let (from, to) = ((input.image(image), in_block), (gradient.image(image), out_block));
        matrix_weights(isa, from, to, rows, Place::Same, sums);
    });
    let range = pass.table.range(&format!("{conv}.weight"));
    pass.gradient[range].par_chunks_mut(input.channels).enumerate().for_each(|(o, out)| {
        for (i, out) in out.iter_mut().enumerate() {
            *out = sums.total(i / BLOCK, o / BLOCK, i % BLOCK, o % BLOCK);
        }
    });
    sums.free(pass.workspace);
    let weight = pass.parameter(conv, "weight");
    let matrix = Matrix::pack(gradient.channels, input.channels, |i, o| weight[o * input.channels + i], &[]);
    let (shape, batch) = (out.shape, out.batch);
    for_strips(out.data_mut(), shape, strip_rows(batch, &shape, 1, 4), |index, strip| {
        conv1x1_add(isa, gradient.image(index), &matrix, strip);
    });
}
