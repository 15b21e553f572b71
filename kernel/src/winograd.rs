//! 3×3 convolution by Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray 2015).
//!
//! A quarter of the multiplications of the direct form, for a rounding error several times as large. Tiles of 6×6 inputs, overlapping by two, are transformed; for each of the 36 positions a matrix product over the
//! channels follows; each product tile transforms back into 4×4 outputs. A group of tiles goes through all three steps
//! before the next one, so that the transformed values stay in the cache.

mod lines;
mod weights;

use crate::conv3x3::{accumulate, check_inputs, even_runs, with_tile};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::simd::{BLOCK, Lanes, Simd};
use lines::{input_line, output_line};
pub use weights::WinogradWeights;

/// Rows and columns of outputs in a tile; the first row of a strip must be a multiple of it.
pub const TILE_SIDE: usize = 4;

/// Rows and columns of inputs in a tile.
const PATCH: usize = 6;

/// Positions of a transformed tile.
const POSITIONS: usize = PATCH * PATCH;

/// Vectors between two positions; odd, so that the 36 streams of stores fall into different cache sets.
const fn plane(blocks: usize, group: usize) -> usize {
    (blocks * group) | 1
}

/// Writes the strip's rows of the convolution of the concatenated `inputs`, after `relu` where `relu` is set.
///
/// Equals [`crate::conv3x3::conv3x3`] up to rounding. `scratch` may hold anything.
///
/// # Panics
/// When shapes do not fit, the strip begins inside a tile, or `scratch` is shorter than
/// [`WinogradWeights::scratch_len`].
pub fn winograd3x3(
    isa: Isa,
    inputs: &[Image<'_>],
    weights: &WinogradWeights,
    relu: bool,
    out: Strip<'_>,
    scratch: &mut [f32],
) {
    check_inputs(inputs, weights.in_blocks, out.shape);
    assert_eq!(out.shape.blocks, weights.out_blocks, "output blocks");
    assert_eq!(out.first_row % TILE_SIDE, 0, "first row {}", out.first_row);
    let scratch = &mut scratch[..weights.scratch_len()];
    isa.run(Winograd { inputs, weights, relu, out, scratch: scratch.as_chunks_mut().0 });
}

struct Winograd<'a> {
    inputs: &'a [Image<'a>],
    weights: &'a WinogradWeights,
    relu: bool,
    out: Strip<'a>,
    scratch: &'a mut [Lanes],
}

impl Algorithm for Winograd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.out.rows() {
            for block in 0..self.out.shape.blocks {
                self.out.inner(row, block);
            }
        }
        let across = self.out.shape.width.div_ceil(TILE_SIDE);
        let tiles = self.out.rows().div_ceil(TILE_SIDE) * across;
        let group = self.weights.group();
        let (patches, products) = self.scratch.split_at_mut(POSITIONS * plane(self.weights.in_blocks, group));
        for (first, count) in even_runs(tiles, group) {
            let group = Group { first, count, across };
            gather(
                s,
                self.inputs,
                self.out.first_row,
                &group,
                patches,
                plane(self.weights.in_blocks, self.weights.group()),
            );
            multiply(s, self.weights, &group, patches, products);
            scatter(s, self.weights, self.relu, &group, products, &mut self.out);
        }
    }
}

/// Tiles `first..first + count` of a strip that is `across` tiles wide.
struct Group {
    first: usize,
    count: usize,
    across: usize,
}

/// Step 1: transforms the input tiles into `[position][in block][tile]`.
#[inline(always)]
fn gather<S: Simd>(s: S, inputs: &[Image<'_>], first_row: usize, group: &Group, patches: &mut [Lanes], plane: usize) {
    for tile in 0..group.count {
        let (ty, tx) = ((group.first + tile) / group.across, (group.first + tile) % group.across);
        let (y, x) = (first_row + ty * TILE_SIDE, tx * TILE_SIDE);
        let mut in_block = 0;
        for image in inputs {
            let inside = y >= 1 && y + PATCH - 1 <= image.shape.height && x + PATCH <= image.shape.stride();
            for block in 0..image.shape.blocks {
                let at = in_block * group.count + tile;
                if inside {
                    let patch = std::array::from_fn(|r| patch_row(image, y + r - 1, block, x));
                    transform_input(s, patch, &mut patches[at..], plane);
                } else {
                    let copy = copy_patch(image, y, block, x);
                    transform_input(s, std::array::from_fn(|r| &copy[r]), &mut patches[at..], plane);
                }
                in_block += 1;
            }
        }
    }
}

#[inline(always)]
fn patch_row<'a>(image: &Image<'a>, row: usize, block: usize, x: usize) -> &'a [Lanes; PATCH] {
    let pixels = &image.block_row(row, block)[x..x + PATCH];
    pixels.first_chunk().unwrap_or(&[[0.0; BLOCK]; PATCH])
}

