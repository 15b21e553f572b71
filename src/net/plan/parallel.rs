//! How work is cut into pieces for the threads, and the scratch memory of each thread.
//!
//! A piece is a strip of rows of one image. Where the cuts lie depends on the number of threads, but no value does: each
//! is computed in one piece, in an order of its own.

use std::cell::RefCell;

use hairline_kernel::layout::{Shape, Strip};
use rayon::prelude::*;

/// Pieces per thread, so that a thread that is held up leaves work for the others.
const PIECES_PER_THREAD: usize = 4;

/// Rows in a strip: a multiple of `multiple`, at least about `least` where there is work enough for all threads.
pub fn strip_rows(batch: usize, shape: &Shape, multiple: usize, least: usize) -> usize {
    let units = shape.height.div_ceil(multiple).max(1);
    let threads = rayon::current_num_threads();
    let wanted = (threads * PIECES_PER_THREAD).div_ceil(batch.max(1));
    let at_most = units.div_ceil(least.div_ceil(multiple).max(1));
    let pieces = if batch * at_most >= 2 * threads { wanted.min(at_most) } else { wanted.min(units).min(threads) };
    units.div_ceil(pieces.max(1)) * multiple
}

/// Calls `work(image, strip)` for all strips of `rows` rows of a batch.
pub fn for_strips(out: &mut [f32], shape: Shape, rows: usize, work: impl Fn(usize, Strip<'_>) + Sync) {
    if shape.image_len() == 0 {
        return;
    }
    out.par_chunks_mut(shape.image_len()).enumerate().for_each(|(image, out)| {
        out.par_chunks_mut(rows * shape.row_len()).enumerate().for_each(|(index, strip)| {
            work(image, Strip::new(shape, index * rows, strip));
        });
    });
}

/// Calls `work(image, start, piece)` for all pieces of `piece` values of a batch of images of `image` values.
pub fn for_chunks<T: Send>(out: &mut [T], image: usize, piece: usize, work: impl Fn(usize, usize, &mut [T]) + Sync) {
    if image == 0 {
        return;
    }
    out.par_chunks_mut(image).enumerate().for_each(|(index, out)| {
        out.par_chunks_mut(piece).enumerate().for_each(|(i, out)| work(index, i * piece, out));
    });
}

/// Two batches that are written together, with the values that a row of each has.
pub struct Together<'a, A, B> {
    pub first: (&'a mut [A], usize),
    pub second: (&'a mut [B], usize),
}

impl<A: Send, B: Send> Together<'_, A, B> {
    /// Calls `work(image, first row, first rows, second rows)` for strips of `rows` rows of images `height` high.
    pub fn for_rows(self, height: usize, rows: usize, work: impl Fn(usize, usize, &mut [A], &mut [B]) + Sync) {
        let ((first, a), (second, b)) = (self.first, self.second);
        let images = first.par_chunks_mut(height * a).zip(second.par_chunks_mut(height * b));
        images.enumerate().for_each(|(image, (first, second))| {
            let strips = first.par_chunks_mut(rows * a).zip(second.par_chunks_mut(rows * b));
            strips.enumerate().for_each(|(i, (first, second))| work(image, i * rows, first, second));
        });
    }
}

/// Calls `work` with `len` floats of this thread's scratch memory, which may hold anything.
pub fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < len {
            scratch.resize(len, 0.0);
        }
        work(&mut scratch[..len])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_multiples_and_cover_the_image() {
        for height in [1, 2, 4, 7, 32, 512] {
            for batch in [1, 2, 9] {
                for (multiple, least) in [(1, 1), (4, 4), (4, 12), (2, 64)] {
                    let shape = Shape::new(16, height, 8);
                    let rows = strip_rows(batch, &shape, multiple, least);
                    assert!(rows > 0 && rows.is_multiple_of(multiple), "{height} {batch} {multiple} {least}: {rows}");
                    let mut data = vec![0.0; batch * shape.image_len()];
                    for_strips(&mut data, shape, rows, |_, mut strip| {
                        (0..strip.rows()).for_each(|row| strip.row(row).fill([1.0; 16]));
                    });
                    assert!(data.iter().all(|&v| v == 1.0));
                }
            }
        }
    }
}
