//! Direct 3×3 convolution, stride 1, padding 1 (PyTorch's `conv2d`), over any number of concatenated inputs.
//!
//! A register tile is a run of pixels of one output block; each weight vector is used for all of them, and each input value
//! is broadcast once. The order of the sum for one output value is fixed: kernel row, input block, kernel column, channel.

use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Shape, Strip, blocks, concatenated};
use crate::simd::{BLOCK, Lanes, Simd};

/// Weights of a 3×3 convolution as `[out block][kernel row][in block][kernel column][in 16][out 16]`, and its bias.
#[derive(Debug, Clone, Default)]
pub struct Weights3x3 {
    in_blocks: usize,
    out_blocks: usize,
    taps: Vec<Lanes>,
    bias: Vec<Lanes>,
}

impl Weights3x3 {
    /// Packs `weight(out, in, row, column)` and `bias` (may be empty: zero).
    ///
    /// `inputs` lists the channels of each input tensor; they count through, as after a concatenation.
    pub fn pack(
        inputs: &[usize],
        outputs: usize,
        weight: impl Fn(usize, usize, usize, usize) -> f32,
        bias: &[f32],
    ) -> Self {
        let mut packed = Self::default();
        packed.repack(inputs, outputs, weight, bias);
        packed
    }

    /// As [`Weights3x3::pack`], into the memory of earlier weights.
    pub fn repack(
        &mut self,
        inputs: &[usize],
        outputs: usize,
        weight: impl Fn(usize, usize, usize, usize) -> f32,
        bias: &[f32],
    ) {
        self.in_blocks = inputs.iter().map(|&c| blocks(c)).sum();
        self.out_blocks = blocks(outputs);
        self.taps.clear();
        self.taps.resize(self.out_blocks * 9 * self.in_blocks * BLOCK, [0.0; BLOCK]);
        for output in 0..outputs {
            for (channel, lane) in concatenated(inputs) {
                for tap in 0..9 {
                    let at = self.tap_index(output / BLOCK, tap / 3, lane / BLOCK, tap % 3) + lane % BLOCK;
                    self.taps[at][output % BLOCK] = weight(output, channel, tap / 3, tap % 3);
                }
            }
        }
        self.bias = pack_lanes(bias, self.out_blocks);
    }

    /// Channel blocks of all inputs together.
    pub fn in_blocks(&self) -> usize {
        self.in_blocks
    }

    /// Channel blocks of the output.
    pub fn out_blocks(&self) -> usize {
        self.out_blocks
    }

    /// The bias of one output block.
    #[inline(always)]
    pub(crate) fn bias(&self, block: usize) -> &Lanes {
        &self.bias[block]
    }

    /// The sixteen vectors of one tap, one per input channel of the block.
    #[inline(always)]
    pub(crate) fn tap(&self, out_block: usize, row: usize, in_block: usize, column: usize) -> &[Lanes] {
        &self.taps[self.tap_index(out_block, row, in_block, column)..][..BLOCK]
    }

    #[inline(always)]
    fn tap_index(&self, out_block: usize, row: usize, in_block: usize, column: usize) -> usize {
        (((out_block * 3 + row) * self.in_blocks + in_block) * 3 + column) * BLOCK
    }
}

/// Copies per-channel values into `blocks` vectors, the missing ones zero.
pub fn pack_lanes(values: &[f32], blocks: usize) -> Vec<Lanes> {
    let mut lanes = vec![[0.0; BLOCK]; blocks];
    for (channel, &value) in values.iter().enumerate() {
        lanes[channel / BLOCK][channel % BLOCK] = value;
    }
    lanes
}

/// Checks that `inputs` agree with each other, with `out`, and with the number of input blocks.
pub(crate) fn check_inputs(inputs: &[Image<'_>], in_blocks: usize, out: Shape) {
    assert_eq!(inputs.iter().map(|i| i.shape.blocks).sum::<usize>(), in_blocks, "input blocks");
    for Image { shape, .. } in inputs {
        assert_eq!((shape.height, shape.width), (out.height, out.width), "input size");
    }
}

/// Writes the strip's rows of the convolution of the concatenated `inputs`, after `relu` where `relu` is set.
///
/// # Panics
/// When shapes do not fit.
pub fn conv3x3(isa: Isa, inputs: &[Image<'_>], weights: &Weights3x3, relu: bool, out: Strip<'_>) {
    check_inputs(inputs, weights.in_blocks, out.shape);
    assert_eq!(out.shape.blocks, weights.out_blocks, "output blocks");
    isa.run(Conv { inputs, weights, relu, out });
}

struct Conv<'a> {
    inputs: &'a [Image<'a>],
    weights: &'a Weights3x3,
    relu: bool,
    out: Strip<'a>,
}

