//! The unit of the network: 3×3 convolution, batch norm, `relu`; forward, and backward through all three.

use hairline_kernel::batch_norm::{ROW_VECTORS, backward_apply, backward_sums, normalise_relu, row_moments};
use hairline_kernel::conv3x3::{Weights3x3, conv3x3};
use hairline_kernel::gradients::{PAIR_3X3, conv3x3_weights};
use hairline_kernel::isa::Isa;
use hairline_kernel::layout::{Image, Shape, Strip, blocks};
use hairline_kernel::simd::{BLOCK, Lanes};
use hairline_kernel::stem::{StemWeights, stem};
use hairline_kernel::winograd::{TILE_SIDE, WinogradWeights, winograd3x3};
use rayon::prelude::*;

use super::Pass;
use super::norm::Norm;
use super::sums::{PairShape, PairSums, add_rows};
use crate::net::plan::activation::Activation;
use crate::net::plan::parallel::{Together, for_chunks, for_strips, strip_rows, with_scratch};

/// Above this many input × output channels, convolutions are direct: Winograd's weights would take too much memory.
const WINOGRAD_CHANNELS: usize = 512 * 512;

/// A 3×3 convolution with weights of this step.
#[derive(Debug, Default)]
struct Convolution {
    direct: Weights3x3,
    winograd: Option<WinogradWeights>,
}

impl Convolution {
    fn set(
        &mut self,
        isa: Isa,
        inputs: &[usize],
        outputs: usize,
        at: impl Fn(usize, usize, usize, usize) -> f32,
        bias: &[f32],
    ) {
        self.direct.repack(inputs, outputs, at, bias);
        if inputs.iter().sum::<usize>() * outputs <= WINOGRAD_CHANNELS {
            self.winograd.get_or_insert_default().transform(isa, &self.direct);
        }
    }

    fn rows(&self, batch: usize, shape: &Shape) -> usize {
        match &self.winograd {
            None => strip_rows(batch, shape, 1, 4),
            Some(weights) => {
                let least = weights.group() * TILE_SIDE * TILE_SIDE / shape.width;
                strip_rows(batch, shape, TILE_SIDE, least)
            }
        }
    }

    fn run(&self, isa: Isa, inputs: &[Image<'_>], out: Strip<'_>) {
        match &self.winograd {
            None => conv3x3(isa, inputs, &self.direct, false, out),
            Some(weights) => with_scratch(weights.scratch_len(), |scratch| {
                winograd3x3(isa, inputs, weights, false, out, scratch);
            }),
        }
    }
}

/// The unit's place in the network, and its packed weights.
#[derive(Debug)]
pub struct UnitLayer {
    conv: String,
    norm: String,
    inputs: Vec<usize>,
    outputs: usize,
    first: Option<StemWeights>,
    forward: Convolution,
    backward: Vec<Convolution>,
}

/// What backward needs of a unit's forward pass.
#[derive(Debug)]
pub struct Unit {
    z: Activation,
    norm: Norm,
    /// The unit's output.
    pub out: Activation,
}

impl Unit {
    /// Gives the memory back.
    pub fn free(self, pass: &mut Pass<'_>) {
        pass.workspace.give(self.z);
        pass.workspace.give(self.out);
    }
}

impl UnitLayer {
    /// Layer `index` (0 or 3) of `module`; `inputs` are the channels of its concatenated inputs.
    pub fn new(module: &str, index: usize, inputs: &[usize], outputs: usize) -> Self {
        Self {
            conv: format!("{module}.conv.{index}"),
            norm: format!("{module}.conv.{}", index + 1),
            inputs: inputs.to_vec(),
            outputs,
            first: None,
            forward: Convolution::default(),
            backward: inputs.iter().map(|_| Convolution::default()).collect(),
        }
    }

    /// Packs the convolution's weights, which `read` finds by name; `planar` for the network's first unit.
    pub fn set<'a>(&mut self, isa: Isa, planar: bool, read: impl Fn(&str) -> &'a [f32]) {
        let weight = read(&format!("{}.weight", self.conv));
        let bias = read(&format!("{}.bias", self.conv));
        let total: usize = self.inputs.iter().sum();
        if planar {
            self.first = Some(StemWeights::pack(total, self.outputs, weight, bias));
            return;
        }
        let at = |o, i, ky, kx| weight[((o * total + i) * 3 + ky) * 3 + kx];
        self.forward.set(isa, &self.inputs, self.outputs, at, bias);
        let mut start = 0;
        for (channels, backward) in self.inputs.iter().zip(&mut self.backward) {
            backward.set(isa, &[self.outputs], *channels, |i, o, ky, kx| at(o, start + i, 2 - ky, 2 - kx), &[]);
            start += channels;
        }
    }

    /// The unit's output for planar input, `[B, C, H, W]`.
    pub fn forward_planar(&self, pass: &mut Pass<'_>, input: &[f32], [batch, height, width]: [usize; 3]) -> Unit {
        let Some(weights) = &self.first else { unreachable!("the first unit has planar weights") };
        let (isa, image) = (pass.isa, input.len() / batch);
        let rows = strip_rows(batch, &Shape::new(self.outputs, height, width), 1, 4);
        self.forward_with(pass, [batch, height, width], rows, |index, strip| {
            with_scratch(weights.scratch_len(width), |scratch| {
                stem(isa, &input[index * image..][..image], weights, false, strip, scratch);
            });
        })
    }

