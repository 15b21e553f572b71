//! The transposed convolution between two levels, the max pool, and the head; forward and backward.

use hairline_kernel::conv3x3::pack_lanes;
use hairline_kernel::gradients::{Place, matrix_weights, row_sums};
use hairline_kernel::head::{head, head_input_gradient, head_weights};
use hairline_kernel::layout::blocks;
use hairline_kernel::pool::{max_pool, max_pool_backward};
use hairline_kernel::simd::{BLOCK, Lanes};
use hairline_kernel::transposed::{TransposedWeights, transposed2x2, transposed2x2_input};
use rayon::prelude::*;

use super::Pass;
use super::sums::{PairShape, PairSums, add_rows, add_scalars};
use crate::net::architecture::HEAD;
use crate::net::plan::activation::Activation;
use crate::net::plan::parallel::{for_chunks, for_strips, strip_rows};

/// The upsampled activation.
pub fn up_forward(pass: &mut Pass<'_>, name: &str, input: &Activation) -> Activation {
    let outputs = pass.parameter(name, "bias").len();
    let weights =
        TransposedWeights::pack(input.channels, outputs, pass.parameter(name, "weight"), pass.parameter(name, "bias"));
    let mut out = pass.workspace.take(input.batch, outputs, 2 * input.shape.height, 2 * input.shape.width);
    let (isa, shape) = (pass.isa, out.shape);
    for_strips(out.data_mut(), shape, strip_rows(input.batch, &shape, 1, 4), |index, strip| {
        transposed2x2(isa, input.image(index), &weights, strip);
    });
    out
}

/// Writes the gradients of weight and bias, and returns that of the input.
pub fn up_backward(pass: &mut Pass<'_>, name: &str, input: &Activation, gradient: &Activation) -> Activation {
    let (isa, outputs) = (pass.isa, gradient.channels);
    bias_gradient(pass, name, gradient);
    let pairs = PairShape {
        batch: input.batch,
        height: input.shape.height,
        in_blocks: input.shape.blocks,
        out_blocks: gradient.shape.blocks,
        vectors: 4 * BLOCK,
    };
    let sums = PairSums::compute(pass.workspace, pairs, |in_block, out_block, image, rows, sums| {
        for (corner, sums) in sums.chunks_exact_mut(BLOCK).enumerate() {
            let (from, to) = ((input.image(image), in_block), (gradient.image(image), out_block));
            let place = Place::Corner { dy: corner / 2, dx: corner % 2 };
            matrix_weights(isa, from, to, rows.clone(), place, sums);
        }
    });
    let range = pass.table.range(&format!("{name}.weight"));
    pass.gradient[range].par_chunks_mut(outputs * 4).enumerate().for_each(|(i, out)| {
        for (at, out) in out.iter_mut().enumerate() {
            let (o, vector) = (at / 4, at % 4 * BLOCK + i % BLOCK);
            *out = sums.total(i / BLOCK, o / BLOCK, vector, o % BLOCK);
        }
    });
    sums.free(pass.workspace);
    let weights = TransposedWeights::pack_gradient(input.channels, outputs, pass.parameter(name, "weight"));
    let mut out = pass.workspace.take(input.batch, input.channels, input.shape.height, input.shape.width);
    let shape = out.shape;
    for_strips(out.data_mut(), shape, strip_rows(input.batch, &shape, 1, 4), |index, strip| {
        transposed2x2_input(isa, gradient.image(index), &weights, strip);
    });
    out
}

fn bias_gradient(pass: &mut Pass<'_>, name: &str, gradient: &Activation) {
    let (isa, shape) = (pass.isa, gradient.shape);
    let mut sums = vec![[0.0; BLOCK]; gradient.batch * shape.height * shape.blocks];
    let rows = strip_rows(gradient.batch, &shape, 1, 4);
    for_chunks(&mut sums, shape.height * shape.blocks, rows * shape.blocks, |index, start, sums| {
        row_sums(isa, gradient.image(index), start / shape.blocks, sums);
    });
    write_channels(pass, &format!("{name}.bias"), &add_rows(&sums, shape.blocks));
}

/// Writes per-channel sums as the gradient of the parameter called `name`.
pub fn write_channels(pass: &mut Pass<'_>, name: &str, sums: &[[f64; BLOCK]]) {
    let range = pass.table.range(name);
    for (channel, out) in pass.gradient[range].iter_mut().enumerate() {
        *out = sums[channel / BLOCK][channel % BLOCK] as f32;
    }
}

/// The activation at half the resolution.
pub fn pool_forward(pass: &mut Pass<'_>, input: &Activation) -> Activation {
    let (height, width) = (input.shape.height / 2, input.shape.width / 2);
    let mut out = pass.workspace.take(input.batch, input.channels, height, width);
    let (isa, shape) = (pass.isa, out.shape);
    for_strips(out.data_mut(), shape, strip_rows(input.batch, &shape, 1, 4), |index, strip| {
        max_pool(isa, input.image(index), strip);
    });
    out
}

/// Adds the gradient that comes through the pool to that of its input.
pub fn pool_backward(pass: &Pass<'_>, input: &Activation, pooled: &Activation, gradient: &mut Activation) {
    let (isa, shape, batch) = (pass.isa, gradient.shape, gradient.batch);
    for_strips(gradient.data_mut(), shape, strip_rows(batch, &shape, 2, 4), |index, strip| {
        max_pool_backward(isa, input.image(index), pooled.image(index), strip);
    });
}

fn head_lanes(pass: &Pass<'_>) -> Vec<Lanes> {
    let weight = pass.parameter(HEAD, "weight");
    pack_lanes(weight, blocks(weight.len()))
}

/// Writes the logits, `[B, H, W]`.
pub fn head_forward(pass: &Pass<'_>, input: &Activation, logits: &mut [f32]) {
    let (weight, bias, isa) = (head_lanes(pass), pass.parameter(HEAD, "bias")[0], pass.isa);
    let width = input.shape.width;
    let rows = strip_rows(input.batch, &input.shape, 1, 4);
    for_chunks(logits, input.shape.height * width, rows * width, |index, start, out| {
        head(isa, input.image(index), &weight, bias, start / width, out);
    });
}

/// Writes the gradients of the head's parameters and returns that of its input, from that of the logits, `[B, H, W]`.
pub fn head_backward(pass: &mut Pass<'_>, input: &Activation, logits: &[f32]) -> Activation {
    let (isa, weight, shape) = (pass.isa, head_lanes(pass), input.shape);
    let pixels = shape.height * shape.width;
    let rows = strip_rows(input.batch, &shape, 1, 4);
    let mut sums = vec![[0.0; BLOCK]; input.batch * shape.height * shape.blocks];
    for_chunks(&mut sums, shape.height * shape.blocks, rows * shape.blocks, |index, start, sums| {
        let logits = &logits[index * pixels..][..pixels];
        head_weights(isa, input.image(index), logits, start / shape.blocks, sums);
    });
    write_channels(pass, &format!("{HEAD}.weight"), &add_rows(&sums, shape.blocks));
    let row = |row: usize| [logits[row * shape.width..][..shape.width].iter().map(|&v| f64::from(v)).sum(), 0.0];
    let bias = pass.table.range(&format!("{HEAD}.bias"));
    pass.gradient[bias.start] = add_scalars(input.batch * shape.height, row)[0] as f32;
    let mut out = pass.workspace.take(input.batch, input.channels, shape.height, shape.width);
    for_strips(out.data_mut(), shape, rows, |index, strip| {
        head_input_gradient(isa, &logits[index * pixels..][..pixels], &weight, strip);
    });
    out
}
