//! The inference plan: batch norms folded into the layers before them, weights packed for the kernels.

mod layers;

use hairline_kernel::isa::Isa;

use crate::net::architecture::{
    Architecture, HEAD, INPUT_CHANNELS, LEVELS, SIDE_MULTIPLE, decoder_name, encoder_name, gate_name, up_name,
};
use crate::net::plan::activation::{Activation, Workspace};
use crate::net::state::{StateDict, StateError};
use layers::{Conv, First, Gate, Head, Up};

/// Pixels up to which images of a batch go through the network together; larger ones go one at a time, which keeps the
/// workspace small.
const TOGETHER_PIXELS: usize = 1 << 18;

/// The network, ready to run. Immutable, so that all threads can share it.
#[derive(Debug)]
pub struct InferencePlan {
    /// What the weights belong to.
    pub architecture: Architecture,
    /// The instruction set that the plan runs on.
    pub isa: Isa,
    first: First,
    encoder: Vec<Vec<Conv>>,
    decoder: Vec<Level>,
    head: Head,
}

#[derive(Debug)]
struct Level {
    up: Up,
    gate: Gate,
    convs: [Conv; 2],
}

impl InferencePlan {
    /// Folds and packs the weights.
    ///
    /// # Errors
    /// Names the first tensor that is missing or has a wrong shape.
    pub fn compile(isa: Isa, state: &StateDict) -> Result<Self, StateError> {
        let architecture = state.architecture()?;
        let channels = |level| architecture.channels(level);
        let mut encoder = Vec::with_capacity(LEVELS);
        for level in 0..LEVELS {
            let name = encoder_name(level);
            let mut convs = Vec::with_capacity(2);
            if level > 0 {
                convs.push(Conv::compile(state, &name, 0, &[channels(level - 1)])?);
            }
            convs.push(Conv::compile(state, &name, 3, &[channels(level)])?);
            encoder.push(convs);
        }
        let mut decoder = Vec::with_capacity(LEVELS - 1);
        for level in 0..LEVELS - 1 {
            let (name, here) = (decoder_name(level), channels(level));
            decoder.push(Level {
                up: Up::compile(state, &up_name(level))?,
                gate: Gate::compile(state, &gate_name(level))?,
                convs: [Conv::compile(state, &name, 0, &[here, here])?, Conv::compile(state, &name, 3, &[here])?],
            });
        }
        let first = First::compile(state, &encoder_name(0), INPUT_CHANNELS)?;
        Ok(Self { architecture, isa, first, encoder, decoder, head: Head::compile(state, HEAD)? })
    }

    /// Computes `logits`, `[B, 1, H, W]`, of a normalised `input`, `[B, 3, H, W]`.
    ///
    /// # Panics
    /// When a side is not a multiple of 16 or a length does not fit.
    pub fn forward(
        &self,
        input: &[f32],
        [batch, height, width]: [usize; 3],
        workspace: &mut Workspace,
        logits: &mut [f32],
    ) {
        let pixels = height * width;
        assert!(height % SIDE_MULTIPLE == 0 && width % SIDE_MULTIPLE == 0, "{height}×{width} is no multiple of 16");
        assert_eq!(input.len(), batch * INPUT_CHANNELS * pixels, "input length");
        assert_eq!(logits.len(), batch * pixels, "logits length");
        if logits.is_empty() {
            return;
        }
        let together = (TOGETHER_PIXELS / pixels).max(1);
        let inputs = input.chunks(together * INPUT_CHANNELS * pixels);
        for (input, logits) in inputs.zip(logits.chunks_mut(together * pixels)) {
            let size = [logits.len() / pixels, height, width];
            self.forward_together(input, size, workspace, logits);
        }
    }

    fn forward_together(&self, input: &[f32], size: [usize; 3], workspace: &mut Workspace, logits: &mut [f32]) {
        let isa = self.isa;
        let mut skips: Vec<Activation> = Vec::with_capacity(LEVELS);
        for convs in &self.encoder {
            let mut x = match skips.last() {
                None => self.first.run(isa, input, size, workspace),
                Some(above) => layers::pool(isa, above, workspace),
            };
            for conv in convs {
                let out = conv.run(isa, &[&x], workspace);
                workspace.give(std::mem::replace(&mut x, out));
            }
            skips.push(x);
        }
        let Some(mut x) = skips.pop() else { unreachable!("the encoder has levels") };
        for (layer, mut skip) in self.decoder.iter().zip(skips).rev() {
            let up = layer.up.run(isa, &x, workspace);
            workspace.give(x);
            layer.gate.run(isa, &up, &mut skip);
            let middle = layer.convs[0].run(isa, &[&skip, &up], workspace);
            workspace.give(up);
            workspace.give(skip);
            x = layer.convs[1].run(isa, &[&middle], workspace);
            workspace.give(middle);
        }
        self.head.run(isa, &x, logits);
        workspace.give(x);
    }
}

#[cfg(test)]
mod tests;