    /// The unit's output for concatenated inputs.
    pub fn forward(&self, pass: &mut Pass<'_>, inputs: &[&Activation]) -> Unit {
        let (batch, shape, isa) = (inputs[0].batch, inputs[0].shape, pass.isa);
        let rows = self.forward.rows(batch, &shape);
        self.forward_with(pass, [batch, shape.height, shape.width], rows, |index, strip| {
            let images: Vec<_> = inputs.iter().map(|input| input.image(index)).collect();
            self.forward.run(isa, &images, strip);
        })
    }

    fn forward_with(
        &self,
        pass: &mut Pass<'_>,
        [batch, height, width]: [usize; 3],
        rows: usize,
        convolve: impl Fn(usize, Strip<'_>) + Sync,
    ) -> Unit {
        let mut z = pass.workspace.take(batch, self.outputs, height, width);
        let (shape, isa) = (z.shape, pass.isa);
        let per_row = shape.blocks * ROW_VECTORS;
        let mut moments = vec![[0.0; BLOCK]; batch * height * per_row];
        let together = Together { first: (z.data_mut(), shape.row_len()), second: (&mut moments, per_row) };
        together.for_rows(height, rows, |index, first_row, z, moments| {
            convolve(index, Strip::new(shape, first_row, z));
            row_moments(isa, Strip::new(shape, first_row, z), moments);
        });
        let norm = Norm::from_rows(pass, self.norm.clone(), &moments, width);
        let mut out = pass.workspace.take(batch, self.outputs, height, width);
        for_strips(out.data_mut(), shape, strip_rows(batch, &shape, 1, 4), |index, strip| {
            normalise_relu(isa, z.image(index), &norm.lanes, strip);
        });
        Unit { z, norm, out }
    }

    /// Turns the gradient of the output into that of the convolution's output, and writes those of its parameters.
    pub fn backward_parameters(
        &self,
        pass: &mut Pass<'_>,
        unit: &Unit,
        inputs: &[&Activation],
        gradient: &mut Activation,
    ) {
        let (isa, shape, batch) = (pass.isa, gradient.shape, gradient.batch);
        let rows = strip_rows(batch, &shape, 1, 4);
        let per_row = shape.blocks * ROW_VECTORS;
        let mut sums = vec![[0.0; BLOCK]; batch * shape.height * per_row];
        for_chunks(&mut sums, shape.height * per_row, rows * per_row, |index, start, sums| {
            let first_row = start / per_row;
            backward_sums(isa, unit.z.image(index), gradient.image(index), &unit.norm.lanes, first_row, sums);
        });
        let sums = add_rows(&sums, per_row);
        let means = unit.norm.gradients(pass, &self.conv, sums.as_chunks().0);
        for_strips(gradient.data_mut(), shape, rows, |index, strip| {
            backward_apply(isa, unit.z.image(index), &unit.norm.lanes, &means, strip);
        });
        self.weight_gradient(pass, inputs, gradient);
    }

    /// The gradient of input `which`, from that of the convolution's output.
    pub fn backward_input(&self, pass: &mut Pass<'_>, which: usize, gradient: &Activation) -> Activation {
        let (isa, shape) = (pass.isa, gradient.shape);
        let mut out = pass.workspace.take(gradient.batch, self.inputs[which], shape.height, shape.width);
        let (convolution, out_shape) = (&self.backward[which], out.shape);
        let rows = convolution.rows(gradient.batch, &out_shape);
        for_strips(out.data_mut(), out_shape, rows, |index, strip| {
            convolution.run(isa, &[gradient.image(index)], strip);
        });
        out
    }

    fn weight_gradient(&self, pass: &mut Pass<'_>, inputs: &[&Activation], gradient: &Activation) {
        let sources: Vec<(&Activation, usize)> =
            inputs.iter().flat_map(|input| (0..input.shape.blocks).map(move |block| (*input, block))).collect();
        let isa = pass.isa;
        let shape = PairShape {
            batch: gradient.batch,
            height: gradient.shape.height,
            in_blocks: sources.len(),
            out_blocks: gradient.shape.blocks,
            vectors: PAIR_3X3,
        };
        let sums = PairSums::compute(pass.workspace, shape, |in_block, out_block, image, rows, sums: &mut [Lanes]| {
            let (input, block) = sources[in_block];
            let channels = BLOCK.min(input.channels - block * BLOCK);
            let (from, to) = ((input.image(image), block), (gradient.image(image), out_block));
            conv3x3_weights(isa, from, to, rows, channels, sums);
        });
        let range = pass.table.range(&format!("{}.weight", self.conv));
        let total: usize = self.inputs.iter().sum();
        pass.gradient[range].par_chunks_mut(total * 9).enumerate().for_each(|(o, out)| {
            let (mut first_block, mut first) = (0, 0);
            for &channels in &self.inputs {
                for (i, tap) in (0..channels).flat_map(|i| (0..9).map(move |tap| (i, tap))) {
                    let vector = tap * BLOCK + i % BLOCK;
                    out[(first + i) * 9 + tap] = sums.total(first_block + i / BLOCK, o / BLOCK, vector, o % BLOCK);
                }
                first_block += blocks(channels);
                first += channels;
            }
        });
        sums.free(pass.workspace);
    }
}
