//! One training step: forward, loss, and backward through the whole network over one flat parameter vector.
//!
//! Kept between forward and backward are the convolutions' outputs, the units' outputs, and one attention value per pixel
//! and level; each is given back as soon as backward has used it.

mod gate;
mod norm;
mod parameters;
mod sums;
mod unit;
mod up;

use hairline_kernel::isa::Isa;
use hairline_kernel::layout::from_planar;
use hairline_kernel::loss::{BceDice, LossSums};
use hairline_kernel::math::sigmoid;
use rayon::prelude::*;

use crate::net::architecture::{
    Architecture, INPUT_CHANNELS, LEVELS, SIDE_MULTIPLE, decoder_name, encoder_name, gate_name, up_name,
};
use crate::net::plan::activation::{Activation, Workspace};
use crate::net::plan::parallel::{for_strips, strip_rows};
use gate::Gate;
pub use norm::Norms;
pub use parameters::{ParameterTable, Statistics};
use unit::{Unit, UnitLayer};

/// The network with room for one step at a time.
#[derive(Debug)]
pub struct TrainStep {
    /// Where parameters and statistics lie.
    pub table: ParameterTable,
    isa: Isa,
    encoder: Vec<[UnitLayer; 2]>,
    decoder: Vec<[UnitLayer; 2]>,
    workspace: Workspace,
}

/// What a step gives besides the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// The loss.
    pub loss: f64,
    /// Means and unbiased variances of the batch.
    pub statistics: Statistics,
}

/// What all layers of one step share.
pub(crate) struct Pass<'a> {
    isa: Isa,
    table: &'a ParameterTable,
    parameters: &'a [f32],
    norms: Norms<'a>,
    statistics: &'a mut Statistics,
    gradient: &'a mut [f32],
    workspace: &'a mut Workspace,
}

impl<'a> Pass<'a> {
    fn parameter(&self, layer: &str, part: &str) -> &'a [f32] {
        &self.parameters[self.table.range(&format!("{layer}.{part}"))]
    }
}

/// What backward needs of the whole forward pass.
struct Saved {
    input: Activation,
    encoder: Vec<EncoderLevel>,
    decoder: Vec<DecoderLevel>,
}

struct EncoderLevel {
    pooled: Option<Activation>,
    units: [Unit; 2],
}

struct DecoderLevel {
    up: Activation,
    gate: Gate,
    units: [Unit; 2],
}

/// The input of a step.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Normalised images, `[B, 3, H, W]`.
    pub input: &'a [f32],
    /// Batch, height and width.
    pub size: [usize; 3],
}

impl TrainStep {
    /// Room for steps of the network.
    pub fn new(isa: Isa, architecture: Architecture) -> Self {
        let channels = |level| architecture.channels(level);
        let encoder = |level: usize| {
            let (name, inputs) = (encoder_name(level), if level == 0 { INPUT_CHANNELS } else { channels(level - 1) });
            [
                UnitLayer::new(&name, 0, &[inputs], channels(level)),
                UnitLayer::new(&name, 3, &[channels(level)], channels(level)),
            ]
        };
        let decoder = |level: usize| {
            let (name, here) = (decoder_name(level), channels(level));
            [UnitLayer::new(&name, 0, &[here, here], here), UnitLayer::new(&name, 3, &[here], here)]
        };
        Self {
            table: ParameterTable::new(architecture),
            isa,
            encoder: (0..LEVELS).map(encoder).collect(),
            decoder: (0..LEVELS - 1).map(decoder).collect(),
            workspace: Workspace::new(),
        }
    }

    /// Computes the loss against `targets`, `[B, H, W]` in 0..=1, and writes the gradient of all parameters.
    ///
    /// # Panics
    /// When a side is not a multiple of 16 or a length does not fit.
    pub fn run(
        &mut self,
        parameters: &[f32],
        norms: Norms<'_>,
        batch: Batch<'_>,
        (loss, targets): (&BceDice, &[f32]),
        gradient: &mut [f32],
    ) -> StepResult {
        let isa = self.isa;
        self.run_with(parameters, norms, batch, gradient, |logits, out| bce_dice(isa, loss, logits, targets, out))
    }

