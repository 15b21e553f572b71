//! The blocked layout of activations, and conversion from and to planar images.
//!
//! An image is `[H][blocks][W + 2][16]`: sixteen channels of a pixel lie together, a row holds all its channel blocks, and
//! each block row has one zero pixel at either end, so that a 3×3 kernel needs no test for the left and right border. A
//! strip of rows is contiguous with all its channels, which is what threads divide among themselves. Channels that fill up
//! the last block are zero.

use crate::simd::{BLOCK, Lanes};

/// The number of blocks that hold `channels` channels.
pub const fn blocks(channels: usize) -> usize {
    channels.div_ceil(BLOCK)
}

/// Every channel of concatenated `inputs`, counted through, with its place among their blocks.
pub(crate) fn concatenated(inputs: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let starts = inputs.iter().scan((0, 0), |next, &channels| {
        let start = *next;
        *next = (start.0 + channels, start.1 + blocks(channels) * BLOCK);
        Some((start, channels))
    });
    starts.flat_map(|((channel, lane), count)| (0..count).map(move |i| (channel + i, lane + i)))
}

/// Size of one image in the blocked layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Channel blocks.
    pub blocks: usize,
    /// Rows.
    pub height: usize,
    /// Pixels in a row, without the two border pixels.
    pub width: usize,
}

impl Shape {
    /// Shape of an image with `channels` channels.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { blocks: blocks(channels), height, width }
    }

    /// Pixels in a block row, with its border.
    pub const fn stride(&self) -> usize {
        self.width + 2
    }

    /// Floats in a row of all blocks.
    pub const fn row_len(&self) -> usize {
        self.blocks * self.stride() * BLOCK
    }

    /// Floats in an image.
    pub const fn image_len(&self) -> usize {
        self.height * self.row_len()
    }
}

/// One image to read from.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// Its size.
    pub shape: Shape,
    data: &'a [Lanes],
}

impl<'a> Image<'a> {
    /// Wraps `[H][blocks][W + 2][16]` floats.
    ///
    /// # Panics
    /// When the length is not that of the shape.
    pub fn new(shape: Shape, data: &'a [f32]) -> Self {
        assert_eq!(data.len(), shape.image_len(), "length of an image of {shape:?}");
        Self { shape, data: data.as_chunks().0 }
    }

    /// The pixels of one block of one row, borders included.
    #[inline(always)]
    pub fn block_row(&self, row: usize, block: usize) -> &'a [Lanes] {
        let stride = self.shape.stride();
        &self.data[(row * self.shape.blocks + block) * stride..][..stride]
    }

    /// All pixels in storage order.
    #[inline(always)]
    pub fn lanes(&self) -> &'a [Lanes] {
        self.data
    }
}

/// Consecutive rows of one image to write to.
#[derive(Debug)]
pub struct Strip<'a> {
    /// Size of the whole image.
    pub shape: Shape,
    /// The image row that the strip begins with.
    pub first_row: usize,
    data: &'a mut [Lanes],
}

impl<'a> Strip<'a> {
    /// Wraps whole rows, `[rows][blocks][W + 2][16]` floats, of an image.
    ///
    /// # Panics
    /// When the length is not a whole number of rows, or the rows leave the image.
    pub fn new(shape: Shape, first_row: usize, data: &'a mut [f32]) -> Self {
        let rows = data.len() / shape.row_len();
        assert_eq!(data.len(), rows * shape.row_len(), "a strip has whole rows of {shape:?}");
        assert!(first_row + rows <= shape.height, "rows {first_row}+{rows} of {shape:?}");
        Self { shape, first_row, data: data.as_chunks_mut().0 }
    }

    /// Rows in the strip.
    pub fn rows(&self) -> usize {
        self.data.len() / (self.shape.blocks * self.shape.stride())
    }

    /// The pixels of one block of the strip's row `row`, borders included.
    #[inline(always)]
    pub fn block_row(&mut self, row: usize, block: usize) -> &mut [Lanes] {
        let stride = self.shape.stride();
        &mut self.data[(row * self.shape.blocks + block) * stride..][..stride]
    }

    /// The pixels of one block of the strip's row `row` without the borders, which become zero.
    #[inline(always)]
    pub fn inner(&mut self, row: usize, block: usize) -> &mut [Lanes] {
        let row = self.block_row(row, block);
        let last = row.len() - 1;
        row[0] = [0.0; BLOCK];
        row[last] = [0.0; BLOCK];
        &mut row[1..last]
    }

    /// The pixels of the strip's row `row`, `blocks` times `W + 2`.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [Lanes] {
        let len = self.shape.blocks * self.shape.stride();
        &mut self.data[row * len..][..len]
    }
}

/// Copies a planar image `[C, H, W]` into blocked rows.
///
/// # Panics
/// When the lengths do not fit `channels` and the strip's shape.
pub fn from_planar(planar: &[f32], channels: usize, mut out: Strip<'_>) {
    let Shape { height, width, .. } = out.shape;
    assert_eq!(out.shape.blocks, blocks(channels), "channel blocks");
    assert_eq!(planar.len(), channels * height * width, "planar length");
    for row in 0..out.rows() {
        let y = out.first_row + row;
        for block in 0..out.shape.blocks {
            let pixels = out.inner(row, block);
            pixels.fill([0.0; BLOCK]);
            for lane in 0..BLOCK.min(channels - block * BLOCK) {
                let from = &planar[((block * BLOCK + lane) * height + y) * width..][..width];
                for (to, &value) in pixels.iter_mut().zip(from) {
                    to[lane] = value;
                }
            }
        }
    }
}

/// Copies a blocked image into a planar one `[C, H, W]`.
///
/// # Panics
/// When the lengths do not fit `channels` and the image's shape.
pub fn to_planar(image: Image<'_>, channels: usize, planar: &mut [f32]) {
    let Shape { height, width, .. } = image.shape;
    assert_eq!(image.shape.blocks, blocks(channels), "channel blocks");
    assert_eq!(planar.len(), channels * height * width, "planar length");
    for channel in 0..channels {
        for y in 0..height {
            let from = &image.block_row(y, channel / BLOCK)[1..=width];
            let to = &mut planar[(channel * height + y) * width..][..width];
            for (to, from) in to.iter_mut().zip(from) {
                *to = from[channel % BLOCK];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planar_to_blocked_and_back_is_the_identity() {
        for channels in [1, 15, 16, 17, 40] {
            for (height, width) in [(1, 1), (3, 5), (2, 16)] {
                let shape = Shape::new(channels, height, width);
                let planar: Vec<f32> = (0..channels * height * width).map(|i| i as f32 + 1.0).collect();
                let mut blocked = vec![f32::NAN; shape.image_len()];
                from_planar(&planar, channels, Strip::new(shape, 0, &mut blocked));
                assert!(blocked.iter().all(|v| !v.is_nan()));
                assert_eq!(blocked.iter().sum::<f32>(), planar.iter().sum::<f32>());
                let mut back = vec![0.0; planar.len()];
                to_planar(Image::new(shape, &blocked), channels, &mut back);
                assert_eq!(back, planar);
            }
        }
    }
}
