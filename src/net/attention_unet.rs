//! Attention U-Net (Oktay et al. 2018, arXiv:1804.03999) of any base width.
//!
//! Parameter names and layer order are those of the PyTorch network that
//! Hairline replaces, so that state dicts travel both ways.

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{
    BatchNorm, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Module, ModuleT, VarBuilder, batch_norm,
    conv_transpose2d, conv2d, ops,
};

use super::architecture::{
    Architecture, BATCH_NORM_EPSILON, HEAD, INPUT_CHANNELS, LEVELS, decoder_name, encoder_name, gate_name, up_name,
};
use super::state::StateDict;

/// The whole network: `[B, 3, H, W]` → logits `[B, 1, H, W]`, sides multiples of 16.
#[derive(Debug)]
pub struct AttentionUNet {
    encoder: Vec<ConvBlock>,
    decoder: Vec<DecoderLevel>,
    head: Conv2d,
}

impl AttentionUNet {
    /// Builds the network from named parameters; extra entries are ignored.
    ///
    /// # Errors
    /// If a parameter is missing or has another shape.
    pub fn new(architecture: Architecture, vb: &VarBuilder) -> Result<Self> {
        let encoder = (0..LEVELS)
            .map(|level| {
                let input = if level == 0 { INPUT_CHANNELS } else { architecture.channels(level - 1) };
                ConvBlock::new(input, architecture.channels(level), &vb.pp(encoder_name(level)))
            })
            .collect::<Result<_>>()?;
        let decoder =
            (0..LEVELS - 1).rev().map(|level| DecoderLevel::new(architecture, level, vb)).collect::<Result<_>>()?;
        let head = conv2d(architecture.base_width, 1, 1, Conv2dConfig::default(), vb.pp(HEAD))?;
        Ok(Self { encoder, decoder, head })
    }

    /// Builds the network in f32 from a state dict.
    ///
    /// # Errors
    /// If a parameter is missing or has another shape.
    pub fn from_state(architecture: Architecture, state: &StateDict) -> Result<Self> {
        let mut tensors = HashMap::new();
        for (name, tensor) in state.iter() {
            let values = Tensor::from_slice(&tensor.data, tensor.shape.as_slice(), &Device::Cpu)?;
            tensors.insert(name.to_owned(), values);
        }
        Self::new(architecture, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
    }

    /// Logits in evaluation mode.
    ///
    /// # Errors
    /// If the input's shape does not fit.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        self.forward_t(input, false)
    }
}

impl ModuleT for AttentionUNet {
    fn forward_t(&self, input: &Tensor, train: bool) -> Result<Tensor> {
        let mut skips = vec![self.encoder[0].forward_t(input, train)?];
        for block in &self.encoder[1..] {
            let pooled = max_pool(&skips[skips.len() - 1], train)?;
            skips.push(block.forward_t(&pooled, train)?);
        }
        let mut x = skips.remove(LEVELS - 1);
        for level in &self.decoder {
            let skip = skips.remove(skips.len() - 1);
            x = level.forward_t(&x, &skip, train)?;
        }
        self.head.forward(&x)
    }
}

/// The largest of 2×2 pixels.
///
/// In training it is taken along the axes: candle 0.11's `max_pool2d` gives a fourth of the gradient where the largest
/// pixel is the only one.
fn max_pool(x: &Tensor, train: bool) -> Result<Tensor> {
    if !train {
        return x.max_pool2d(2);
    }
    let (count, channels, height, width) = x.dims4()?;
    x.reshape(&[count, channels, height / 2, 2, width / 2, 2][..])?.max(5)?.max(3)
}

/// Twice: 3×3 convolution, batch norm, ReLU.
#[derive(Debug)]
struct ConvBlock {
    first: (Conv2d, BatchNorm),
    second: (Conv2d, BatchNorm),
}

impl ConvBlock {
    fn new(input: usize, output: usize, vb: &VarBuilder) -> Result<Self> {
        let config = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        let vb = vb.pp("conv");
        let half = |input, at: usize| -> Result<_> {
            let conv = conv2d(input, output, 3, config, vb.pp(at))?;
            Ok((conv, batch_norm(output, BATCH_NORM_EPSILON, vb.pp(at + 1))?))
        };
        Ok(Self { first: half(input, 0)?, second: half(output, 3)? })
    }
}

impl ModuleT for ConvBlock {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let x = self.first.1.forward_t(&self.first.0.forward(x)?, train)?.relu()?;
        self.second.1.forward_t(&self.second.0.forward(&x)?, train)?.relu()
    }
}

/// One level of the decoder: up, gate the skip, join, convolve.
#[derive(Debug)]
struct DecoderLevel {
    up: ConvTranspose2d,
    gate: AttentionGate,
    convolve: ConvBlock,
}

impl DecoderLevel {
    fn new(architecture: Architecture, level: usize, vb: &VarBuilder) -> Result<Self> {
        let (below, here) = (architecture.channels(level + 1), architecture.channels(level));
        let config = ConvTranspose2dConfig { stride: 2, ..ConvTranspose2dConfig::default() };
        Ok(Self {
            up: conv_transpose2d(below, here, 2, config, vb.pp(up_name(level)))?,
            gate: AttentionGate::new(here, here / 2, &vb.pp(gate_name(level)))?,
            convolve: ConvBlock::new(2 * here, here, &vb.pp(decoder_name(level)))?,
        })
    }

    fn forward_t(&self, x: &Tensor, skip: &Tensor, train: bool) -> Result<Tensor> {
        let up = self.up.forward(x)?;
        let gated = self.gate.forward_t(&up, skip, train)?;
        self.convolve.forward_t(&Tensor::cat(&[&gated, &up], 1)?, train)
    }
}

/// Additive attention gate: what the decoder knows decides which skip pixels pass.
#[derive(Debug)]
struct AttentionGate {
    w_g: (Conv2d, BatchNorm),
    w_x: (Conv2d, BatchNorm),
    psi: (Conv2d, BatchNorm),
}

impl AttentionGate {
    fn new(features: usize, inner: usize, vb: &VarBuilder) -> Result<Self> {
        let part = |name: &str, input, output| -> Result<_> {
            let vb = vb.pp(name);
            let conv = conv2d(input, output, 1, Conv2dConfig::default(), vb.pp(0))?;
            Ok((conv, batch_norm(output, BATCH_NORM_EPSILON, vb.pp(1))?))
        };
        Ok(Self { w_g: part("W_g", features, inner)?, w_x: part("W_x", features, inner)?, psi: part("psi", inner, 1)? })
    }

    /// `gate` and `skip` `[B, C, H, W]` → the gated skip, same shape.
    fn forward_t(&self, gate: &Tensor, skip: &Tensor, train: bool) -> Result<Tensor> {
        let apply = |part: &(Conv2d, BatchNorm), x: &Tensor| part.1.forward_t(&part.0.forward(x)?, train);
        let joined = (apply(&self.w_g, gate)? + apply(&self.w_x, skip)?)?.relu()?;
        let attention = ops::sigmoid(&apply(&self.psi, &joined)?)?;
        skip.broadcast_mul(&attention)
    }
}
