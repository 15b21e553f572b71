//! 2×2 stride-2 transposed convolution (PyTorch's `ConvTranspose2d(2, stride=2)`) and its input gradient.

use crate::conv3x3::{accumulate_apart, even_runs, with_tile};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::pointwise::Matrix;
use crate::simd::{Lanes, Simd};

/// Weights of a 2×2 stride-2 transposed convolution: one matrix per output corner.
#[derive(Debug, Clone)]
pub struct TransposedWeights {
    corners: [Matrix; 4],
}

impl TransposedWeights {
    /// Packs PyTorch's `[inputs, outputs, 2, 2]` weights and a bias of `outputs` values.
    ///
    /// # Panics
    /// When the length of `weight` does not fit.
    pub fn pack(inputs: usize, outputs: usize, weight: &[f32], bias: &[f32]) -> Self {
        assert_eq!(weight.len(), inputs * outputs * 4, "transposed weights");
        let corner = |c| Matrix::pack(inputs, outputs, |o, i| weight[(i * outputs + o) * 4 + c], bias);
        Self { corners: [corner(0), corner(1), corner(2), corner(3)] }
    }

    /// Packs the same weights for [`transposed2x2_input`].
    ///
    /// # Panics
    /// When the length of `weight` does not fit.
    pub fn pack_gradient(inputs: usize, outputs: usize, weight: &[f32]) -> Self {
        assert_eq!(weight.len(), inputs * outputs * 4, "transposed weights");
        let corner = |c| Matrix::pack(outputs, inputs, |i, o| weight[(i * outputs + o) * 4 + c], &[]);
        Self { corners: [corner(0), corner(1), corner(2), corner(3)] }
    }
}

/// Writes the strip's rows of the transposed convolution, twice as high and wide as `input`.
///
/// # Panics
/// When shapes do not fit.
pub fn transposed2x2(isa: Isa, input: Image<'_>, weights: &TransposedWeights, out: Strip<'_>) {
    let (from, to) = (input.shape, out.shape);
    let corner = &weights.corners[0];
    assert_eq!((from.blocks, to.blocks), (corner.in_blocks, corner.out_blocks), "channel blocks");
    assert_eq!((2 * from.height, 2 * from.width), (to.height, to.width), "output size");
    isa.run(Transposed { input, weights, out });
}

struct Transposed<'a> {
    input: Image<'a>,
    weights: &'a TransposedWeights,
    out: Strip<'a>,
}

impl Algorithm for Transposed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.out.rows() {
            let y = self.out.first_row + row;
            for block in 0..self.out.shape.blocks {
                let out = self.out.inner(row, block);
                for (dx, weights) in self.weights.corners[y % 2 * 2..][..2].iter().enumerate() {
                    for (x, len) in even_runs(out.len() / 2, S::TILE) {
                        let out = &mut out[2 * x + dx..];
                        with_tile!(S, len, corner_pixels(s, &self.input, weights, (y / 2, x), block, out));
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn corner_pixels<S: Simd, const P: usize>(
    s: S,
    input: &Image<'_>,
    weights: &Matrix,
    (y, x): (usize, usize),
    block: usize,
    out: &mut [Lanes],
) {
    let mut sums = [s.load(weights.bias(block)); P];
    weights.apply(s, input, (y, x + 1), block, &mut sums);
    for (sum, out) in sums.into_iter().zip(out.iter_mut().step_by(2)) {
        s.store(sum, out);
    }
}

/// Writes the strip's rows of the input's gradient, half as high and wide as the output's `gradient`.
///
/// # Panics
/// When shapes do not fit.
pub fn transposed2x2_input(isa: Isa, gradient: Image<'_>, weights: &TransposedWeights, out: Strip<'_>) {
    let (from, to) = (gradient.shape, out.shape);
    let corner = &weights.corners[0];
    assert_eq!((from.blocks, to.blocks), (corner.in_blocks, corner.out_blocks), "channel blocks");
    assert_eq!((from.height, from.width), (2 * to.height, 2 * to.width), "gradient size");
    isa.run(TransposedInput { gradient, weights, out });
}

struct TransposedInput<'a> {
    gradient: Image<'a>,
    weights: &'a TransposedWeights,
    out: Strip<'a>,
}

impl Algorithm for TransposedInput<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.out.rows() {
            let y = self.out.first_row + row;
            for block in 0..self.out.shape.blocks {
                let out = self.out.inner(row, block);
                for (x, len) in even_runs(out.len(), S::TILE) {
                    let out = &mut out[x..];
                    with_tile!(S, len, input_pixels(s, &self.gradient, self.weights, (y, x), block, out));
                }
            }
        }
    }
}

#[inline(always)]
fn input_pixels<S: Simd, const P: usize>(
    s: S,
    gradient: &Image<'_>,
    weights: &TransposedWeights,
    (y, x): (usize, usize),
    out_block: usize,
    out: &mut [Lanes],
) {
    let mut sums = [s.zero(); P];
    for (corner, matrix) in weights.corners.iter().enumerate() {
        for block in 0..matrix.in_blocks {
            let pixels = &gradient.block_row(2 * y + corner / 2, block)[1 + 2 * x + corner % 2..][..2 * P - 1];
            accumulate_apart::<S, P, 2>(s, pixels, matrix.taps(out_block, block), &mut sums);
        }
    }
    for (sum, out) in sums.into_iter().zip(out) {
        s.store(sum, out);
    }
}

#[cfg(test)]
#[path = "transposed/tests.rs"]
mod tests;
