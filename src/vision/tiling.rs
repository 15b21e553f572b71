//! Overlapping tiles that cover a photograph, and the windows that blend them.
//!
//! The two axes are independent. On each, tiles of one size lie evenly, and
//! their windows add up to one at every pixel, so that blending what was cut
//! gives back the original.

use std::f32::consts::PI;

/// The network halves its input four times, so sides are multiples of 16.
pub const SIDE_MULTIPLE: u32 = 16;

/// A tile may grow by this factor over the wished size before it is split in two.
const STRETCH: f32 = 1.17;

/// Tiles along one side of a photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Side of the photograph in pixels.
    pub length: u32,
    /// Side of every tile, a multiple of [`SIDE_MULTIPLE`]; larger than `length` only if there is one tile.
    pub tile: u32,
    /// First pixel of every tile.
    pub starts: Vec<u32>,
    windows: Vec<Vec<f32>>,
}

impl Axis {
    /// Covers `length` pixels with tiles of about `wished` pixels that share `overlap`.
    pub fn new(length: u32, wished: u32, overlap: u32) -> Self {
        let largest = (wished as f32 * STRETCH) as u32;
        let side = |count: u32| (length + (count - 1) * overlap).div_ceil(count).next_multiple_of(SIDE_MULTIPLE);
        let count = (1..).find(|&n| side(n) <= largest).unwrap_or(1);
        let tile = side(count);
        let last = length.saturating_sub(tile);
        let starts: Vec<u32> = match count {
            1 => vec![0],
            _ => (0..count).map(|i| (f64::from(last) * f64::from(i) / f64::from(count - 1)).round() as u32).collect(),
        };
        let windows = windows(&starts, tile, length);
        Self { length, tile, starts, windows }
    }

    /// Pixels of tile `i` that lie inside the photograph.
    pub fn covered(&self, i: usize) -> u32 {
        self.tile.min(self.length - self.starts[i])
    }

    /// Weights of tile `i`, one for each covered pixel.
    pub fn window(&self, i: usize) -> &[f32] {
        &self.windows[i]
    }

    /// First pixel that no tile before tile `i` and all after it will touch.
    pub fn settled_before(&self, i: usize) -> u32 {
        self.starts.get(i).copied().unwrap_or(self.length)
    }
}

/// Raised-cosine ramps where tiles meet, divided by their sum.
fn windows(starts: &[u32], tile: u32, length: u32) -> Vec<Vec<f32>> {
    let mut windows: Vec<Vec<f32>> = (0..starts.len())
        .map(|i| {
            let covered = tile.min(length - starts[i]);
            let overlap_before = if i == 0 { 0 } else { starts[i - 1] + tile - starts[i] };
            let overlap_after = starts.get(i + 1).map_or(0, |&next| starts[i] + tile - next);
            (0..covered).map(|x| ramp(x, overlap_before) * ramp(covered - 1 - x, overlap_after)).collect()
        })
        .collect();
    let mut sums = vec![0.0f32; length as usize];
    for (window, &start) in windows.iter().zip(starts) {
        for (x, &weight) in window.iter().enumerate() {
            sums[start as usize + x] += weight;
        }
    }
    for (window, &start) in windows.iter_mut().zip(starts) {
        for (x, weight) in window.iter_mut().enumerate() {
            *weight /= sums[start as usize + x];
        }
    }
    windows
}

fn ramp(distance: u32, overlap: u32) -> f32 {
    if distance >= overlap {
        return 1.0;
    }
    let t = (distance as f32 + 0.5) / overlap as f32;
    0.5 - 0.5 * (PI * t).cos()
}

/// One tile of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Place in the grid's order, row by row.
    pub index: usize,
    /// Column and row in the grid.
    pub cell: (usize, usize),
    /// Left and top pixel in the photograph.
    pub origin: (u32, u32),
}

/// Tiles over a whole photograph, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct TileGrid {
    /// Columns.
    pub x: Axis,
    /// Rows.
    pub y: Axis,
}

impl TileGrid {
    /// Covers `width × height` pixels with tiles of about `wished` pixels a side.
    pub fn new(width: u32, height: u32, wished: u32, overlap: u32) -> Self {
        Self { x: Axis::new(width, wished, overlap), y: Axis::new(height, wished, overlap) }
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.x.starts.len() * self.y.starts.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tile number `index`.
    pub fn tile(&self, index: usize) -> Tile {
        let columns = self.x.starts.len();
        let cell = (index % columns, index / columns);
        Tile { index, cell, origin: (self.x.starts[cell.0], self.y.starts[cell.1]) }
    }

    /// Pixels that the network computes for the whole photograph.
    pub fn computed_pixels(&self) -> u64 {
        self.len() as u64 * u64::from(self.x.tile) * u64::from(self.y.tile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn not_more_than_1_35_of_the_photograph_is_computed() {
        for (width, height) in
            [(544, 384), (769, 769), (897, 897), (1200, 899), (4000, 3000), (8000, 6000), (12000, 8400), (2048, 400)]
        {
            let grid = TileGrid::new(width, height, 768, 96);
            let share = grid.computed_pixels() as f64 / (f64::from(width) * f64::from(height));
            assert!(share <= 1.35, "{width}×{height}: {share:.3}");
        }
    }

    #[test]
    fn a_side_that_fits_is_one_tile() {
        let axis = Axis::new(544, 768, 96);
        assert_eq!((axis.tile, axis.starts.as_slice()), (544, [0].as_slice()));
        let axis = Axis::new(5, 768, 96);
        assert_eq!((axis.tile, axis.covered(0)), (16, 5));
    }

    proptest! {
        #[test]
        fn windows_add_up_to_one_and_tiles_lie_inside(length in 1u32..6000, wished in 64u32..900) {
            let overlap = wished / 8;
            let axis = Axis::new(length, wished, overlap);
            let mut sum = vec![0.0f64; length as usize];
            for i in 0..axis.starts.len() {
                prop_assert!(axis.starts.len() == 1 || axis.starts[i] + axis.tile <= length);
                prop_assert_eq!(axis.window(i).len(), axis.covered(i) as usize);
                for (x, &weight) in axis.window(i).iter().enumerate() {
                    sum[axis.starts[i] as usize + x] += f64::from(weight);
                }
            }
            for (x, s) in sum.iter().enumerate() {
                prop_assert!((s - 1.0).abs() < 1e-6, "at {}: {}", x, s);
            }
            prop_assert_eq!(axis.tile % SIDE_MULTIPLE, 0);
        }
    }
}
