//! 2×2 max pooling with stride 2 (PyTorch's `max_pool2d(2)`: an odd last row or column is left out).

use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::simd::Simd;

/// Writes the strip's rows of the pooled image.
///
/// # Panics
/// When the output's shape is not that of half the input.
pub fn max_pool(isa: Isa, input: Image<'_>, out: Strip<'_>) {
    let (from, to) = (input.shape, out.shape);
    assert_eq!((from.blocks, from.height / 2, from.width / 2), (to.blocks, to.height, to.width), "pooled shape");
    isa.run(MaxPool { input, out });
}

struct MaxPool<'a> {
    input: Image<'a>,
    out: Strip<'a>,
}

impl Algorithm for MaxPool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.out.rows() {
            let y = 2 * (self.out.first_row + row);
            for block in 0..self.out.shape.blocks {
                let upper = self.input.block_row(y, block)[1..].chunks_exact(2);
                let lower = self.input.block_row(y + 1, block)[1..].chunks_exact(2);
                for ((to, upper), lower) in self.out.inner(row, block).iter_mut().zip(upper).zip(lower) {
                    let upper = s.max(s.load(&upper[0]), s.load(&upper[1]));
                    let lower = s.max(s.load(&lower[0]), s.load(&lower[1]));
                    s.store(s.max(upper, lower), to);
                }
            }
        }
    }
}

/// Adds to the strip's rows of the input's gradient: each pooled value's gradient goes to the first of its four pixels, in
/// reading order, that holds the maximum.
///
/// The strip must begin at an even row and hold an even number of rows, save at the image's end.
///
/// # Panics
/// When shapes do not fit or the strip splits a pooled row.
pub fn max_pool_backward(isa: Isa, input: Image<'_>, pooled_gradient: Image<'_>, gradient: Strip<'_>) {
    let (from, to) = (input.shape, pooled_gradient.shape);
    assert_eq!((from.blocks, from.height / 2, from.width / 2), (to.blocks, to.height, to.width), "pooled shape");
    assert_eq!(from, gradient.shape, "gradient shape");
    let end = gradient.first_row + gradient.rows();
    assert!(
        gradient.first_row.is_multiple_of(2) && (end.is_multiple_of(2) || end == from.height),
        "strip splits a pooled row"
    );
    isa.run(MaxPoolBackward { input, pooled_gradient, gradient });
}

struct MaxPoolBackward<'a> {
    input: Image<'a>,
    pooled_gradient: Image<'a>,
    gradient: Strip<'a>,
}

impl Algorithm for MaxPoolBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in (0..self.gradient.rows()).step_by(2) {
            let y = self.gradient.first_row + row;
            if y / 2 == self.pooled_gradient.shape.height {
                continue;
            }
            for block in 0..self.input.shape.blocks {
                for x in 0..self.pooled_gradient.shape.width {
                    self.spread(s, row, block, x);
                }
            }
        }
    }
}

impl MaxPoolBackward<'_> {
    #[inline(always)]
    fn spread<S: Simd>(&mut self, s: S, row: usize, block: usize, x: usize) {
        let y = self.gradient.first_row + row;
        let (upper, lower) = (self.input.block_row(y, block), self.input.block_row(y + 1, block));
        let at = 1 + 2 * x;
        let values = [s.load(&upper[at]), s.load(&upper[at + 1]), s.load(&lower[at]), s.load(&lower[at + 1])];
        let largest = s.max(s.max(values[0], values[1]), s.max(values[2], values[3]));
        let mut rest = s.load(&self.pooled_gradient.block_row(y / 2, block)[x + 1]);
        for (i, value) in values.into_iter().enumerate() {
            let part = s.select_gt(largest, value, s.zero(), rest);
            rest = s.select_gt(largest, value, rest, s.zero());
            let to = &mut self.gradient.block_row(row + i / 2, block)[at + i % 2];
            s.store(s.add(s.load(to), part), to);
        }
    }
}

#[cfg(test)]
#[path = "pool/tests.rs"]
mod tests;