/// The tile whose inputs begin one row above `y` and at stored column `x`, with zeros outside the image.
#[cold]
fn copy_patch(image: &Image<'_>, y: usize, block: usize, x: usize) -> [[Lanes; PATCH]; PATCH] {
    let mut copy = [[[0.0; BLOCK]; PATCH]; PATCH];
    for (r, to) in copy.iter_mut().enumerate() {
        if (1..=image.shape.height).contains(&(y + r)) {
            let from = &image.block_row(y + r - 1, block)[x..];
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
    }
    copy
}

/// `[value at 0, …, value at 5]`.
///
/// A macro because closures would not be compiled with the instruction set's features, and because filling an array that
/// was zeroed before costs a call of `memset` per tile.
macro_rules! each_column {
    ($i:ident, $value:expr) => {
        [
            {
                let $i = 0;
                $value
            },
            {
                let $i = 1;
                $value
            },
            {
                let $i = 2;
                $value
            },
            {
                let $i = 3;
                $value
            },
            {
                let $i = 4;
                $value
            },
            {
                let $i = 5;
                $value
            },
        ]
    };
}

/// `Bᵀ d B`, written to positions `plane` apart.
#[inline(always)]
fn transform_input<S: Simd>(s: S, patch: [&[Lanes; PATCH]; PATCH], to: &mut [Lanes], plane: usize) {
    let columns = each_column!(x, input_line(s, each_column!(y, s.load(&patch[y][x]))));
    for y in 0..PATCH {
        let row = input_line(s, each_column!(x, columns[x][y]));
        for x in 0..PATCH {
            s.store(row[x], &mut to[(y * PATCH + x) * plane]);
        }
    }
}

/// Step 2: for each position, tiles times weights, into `[position][out block][tile]`.
#[inline(always)]
fn multiply<S: Simd>(s: S, weights: &WinogradWeights, group: &Group, patches: &[Lanes], products: &mut [Lanes]) {
    let in_plane = plane(weights.in_blocks, weights.group());
    let out_plane = plane(weights.out_blocks, weights.group());
    for position in 0..POSITIONS {
        let patches = &patches[position * in_plane..][..weights.in_blocks * group.count];
        let products = &mut products[position * out_plane..][..weights.out_blocks * group.count];
        for (out_block, products) in products.chunks_exact_mut(group.count).enumerate() {
            let taps = weights.taps(position, out_block);
            for (tile, len) in even_runs(group.count, S::TILE) {
                with_tile!(S, len, multiply_tiles(s, &patches[tile..], group.count, taps, &mut products[tile..]));
            }
        }
    }
}

#[inline(always)]
fn multiply_tiles<S: Simd, const P: usize>(
    s: S,
    patches: &[Lanes],
    stride: usize,
    taps: &[Lanes],
    products: &mut [Lanes],
) {
    let mut sums = [s.zero(); P];
    for (block, taps) in taps.chunks_exact(BLOCK).enumerate() {
        accumulate(s, &patches[block * stride..][..P], taps, &mut sums);
    }
    for (sum, product) in sums.into_iter().zip(&mut products[..P]) {
        s.store(sum, product);
    }
}

/// Step 3: transforms the products into output pixels, with bias and `relu`.
#[inline(always)]
fn scatter<S: Simd>(
    s: S,
    weights: &WinogradWeights,
    relu: bool,
    group: &Group,
    products: &[Lanes],
    out: &mut Strip<'_>,
) {
    let plane = plane(weights.out_blocks, weights.group());
    for out_block in 0..weights.out_blocks {
        let bias = s.load(weights.bias.get(out_block).unwrap_or(&[0.0; BLOCK]));
        for tile in 0..group.count {
            let (ty, tx) = ((group.first + tile) / group.across, (group.first + tile) % group.across);
            let rows = transform_output(s, &products[out_block * group.count + tile..], plane);
            let columns = TILE_SIDE.min(out.shape.width - tx * TILE_SIDE);
            for (y, row) in rows.into_iter().enumerate().take(out.rows() - ty * TILE_SIDE) {
                let pixels = &mut out.block_row(ty * TILE_SIDE + y, out_block)[1 + tx * TILE_SIDE..];
                for (value, pixel) in row.into_iter().zip(pixels).take(columns) {
                    let value = s.add(value, bias);
                    s.store(if relu { s.relu(value) } else { value }, pixel);
                }
            }
        }
    }
}

/// `Aᵀ m A` of positions that are `plane` apart.
#[inline(always)]
fn transform_output<S: Simd>(s: S, products: &[Lanes], plane: usize) -> [[S::V; TILE_SIDE]; TILE_SIDE] {
    let columns = each_column!(x, output_line(s, each_column!(y, s.load(&products[(y * PATCH + x) * plane]))));
    [
        output_line(s, each_column!(x, columns[x][0])),
        output_line(s, each_column!(x, columns[x][1])),
        output_line(s, each_column!(x, columns[x][2])),
        output_line(s, each_column!(x, columns[x][3])),
    ]
}

#[cfg(test)]
#[path = "winograd/tests.rs"]
mod tests;