    /// As [`TrainStep::run`], with any loss: given logits, `[B, H, W]`, it writes their gradient and returns its value.
    ///
    /// # Panics
    /// As [`TrainStep::run`].
    pub fn run_with(
        &mut self,
        parameters: &[f32],
        norms: Norms<'_>,
        batch: Batch<'_>,
        gradient: &mut [f32],
        loss: impl FnOnce(&[f32], &mut [f32]) -> f64,
    ) -> StepResult {
        let Batch { input, size: [count, height, width] } = batch;
        assert!(height % SIDE_MULTIPLE == 0 && width % SIDE_MULTIPLE == 0, "{height}×{width} is no multiple of 16");
        assert_eq!(input.len(), count * INPUT_CHANNELS * height * width, "input length");
        assert!(!input.is_empty(), "a step needs pixels");
        assert_eq!((parameters.len(), gradient.len()), (self.table.parameter_count(), self.table.parameter_count()));
        self.pack(parameters);
        let mut statistics = self.table.fresh_statistics();
        let Self { table, isa, encoder, decoder, workspace } = self;
        let layers = Layers { encoder, decoder };
        let statistics_of_batch = &mut statistics;
        let mut pass =
            Pass { isa: *isa, table, parameters, norms, statistics: statistics_of_batch, gradient, workspace };
        let saved = layers.forward(&mut pass, &batch);
        let pixels = count * height * width;
        let (mut logits, mut logit_gradient) = (pass.workspace.take_floats(pixels), pass.workspace.take_floats(pixels));
        let last = &saved.decoder[0].units[1].out;
        up::head_forward(&pass, last, &mut logits[..pixels]);
        let loss = loss(&logits[..pixels], &mut logit_gradient[..pixels]);
        let first = up::head_backward(&mut pass, last, &logit_gradient[..pixels]);
        pass.workspace.give_floats(logits);
        pass.workspace.give_floats(logit_gradient);
        layers.backward(&mut pass, saved, first);
        StepResult { loss, statistics }
    }

    /// Packs the weights of all 3×3 convolutions.
    fn pack(&mut self, parameters: &[f32]) {
        let (isa, table) = (self.isa, &self.table);
        let read = |name: &str| &parameters[table.range(name)];
        let units = self.encoder.iter_mut().chain(&mut self.decoder).flatten();
        let mut units: Vec<(usize, &mut UnitLayer)> = units.enumerate().collect();
        units.par_iter_mut().with_max_len(1).for_each(|(index, unit)| unit.set(isa, *index == 0, read));
    }
}

/// The loss and its gradient, in runs of fixed length.
fn bce_dice(isa: Isa, loss: &BceDice, logits: &[f32], targets: &[f32], gradient: &mut [f32]) -> f64 {
    const RUN: usize = 4096;
    assert_eq!(logits.len(), targets.len(), "targets");
    gradient.copy_from_slice(logits);
    let runs = gradient.par_chunks_mut(RUN).zip(logits.par_chunks(RUN)).zip(targets.par_chunks(RUN));
    let sums: Vec<_> = runs
        .map(|((probabilities, logits), targets)| {
            sigmoid(isa, probabilities);
            LossSums::of(logits, probabilities, targets)
        })
        .collect();
    let sums = sums.into_iter().fold(LossSums::default(), |total, sums| total + sums);
    let runs = gradient.par_chunks_mut(RUN).zip(targets.par_chunks(RUN));
    runs.for_each(|(values, targets)| loss.gradient(&sums, targets, values));
    loss.value(&sums)
}

struct Layers<'a> {
    encoder: &'a [[UnitLayer; 2]],
    decoder: &'a [[UnitLayer; 2]],
}

