//! Sums over a batch in a fixed order: of rows, and of the pieces that weight gradients are computed in.

use std::ops::Range;

use hairline_kernel::simd::{BLOCK, Lanes};
use rayon::prelude::*;

use crate::net::plan::activation::Workspace;

/// Tasks that a weight gradient is cut into at least, where it has rows enough. Part of the order of the sum, so not a
/// number of threads.
const TASKS: usize = 64;

/// Adds rows of `vectors` vectors each, in f64.
pub fn add_rows(rows: &[Lanes], vectors: usize) -> Vec<[f64; BLOCK]> {
    let mut totals = vec![[0.0; BLOCK]; vectors];
    for row in rows.chunks_exact(vectors) {
        for (total, lanes) in totals.iter_mut().zip(row) {
            for (total, &value) in total.iter_mut().zip(lanes) {
                *total += f64::from(value);
            }
        }
    }
    totals
}

/// Adds `f(row)` over rows computed in parallel, in the order of the rows.
pub fn add_scalars(count: usize, f: impl Fn(usize) -> [f64; 2] + Sync + Send) -> [f64; 2] {
    let rows: Vec<[f64; 2]> = (0..count).into_par_iter().map(f).collect();
    rows.into_iter().fold([0.0; 2], |total, row| [total[0] + row[0], total[1] + row[1]])
}

/// Partial weight gradients: `vectors` vectors for each piece of the rows and each pair of blocks.
pub struct PairSums {
    memory: Vec<f32>,
    len: usize,
    vectors: usize,
    in_blocks: usize,
    out_blocks: usize,
}

/// How many rows there are to sum over, and where the sums go.
#[derive(Clone, Copy)]
pub struct PairShape {
    pub batch: usize,
    pub height: usize,
    pub in_blocks: usize,
    pub out_blocks: usize,
    pub vectors: usize,
}

impl PairSums {
    /// Calls `work(in block, out block, image, rows, sums)` for all pairs and rows; it adds to `sums`.
    pub fn compute(
        workspace: &mut Workspace,
        shape: PairShape,
        work: impl Fn(usize, usize, usize, Range<usize>, &mut [Lanes]) + Sync,
    ) -> Self {
        let PairShape { batch, height, in_blocks, out_blocks, vectors } = shape;
        let (pairs, rows) = (in_blocks * out_blocks, batch * height);
        let pieces = TASKS.div_ceil(pairs).min(rows).max(1);
        let len = pieces * pairs * vectors * BLOCK;
        let mut memory = workspace.take_floats(len);
        memory[..len].par_chunks_mut(vectors * BLOCK).enumerate().for_each(|(task, sums)| {
            let sums = sums.as_chunks_mut().0;
            sums.fill([0.0; BLOCK]);
            let (piece, pair) = (task / pairs, task % pairs);
            let mut next = piece * rows / pieces;
            let end = (piece + 1) * rows / pieces;
            while next < end {
                let (image, first) = (next / height, next % height);
                let count = (height - first).min(end - next);
                work(pair % in_blocks, pair / in_blocks, image, first..first + count, sums);
                next += count;
            }
        });
        Self { memory, len, vectors, in_blocks, out_blocks }
    }

    /// Gives the memory back.
    pub fn free(self, workspace: &mut Workspace) {
        workspace.give_floats(self.memory);
    }

    /// The whole sum for one vector and lane of a pair.
    pub fn total(&self, in_block: usize, out_block: usize, vector: usize, lane: usize) -> f32 {
        let at = (out_block * self.in_blocks + in_block) * self.vectors + vector;
        let piece = self.in_blocks * self.out_blocks * self.vectors * BLOCK;
        let pieces = self.memory[..self.len][at * BLOCK + lane..].iter().step_by(piece);
        pieces.map(|&value| f64::from(value)).sum::<f64>() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_summed_once_for_every_pair() {
        for (batch, height, in_blocks, out_blocks) in [(1, 1, 1, 1), (3, 7, 2, 1), (2, 50, 1, 1), (2, 4, 16, 16)] {
            let shape = PairShape { batch, height, in_blocks, out_blocks, vectors: 2 };
            let sums = PairSums::compute(&mut Workspace::new(), shape, |i, o, image, rows, sums| {
                for row in rows {
                    sums[1][3] += (1000 * image + row) as f32 + 0.25 * (o * in_blocks + i) as f32;
                }
            });
            let rows: usize = (0..batch).map(|b| (0..height).map(|y| 1000 * b + y).sum::<usize>()).sum();
            for (i, o) in (0..in_blocks).flat_map(|i| (0..out_blocks).map(move |o| (i, o))) {
                let expected = rows as f32 + 0.25 * (batch * height * (o * in_blocks + i)) as f32;
                assert_eq!(sums.total(i, o, 1, 3), expected);
                assert_eq!(sums.total(i, o, 0, 3), 0.0);
            }
        }
    }
}
