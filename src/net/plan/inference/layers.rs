//! The layers of the plan: folding and packing, and how each is spread over the threads.

use hairline_kernel::conv3x3::{Weights3x3, conv3x3, pack_lanes};
use hairline_kernel::gate::{GateWeights, gate};
use hairline_kernel::head::head;
use hairline_kernel::isa::Isa;
use hairline_kernel::layout::{Image, blocks};
use hairline_kernel::pointwise::Matrix;
use hairline_kernel::pool::max_pool;
use hairline_kernel::simd::Lanes;
use hairline_kernel::stem::{StemWeights, stem};
use hairline_kernel::transposed::{TransposedWeights, transposed2x2};
use hairline_kernel::winograd::{TILE_SIDE, WinogradWeights, winograd3x3};

use crate::net::architecture::BATCH_NORM_EPSILON;
use crate::net::plan::activation::{Activation, Workspace};
use crate::net::plan::parallel::{for_strips, strip_rows, with_scratch};
use crate::net::state::{StateDict, StateError};

/// Above this many input × output channels, Winograd's weights (four times the direct ones) are not worth their memory.
const WINOGRAD_CHANNELS: usize = 512 * 1024;

/// A convolution's weights and bias with the batch norm after it folded in (in f64), `[out, in, …]`.
struct Folded {
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

fn fold(state: &StateDict, conv: &str, norm: &str) -> Result<Folded, StateError> {
    let conv = |part: &str| state.get(&format!("{conv}.{part}"));
    let norm = |part: &str| state.get(&format!("{norm}.{part}")).map(|t| &t.data);
    let (weight, bias) = (conv("weight")?, &conv("bias")?.data);
    let (gain, shift, mean, variance) = (norm("weight")?, norm("bias")?, norm("running_mean")?, norm("running_var")?);
    let mut folded = Folded { weight: weight.data.clone(), bias: Vec::new(), inputs: weight.shape[1] };
    for (o, row) in folded.weight.chunks_exact_mut(weight.data.len() / bias.len()).enumerate() {
        let scale = f64::from(gain[o]) / (f64::from(variance[o]) + BATCH_NORM_EPSILON).sqrt();
        row.iter_mut().for_each(|w| *w = (f64::from(*w) * scale) as f32);
        folded.bias.push(((f64::from(bias[o]) - f64::from(mean[o])) * scale + f64::from(shift[o])) as f32);
    }
    Ok(folded)
}

/// The first convolution of a module, from the planar input.
#[derive(Debug)]
pub struct First {
    weights: StemWeights,
    outputs: usize,
}

impl First {
    pub fn compile(state: &StateDict, module: &str, channels: usize) -> Result<Self, StateError> {
        let folded = fold(state, &format!("{module}.conv.0"), &format!("{module}.conv.1"))?;
        let outputs = folded.bias.len();
        Ok(Self { weights: StemWeights::pack(channels, outputs, &folded.weight, &folded.bias), outputs })
    }

    pub fn run(&self, isa: Isa, input: &[f32], size: [usize; 3], workspace: &mut Workspace) -> Activation {
        let [batch, height, width] = size;
        let mut out = workspace.take(batch, self.outputs, height, width);
        let (shape, image) = (out.shape, input.len() / batch);
        for_strips(out.data_mut(), shape, strip_rows(batch, &shape, 1, 4), |index, strip| {
            with_scratch(self.weights.scratch_len(width), |scratch| {
                stem(isa, &input[index * image..][..image], &self.weights, true, strip, scratch);
            });
        });
        out
    }
}

/// A 3×3 convolution with `relu`.
#[derive(Debug)]
pub struct Conv {
    outputs: usize,
    algorithm: Algorithm,
}

#[derive(Debug)]
enum Algorithm {
    Direct(Weights3x3),
    Winograd(WinogradWeights),
}

impl Conv {
    /// Compiles layer `index` of `module`, whose concatenated inputs have these channels.
    pub fn compile(state: &StateDict, module: &str, index: usize, inputs: &[usize]) -> Result<Self, StateError> {
        let folded = fold(state, &format!("{module}.conv.{index}"), &format!("{module}.conv.{}", index + 1))?;
        let outputs = folded.bias.len();
        let weight = |o, i, ky, kx| folded.weight[((o * folded.inputs + i) * 3 + ky) * 3 + kx];
        let algorithm = if folded.inputs * outputs <= WINOGRAD_CHANNELS {
            Algorithm::Winograd(WinogradWeights::pack(inputs, outputs, weight, &folded.bias))
        } else {
            Algorithm::Direct(Weights3x3::pack(inputs, outputs, weight, &folded.bias))
        };
        Ok(Self { outputs, algorithm })
    }