impl Layers<'_> {
    fn forward(&self, pass: &mut Pass<'_>, batch: &Batch<'_>) -> Saved {
        let input = blocked_input(pass, batch);
        let mut encoder: Vec<EncoderLevel> = Vec::with_capacity(LEVELS);
        for [first, second] in self.encoder {
            let pooled = encoder.last().map(|above| up::pool_forward(pass, &above.units[1].out));
            let one = match &pooled {
                None => first.forward_planar(pass, batch.input, batch.size),
                Some(pooled) => first.forward(pass, &[pooled]),
            };
            let two = second.forward(pass, &[&one.out]);
            encoder.push(EncoderLevel { pooled, units: [one, two] });
        }
        let mut decoder: Vec<DecoderLevel> = Vec::with_capacity(LEVELS - 1);
        for (level, [first, second]) in self.decoder.iter().enumerate().rev() {
            let below = decoder.last().map_or(&encoder[level + 1].units[1].out, |below| &below.units[1].out);
            let up = up::up_forward(pass, &up_name(level), below);
            let gate = gate::forward(pass, &gate_name(level), &up, &encoder[level].units[1].out);
            let one = first.forward(pass, &[&gate.out, &up]);
            let two = second.forward(pass, &[&one.out]);
            decoder.push(DecoderLevel { up, gate, units: [one, two] });
        }
        decoder.reverse();
        Saved { input, encoder, decoder }
    }

    fn backward(&self, pass: &mut Pass<'_>, saved: Saved, gradient: Activation) {
        let Saved { input, mut encoder, decoder } = saved;
        let (gradient, skips) = self.decoder_backward(pass, &encoder, decoder, gradient);
        let mut gradient = Some(gradient);
        let mut skips = skips.into_iter().rev();
        for layers in self.encoder.iter().rev() {
            let (Some(EncoderLevel { pooled, units: [one, two] }), Some(last)) = (encoder.pop(), gradient.take())
            else {
                unreachable!("all levels have a gradient")
            };
            let mut middle = unit_backward(pass, &layers[1], two, &one.out, last);
            if let (Some(pooled), Some(above), Some(mut skip)) = (pooled, encoder.last(), skips.next()) {
                let below = unit_backward(pass, &layers[0], one, &pooled, middle);
                up::pool_backward(pass, &above.units[1].out, &below, &mut skip);
                pass.workspace.give(below);
                pass.workspace.give(pooled);
                gradient = Some(skip);
            } else {
                layers[0].backward_parameters(pass, &one, &[&input], &mut middle);
                one.free(pass);
                pass.workspace.give(middle);
            }
        }
        pass.workspace.give(input);
    }

    /// Returns the gradients of the deepest level's output and of all skip connections, from the first level on.
    fn decoder_backward(
        &self,
        pass: &mut Pass<'_>,
        encoder: &[EncoderLevel],
        decoder: Vec<DecoderLevel>,
        mut gradient: Activation,
    ) -> (Activation, Vec<Activation>) {
        let mut skips = Vec::with_capacity(LEVELS - 1);
        let mut levels = decoder.into_iter().zip(self.decoder).enumerate().peekable();
        while let Some((level, (DecoderLevel { up, gate, units: [one, two] }, layers))) = levels.next() {
            let mut middle = unit_backward(pass, &layers[1], two, &one.out, gradient);
            layers[0].backward_parameters(pass, &one, &[&gate.out, &up], &mut middle);
            let mut skip = layers[0].backward_input(pass, 0, &middle);
            let mut up_gradient = layers[0].backward_input(pass, 1, &middle);
            pass.workspace.give(middle);
            one.free(pass);
            gate.backward(pass, (&up, &mut up_gradient), &encoder[level].units[1].out, &mut skip);
            skips.push(skip);
            let deepest = &encoder[level + 1].units[1].out;
            let below = levels.peek().map_or(deepest, |(_, (below, _))| &below.units[1].out);
            gradient = up::up_backward(pass, &up_name(level), below, &up_gradient);
            pass.workspace.give(up);
            pass.workspace.give(up_gradient);
        }
        (gradient, skips)
    }
}

/// Goes back through a unit with one input.
fn unit_backward(
    pass: &mut Pass<'_>,
    layer: &UnitLayer,
    unit: Unit,
    input: &Activation,
    mut gradient: Activation,
) -> Activation {
    layer.backward_parameters(pass, &unit, &[input], &mut gradient);
    unit.free(pass);
    let out = layer.backward_input(pass, 0, &gradient);
    pass.workspace.give(gradient);
    out
}

/// The input in blocks, which the first weight gradient reads.
fn blocked_input(pass: &mut Pass<'_>, batch: &Batch<'_>) -> Activation {
    let [count, height, width] = batch.size;
    let mut input = pass.workspace.take(count, INPUT_CHANNELS, height, width);
    let (shape, image) = (input.shape, INPUT_CHANNELS * height * width);
    for_strips(input.data_mut(), shape, strip_rows(count, &shape, 1, 4), |index, strip| {
        from_planar(&batch.input[index * image..][..image], INPUT_CHANNELS, strip);
    });
    input
}

#[cfg(test)]
mod tests;
