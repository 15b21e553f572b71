//! 1×1 convolution.

use crate::conv3x3::{accumulate, check_inputs, even_runs, pack_lanes, with_tile};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip, blocks};
use crate::simd::{BLOCK, Lanes, Simd};

/// A matrix from input to output channels as `[out block][in 16·blocks][out 16]`, and a bias.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    pub(crate) in_blocks: usize,
    pub(crate) out_blocks: usize,
    taps: Vec<Lanes>,
    bias: Vec<Lanes>,
}

impl Matrix {
    /// Packs `weight(out, in)` and `bias` (may be empty: zero).
    pub fn pack(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32, bias: &[f32]) -> Self {
        let (in_blocks, out_blocks) = (blocks(inputs), blocks(outputs));
        let mut taps = vec![[0.0; BLOCK]; out_blocks * in_blocks * BLOCK];
        for output in 0..outputs {
            for input in 0..inputs {
                taps[output / BLOCK * in_blocks * BLOCK + input][output % BLOCK] = weight(output, input);
            }
        }
        Self { in_blocks, out_blocks, taps, bias: pack_lanes(bias, out_blocks) }
    }

    #[inline(always)]
    pub(crate) fn bias(&self, out_block: usize) -> &Lanes {
        &self.bias[out_block]
    }

    /// Adds `P` pixels of one image row, from stored column `x` on, times the matrix to `sums`.
    #[inline(always)]
    pub(crate) fn apply<S: Simd, const P: usize>(
        &self,
        s: S,
        image: &Image<'_>,
        (y, x): (usize, usize),
        out_block: usize,
        sums: &mut [S::V; P],
    ) {
        for block in 0..self.in_blocks {
            accumulate(s, &image.block_row(y, block)[x..x + P], self.taps(out_block, block), sums);
        }
    }

    /// The sixteen vectors of a pair of blocks, one per input channel.
    #[inline(always)]
    pub(crate) fn taps(&self, out_block: usize, in_block: usize) -> &[Lanes] {
        &self.taps[(out_block * self.in_blocks + in_block) * BLOCK..][..BLOCK]
    }
}

/// Writes the strip's rows of the 1×1 convolution.
///
/// # Panics
/// When shapes do not fit.
pub fn conv1x1(isa: Isa, input: Image<'_>, weights: &Matrix, out: Strip<'_>) {
    check_inputs(&[input], weights.in_blocks, out.shape);
    assert_eq!(out.shape.blocks, weights.out_blocks, "output blocks");
    isa.run(Conv1x1 { input, weights, add: false, out });
}

/// Adds the 1×1 convolution to the strip's rows.
///
/// # Panics
/// When shapes do not fit.
pub fn conv1x1_add(isa: Isa, input: Image<'_>, weights: &Matrix, out: Strip<'_>) {
    check_inputs(&[input], weights.in_blocks, out.shape);
    assert_eq!(out.shape.blocks, weights.out_blocks, "output blocks");
    isa.run(Conv1x1 { input, weights, add: true, out });
}

struct Conv1x1<'a> {
    input: Image<'a>,
    weights: &'a Matrix,
    add: bool,
    out: Strip<'a>,
}

impl Algorithm for Conv1x1<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { input, weights, add, mut out } = self;
        for row in 0..out.rows() {
            let y = out.first_row + row;
            for block in 0..out.shape.blocks {
                let pixels = out.inner(row, block);
                for (x, len) in even_runs(pixels.len(), S::TILE) {
                    let out = &mut pixels[x..];
                    with_tile!(S, len, conv_pixels(s, &input, weights, add, (y, x), block, out));
                }
            }
        }
    }
}

#[inline(always)]
fn conv_pixels<S: Simd, const P: usize>(
    s: S,
    input: &Image<'_>,
    weights: &Matrix,
    add: bool,
    (y, x): (usize, usize),
    block: usize,
    out: &mut [Lanes],
) {
    let mut sums = [s.load(weights.bias(block)); P];
    weights.apply(s, input, (y, x + 1), block, &mut sums);
    for (sum, out) in sums.into_iter().zip(out) {
        let sum = if add { s.add(s.load(out), sum) } else { sum };
        s.store(sum, out);
    }
}

#[cfg(test)]
#[path = "pointwise/tests.rs"]
mod tests;
