//! The network's last layer: a 1×1 convolution to one channel, and its gradients.

use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::simd::{Lanes, Simd};

/// Writes the one-channel 1×1 convolution of rows from `first_row` on to `out`, `[rows, W]`.
///
/// `weight` has one vector per block of the input.
///
/// # Panics
/// When lengths do not fit.
pub fn head(isa: Isa, input: Image<'_>, weight: &[Lanes], bias: f32, first_row: usize, out: &mut [f32]) {
    let shape = input.shape;
    assert_eq!(weight.len(), shape.blocks, "head weights");
    assert_eq!(out.len() % shape.width, 0, "whole rows");
    assert!(first_row + out.len() / shape.width <= shape.height, "rows of the head");
    isa.run(Head { input, weight, bias, first_row, out });
}

struct Head<'a> {
    input: Image<'a>,
    weight: &'a [Lanes],
    bias: f32,
    first_row: usize,
    out: &'a mut [f32],
}

impl Algorithm for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.input.shape.width;
        for (row, out) in self.out.chunks_exact_mut(width).enumerate() {
            for (x, out) in out.iter_mut().enumerate() {
                let mut sum = s.zero();
                for (block, weight) in self.weight.iter().enumerate() {
                    let pixel = &self.input.block_row(self.first_row + row, block)[x + 1];
                    sum = s.mul_add(s.load(pixel), s.load(weight), sum);
                }
                *out = s.sum(sum) + self.bias;
            }
        }
    }
}

/// Writes the strip's rows of the gradient of the head's input: `weight` times the logit's gradient, `[H, W]`.
///
/// # Panics
/// When lengths do not fit.
pub fn head_input_gradient(isa: Isa, logits: &[f32], weight: &[Lanes], out: Strip<'_>) {
    assert_eq!((weight.len(), logits.len()), (out.shape.blocks, out.shape.height * out.shape.width), "head gradient");
    isa.run(HeadInput { logits, weight, out });
}

struct HeadInput<'a> {
    logits: &'a [f32],
    weight: &'a [Lanes],
    out: Strip<'a>,
}

impl Algorithm for HeadInput<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let width = self.out.shape.width;
        for row in 0..self.out.rows() {
            let logits = &self.logits[(self.out.first_row + row) * width..][..width];
            for (block, weight) in self.weight.iter().enumerate() {
                let weight = s.load(weight);
                for (out, &logit) in self.out.inner(row, block).iter_mut().zip(logits) {
                    s.store(s.mul(s.splat(logit), weight), out);
                }
            }
        }
    }
}

/// Writes, for each row and block from `first_row` on, the sum over pixels of `input` times the logit's gradient, `[H, W]`.
///
/// # Panics
/// When lengths do not fit.
pub fn head_weights(isa: Isa, input: Image<'_>, logits: &[f32], first_row: usize, sums: &mut [Lanes]) {
    assert_eq!(logits.len(), input.shape.height * input.shape.width, "head gradient");
    assert_eq!(sums.len() % input.shape.blocks, 0, "sums");
    isa.run(HeadWeights { input, logits, first_row, sums });
}

struct HeadWeights<'a> {
    input: Image<'a>,
    logits: &'a [f32],
    first_row: usize,
    sums: &'a mut [Lanes],
}

impl Algorithm for HeadWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (blocks, width) = (self.input.shape.blocks, self.input.shape.width);
        for (i, out) in self.sums.iter_mut().enumerate() {
            let (y, block) = (self.first_row + i / blocks, i % blocks);
            let mut sum = s.zero();
            for (pixel, &logit) in self.input.block_row(y, block)[1..].iter().zip(&self.logits[y * width..][..width]) {
                sum = s.mul_add(s.load(pixel), s.splat(logit), sum);
            }
            s.store(sum, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv3x3::pack_lanes;
    use crate::testing::{Numbers, Planar, assert_near, planar};

    #[test]
    fn head_and_its_gradients_match_the_f64_reference_on_every_isa() {
        for isa in Isa::available() {
            for (channels, height, width) in [(1, 1, 1), (8, 1, 2), (16, 2, 15), (17, 3, 16), (40, 2, 17)] {
                let mut numbers = Numbers(channels as u64);
                let image = Planar::random(&mut numbers, channels, height, width);
                let (weight, gradient) = (numbers.take(channels), numbers.take(height * width));
                let (shape, blocked, pixels) = (image.shape(), image.blocked(), height * width);
                let lanes = pack_lanes(&weight, shape.blocks);
                let input = Image::new(shape, &blocked);
                let dot = |at: usize| -> f64 {
                    (0..channels).map(|c| f64::from(weight[c]) * f64::from(image.data[c * pixels + at])).sum()
                };
                let mut out = vec![f32::NAN; pixels];
                for (row, out) in out.chunks_mut(width).enumerate() {
                    head(isa, input, &lanes, 0.25, row, out);
                }
                let expected: Vec<_> = (0..pixels).map(|at| dot(at) + 0.25).collect();
                assert_near(&out, &expected, 1e-5, isa.name());

                let mut dx = vec![f32::NAN; shape.image_len()];
                head_input_gradient(isa, &gradient, &lanes, Strip::new(shape, 0, &mut dx));
                let product = |i: usize| f64::from(weight[i / pixels]) * f64::from(gradient[i % pixels]);
                let expected: Vec<_> = (0..channels * pixels).map(product).collect();
                assert_near(&planar(shape, channels, &dx), &expected, 1e-6, isa.name());

                let mut sums = vec![[f32::NAN; 16]; height * shape.blocks];
                head_weights(isa, input, &gradient, 0, &mut sums);
                for c in 0..channels {
                    let got: f32 = (0..height).map(|y| sums[y * shape.blocks + c / 16][c % 16]).sum();
                    let terms = (0..pixels).map(|at| f64::from(image.data[c * pixels + at]) * f64::from(gradient[at]));
                    assert_near(&[got], &[terms.sum()], 1e-5, isa.name());
                }
            }
        }
    }
}
