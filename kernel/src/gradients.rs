//! Gradients of weights: sums over pixels of outer products of an input pixel and an output gradient's pixel.
//!
//! A register tile accumulates some input channels (and, for 3×3, the three kernel columns) of one output block along a
//! row; between rows the sums rest in the caller's memory. The order of the sum is that of the rows and columns.

use std::ops::Range;

use crate::isa::{Algorithm, Isa};
use crate::layout::Image;
use crate::simd::{BLOCK, Lanes, Simd};

/// Vectors of the gradient of one pair of blocks: `[kernel row][kernel column][in 16]`.
pub const PAIR_3X3: usize = 9 * BLOCK;

/// Adds to `sums` the weight gradient of a 3×3 convolution (padding 1) for one pair of blocks, over the output rows `rows`.
///
/// Only the first `channels` input channels of the block are computed (more may be).
///
/// # Panics
/// When shapes do not fit or `sums` is not [`PAIR_3X3`] vectors.
pub fn conv3x3_weights(
    isa: Isa,
    input: (Image<'_>, usize),
    gradient: (Image<'_>, usize),
    rows: Range<usize>,
    channels: usize,
    sums: &mut [Lanes],
) {
    let (from, to) = (input.0.shape, gradient.0.shape);
    assert_eq!((from.height, from.width), (to.height, to.width), "size");
    assert!(rows.end <= to.height && sums.len() == PAIR_3X3 && channels <= BLOCK, "rows or sums");
    isa.run(Conv3x3Weights { input, gradient, rows, channels, sums });
}

struct Conv3x3Weights<'a> {
    input: (Image<'a>, usize),
    gradient: (Image<'a>, usize),
    rows: Range<usize>,
    channels: usize,
    sums: &'a mut [Lanes],
}

impl Algorithm for Conv3x3Weights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let shape = self.input.0.shape;
        for y in self.rows {
            let gradient = &self.gradient.0.block_row(y, self.gradient.1)[1..=shape.width];
            for (ky, sums) in self.sums.chunks_exact_mut(3 * BLOCK).enumerate() {
                if (1..=shape.height).contains(&(y + ky)) {
                    let input = self.input.0.block_row(y + ky - 1, self.input.1);
                    if S::TILE >= 12 {
                        row_3x3::<S, 4>(s, input, gradient, self.channels, sums);
                    } else if S::TILE >= 6 {
                        row_3x3::<S, 2>(s, input, gradient, self.channels, sums);
                    } else {
                        row_3x3::<S, 1>(s, input, gradient, self.channels, sums);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn row_3x3<S: Simd, const C: usize>(s: S, input: &[Lanes], gradient: &[Lanes], channels: usize, sums: &mut [Lanes]) {
    assert!(input.len() == gradient.len() + 2 && sums.len() == 3 * BLOCK);
    for group in 0..BLOCK / C {
        let first = group * C;
        if first >= channels {
            break;
        }
        let mut tile = [[s.zero(); C]; 3];
        for (kx, tile) in tile.iter_mut().enumerate() {
            for c in 0..C {
                tile[c] = s.load(&sums[kx * BLOCK + first + c]);
            }
        }
        for (pixels, gradient) in input.array_windows::<3>().zip(gradient) {
            let gradient = s.load(gradient);
            for (kx, tile) in tile.iter_mut().enumerate() {
                for c in 0..C {
                    tile[c] = s.mul_add(s.splat(pixels[kx][first + c]), gradient, tile[c]);
                }
            }
        }
        for (kx, tile) in tile.into_iter().enumerate() {
            for c in 0..C {
                s.store(tile[c], &mut sums[kx * BLOCK + first + c]);
            }
        }
    }
}

/// Where the output of a layer that sees one pixel at a time lies for input pixel `(y, x)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At `(y, x)`: a 1×1 convolution.
    Same,
    /// At `(2y + dy, 2x + dx)`: this corner of a 2×2 stride-2 transposed convolution.
    Corner {
        /// Row in the 2×2 patch.
        dy: usize,
        /// Column in the 2×2 patch.
        dx: usize,
    },
}

/// Adds to `sums`, `[in 16]` vectors, the gradient of a matrix for one pair of blocks, over the input rows `rows`.
///
/// # Panics
/// When shapes do not fit or `sums` is not sixteen vectors.
pub fn matrix_weights(
    isa: Isa,
    input: (Image<'_>, usize),
    gradient: (Image<'_>, usize),
    rows: Range<usize>,
    place: Place,
    sums: &mut [Lanes],
) {
    let factor = if place == Place::Same { 1 } else { 2 };
    let (from, to) = (input.0.shape, gradient.0.shape);
    assert_eq!((factor * from.height, factor * from.width), (to.height, to.width), "size");
    assert!(rows.end <= from.height && sums.len() == BLOCK, "rows or sums");
    isa.run(MatrixWeights { input, gradient, rows, place, sums });
}

struct MatrixWeights<'a> {
    input: (Image<'a>, usize),
    gradient: (Image<'a>, usize),
    rows: Range<usize>,
    place: Place,
    sums: &'a mut [Lanes],
}

impl Algorithm for MatrixWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for y in self.rows {
            let input = &self.input.0.block_row(y, self.input.1)[1..=self.input.0.shape.width];
            let (row, first, step) = match self.place {
                Place::Same => (y, 1, 1),
                Place::Corner { dy, dx } => (2 * y + dy, 1 + dx, 2),
            };
            let gradient = &self.gradient.0.block_row(row, self.gradient.1)[first..];
            if S::TILE >= 8 {
                row_matrix::<S, 8>(s, input, gradient, step, self.sums);
            } else if S::TILE >= 4 {
                row_matrix::<S, 4>(s, input, gradient, step, self.sums);
            } else {
                row_matrix::<S, 2>(s, input, gradient, step, self.sums);
            }
        }
    }
}

#[inline(always)]
fn row_matrix<S: Simd, const C: usize>(s: S, input: &[Lanes], gradient: &[Lanes], step: usize, sums: &mut [Lanes]) {
    for (group, sums) in sums.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        let mut tile = [s.zero(); C];
        for c in 0..C {
            tile[c] = s.load(&sums[c]);
        }
        for (pixel, gradient) in input.iter().zip(gradient.iter().step_by(step)) {
            let gradient = s.load(gradient);
            for c in 0..C {
                tile[c] = s.mul_add(s.splat(pixel[group * C + c]), gradient, tile[c]);
            }
        }
        for c in 0..C {
            s.store(tile[c], &mut sums[c]);
        }
    }
}

/// Writes, for each row and block from `first_row` on, the sum over the row's pixels: what a bias' gradient is made of.
///
/// # Panics
/// When `sums` is no whole number of rows.
pub fn row_sums(isa: Isa, gradient: Image<'_>, first_row: usize, sums: &mut [Lanes]) {
    assert_eq!(sums.len() % gradient.shape.blocks, 0, "sums");
    isa.run(RowSums { gradient, first_row, sums });
}

struct RowSums<'a> {
    gradient: Image<'a>,
    first_row: usize,
    sums: &'a mut [Lanes],
}

impl Algorithm for RowSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (blocks, width) = (self.gradient.shape.blocks, self.gradient.shape.width);
        for (i, out) in self.sums.iter_mut().enumerate() {
            let pixels = &self.gradient.block_row(self.first_row + i / blocks, i % blocks)[1..=width];
            let mut sum = s.zero();
            for pixel in pixels {
                sum = s.add(sum, s.load(pixel));
            }
            s.store(sum, out);
        }
    }
}

#[cfg(test)]
#[path = "gradients/tests.rs"]
mod tests;