    pub fn run(&self, isa: Isa, inputs: &[&Activation], workspace: &mut Workspace) -> Activation {
        let [batch, height, width] = [inputs[0].batch, inputs[0].shape.height, inputs[0].shape.width];
        let mut out = workspace.take(batch, self.outputs, height, width);
        let shape = out.shape;
        let images = |index| -> Vec<Image<'_>> { inputs.iter().map(|input| input.image(index)).collect() };
        match &self.algorithm {
            Algorithm::Direct(weights) => {
                for_strips(out.data_mut(), shape, strip_rows(batch, &shape, 1, 4), |index, strip| {
                    conv3x3(isa, &images(index), weights, true, strip);
                });
            }
            Algorithm::Winograd(weights) => {
                let least = weights.group() * TILE_SIDE * TILE_SIDE / width;
                for_strips(out.data_mut(), shape, strip_rows(batch, &shape, TILE_SIDE, least), |index, strip| {
                    with_scratch(weights.scratch_len(), |scratch| {
                        winograd3x3(isa, &images(index), weights, true, strip, scratch);
                    });
                });
            }
        }
        out
    }
}

/// Halves the resolution.
pub fn pool(isa: Isa, input: &Activation, workspace: &mut Workspace) -> Activation {
    let (height, width) = (input.shape.height / 2, input.shape.width / 2);
    let mut out = workspace.take(input.batch, input.channels, height, width);
    let shape = out.shape;
    for_strips(out.data_mut(), shape, strip_rows(input.batch, &shape, 1, 4), |index, strip| {
        max_pool(isa, input.image(index), strip);
    });
    out
}

/// Transposed 2×2 convolution: doubles the resolution.
#[derive(Debug)]
pub struct Up {
    weights: TransposedWeights,
    outputs: usize,
}

impl Up {
    pub fn compile(state: &StateDict, name: &str) -> Result<Self, StateError> {
        let (weight, bias) = (state.get(&format!("{name}.weight"))?, state.get(&format!("{name}.bias"))?);
        let (inputs, outputs) = (weight.shape[0], weight.shape[1]);
        Ok(Self { weights: TransposedWeights::pack(inputs, outputs, &weight.data, &bias.data), outputs })
    }

    pub fn run(&self, isa: Isa, input: &Activation, workspace: &mut Workspace) -> Activation {
        let (height, width) = (2 * input.shape.height, 2 * input.shape.width);
        let mut out = workspace.take(input.batch, self.outputs, height, width);
        let shape = out.shape;
        for_strips(out.data_mut(), shape, strip_rows(input.batch, &shape, 1, 4), |index, strip| {
            transposed2x2(isa, input.image(index), &self.weights, strip);
        });
        out
    }
}

/// Attention gate, multiplying the skip connection in place.
#[derive(Debug)]
pub struct Gate {
    weights: GateWeights,
}

impl Gate {
    pub fn compile(state: &StateDict, name: &str) -> Result<Self, StateError> {
        let part = |part| fold(state, &format!("{name}.{part}.0"), &format!("{name}.{part}.1"));
        let matrix = |f: Folded| Matrix::pack(f.inputs, f.bias.len(), |o, i| f.weight[o * f.inputs + i], &f.bias);
        let psi = part("psi")?;
        Ok(Self { weights: GateWeights::new(matrix(part("W_g")?), matrix(part("W_x")?), &psi.weight, psi.bias[0]) })
    }

    pub fn run(&self, isa: Isa, gating: &Activation, skip: &mut Activation) {
        let (batch, shape) = (skip.batch, skip.shape);
        for_strips(skip.data_mut(), shape, strip_rows(batch, &shape, 1, 4), |index, strip| {
            with_scratch(shape.width, |row| gate(isa, gating.image(index), &self.weights, strip, row));
        });
    }
}

/// The last layer: one logit per pixel.
#[derive(Debug)]
pub struct Head {
    weight: Vec<Lanes>,
    bias: f32,
}

impl Head {
    pub fn compile(state: &StateDict, name: &str) -> Result<Self, StateError> {
        let weight = &state.get(&format!("{name}.weight"))?.data;
        let bias = state.get(&format!("{name}.bias"))?.data[0];
        Ok(Self { weight: pack_lanes(weight, blocks(weight.len())), bias })
    }

    pub fn run(&self, isa: Isa, input: &Activation, logits: &mut [f32]) {
        let (width, image) = (input.shape.width, input.shape.height * input.shape.width);
        let rows = strip_rows(input.batch, &input.shape, 1, 4);
        crate::net::plan::parallel::for_chunks(logits, image, rows * width, |index, start, out| {
            head(isa, input.image(index), &self.weight, self.bias, start / width, out);
        });
    }
}