/// Calls `$f::<S, P>` with the constant `P` equal to `$p`, for `$p` in `1..=S::TILE`.
macro_rules! with_tile {
    ($S:ident, $p:expr, $f:ident $args:tt) => {
        match $p {
            1 => $f::<$S, 1> $args,
            2 => $f::<$S, 2> $args,
            3 => $f::<$S, 3> $args,
            4 if $S::TILE >= 4 => $f::<$S, 4> $args,
            5 if $S::TILE >= 5 => $f::<$S, 5> $args,
            6 if $S::TILE >= 6 => $f::<$S, 6> $args,
            7 if $S::TILE >= 7 => $f::<$S, 7> $args,
            8 if $S::TILE >= 8 => $f::<$S, 8> $args,
            9 if $S::TILE >= 9 => $f::<$S, 9> $args,
            10 if $S::TILE >= 10 => $f::<$S, 10> $args,
            11 if $S::TILE >= 11 => $f::<$S, 11> $args,
            12 if $S::TILE >= 12 => $f::<$S, 12> $args,
            13 if $S::TILE >= 13 => $f::<$S, 13> $args,
            14 if $S::TILE >= 14 => $f::<$S, 14> $args,
            p => unreachable!("a tile of {p}"),
        }
    };
}
pub(crate) use with_tile;

/// Cuts `0..len` into the fewest runs of at most `tile`, as even as possible: a short last run would leave the arithmetic
/// units waiting for each other.
#[inline(always)]
pub(crate) fn even_runs(len: usize, tile: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = len.div_ceil(tile);
    (0..count).map(move |i| {
        let start = i * len / count;
        (start, (i + 1) * len / count - start)
    })
}

impl Algorithm for Conv<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for out_block in 0..self.weights.out_blocks {
            for row in 0..self.out.rows() {
                let y = self.out.first_row + row;
                let context = Row { inputs: self.inputs, weights: self.weights, relu: self.relu, y, out_block };
                let out = self.out.inner(row, out_block);
                for (x, len) in even_runs(out.len(), S::TILE) {
                    with_tile!(S, len, pixels(s, &context, x, out));
                }
            }
        }
    }
}

struct Row<'a> {
    inputs: &'a [Image<'a>],
    weights: &'a Weights3x3,
    relu: bool,
    y: usize,
    out_block: usize,
}

#[inline(always)]
fn pixels<S: Simd, const P: usize>(s: S, row: &Row<'_>, x: usize, out: &mut [Lanes]) {
    let mut sums = [s.load(row.weights.bias(row.out_block)); P];
    for ky in 0..3 {
        let mut in_block = 0;
        for image in row.inputs {
            if row.y + ky == 0 || row.y + ky > image.shape.height {
                continue;
            }
            for block in 0..image.shape.blocks {
                let pixels = &image.block_row(row.y + ky - 1, block)[x..x + P + 2];
                for kx in 0..3 {
                    let taps = row.weights.tap(row.out_block, ky, in_block + block, kx);
                    accumulate(s, &pixels[kx..kx + P], taps, &mut sums);
                }
            }
            in_block += image.shape.blocks;
        }
    }
    for (sum, out) in sums.into_iter().zip(&mut out[x..x + P]) {
        s.store(if row.relu { s.relu(sum) } else { sum }, out);
    }
}

/// Adds sixteen input channels of `P` pixels times their weights to `sums`.
#[inline(always)]
pub(crate) fn accumulate<S: Simd, const P: usize>(s: S, pixels: &[Lanes], taps: &[Lanes], sums: &mut [S::V; P]) {
    accumulate_apart::<S, P, 1>(s, pixels, taps, sums);
}

/// As [`accumulate`], of pixels that are `STEP` apart.
#[inline(always)]
pub(crate) fn accumulate_apart<S: Simd, const P: usize, const STEP: usize>(
    s: S,
    pixels: &[Lanes],
    taps: &[Lanes],
    sums: &mut [S::V; P],
) {
    assert!(pixels.len() == (P - 1) * STEP + 1 && taps.len() == BLOCK);
    for channel in 0..BLOCK {
        let tap = s.load(&taps[channel]);
        for p in 0..P {
            sums[p] = s.mul_add(s.splat(pixels[p * STEP][channel]), tap, sums[p]);
        }
    }
}

#[cfg(test)]
#[path = "conv3x3/tests.rs"]
mod tests;
