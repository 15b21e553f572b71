//! Weighted sum of overlapping tiles, a band of rows at a time.

use std::collections::BTreeMap;

use crate::vision::{ProbabilityMap, Tile, TileGrid};

/// Collects the probabilities of all tiles of a photograph.
///
/// Only the rows that later tiles still touch are held as f32; the rest is
/// final and kept in 16 bits.
#[derive(Debug)]
pub struct Blender {
    width: usize,
    height: usize,
    band: Vec<f32>,
    band_top: usize,
    settled: Vec<u16>,
    early: BTreeMap<usize, Vec<f32>>,
    next: usize,
}

impl Blender {
    /// An empty result for `grid`.
    pub fn new(grid: &TileGrid) -> Self {
        let (width, height) = (grid.x.length as usize, grid.y.length as usize);
        Self {
            width,
            height,
            band: vec![0.0; width * (grid.y.tile as usize).min(height)],
            band_top: 0,
            settled: Vec::with_capacity(width * height),
            early: BTreeMap::new(),
            next: 0,
        }
    }

    /// Adds the probabilities of `tile`; tiles that come early wait for their turn.
    pub fn add(&mut self, grid: &TileGrid, tile: Tile, probabilities: Vec<f32>) {
        self.early.insert(tile.index, probabilities);
        while let Some(probabilities) = self.early.remove(&self.next) {
            let tile = grid.tile(self.next);
            self.accumulate(grid, tile, &probabilities);
            self.next += 1;
            if self.next.is_multiple_of(grid.x.starts.len()) {
                self.settle(grid.y.settled_before(tile.cell.1 + 1) as usize);
            }
        }
    }

    /// Number of tiles blended.
    pub fn done(&self) -> usize {
        self.next
    }

    /// The whole map.
    ///
    /// # Panics
    /// If a tile is missing.
    pub fn finish(self) -> ProbabilityMap {
        ProbabilityMap::new(self.width as u32, self.height as u32, self.settled)
    }

    fn accumulate(&mut self, grid: &TileGrid, tile: Tile, probabilities: &[f32]) {
        let (column, row) = tile.cell;
        let left = tile.origin.0 as usize;
        let across = grid.x.window(column);
        for (y, &down) in grid.y.window(row).iter().enumerate() {
            let from = &probabilities[y * grid.x.tile as usize..][..across.len()];
            let to = (tile.origin.1 as usize + y - self.band_top) * self.width + left;
            for ((sum, &p), &weight) in self.band[to..to + across.len()].iter_mut().zip(from).zip(across) {
                *sum += p * (weight * down);
            }
        }
    }

    /// Moves the rows above `until` out of the band.
    fn settle(&mut self, until: usize) {
        let count = (until - self.band_top) * self.width;
        self.settled.extend(self.band[..count].iter().map(|&p| ProbabilityMap::quantise(p)));
        self.band.copy_within(count.., 0);
        let kept = self.band.len() - count;
        self.band[kept..].fill(0.0);
        self.band_top = until;
    }
}
