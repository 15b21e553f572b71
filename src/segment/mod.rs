//! The one path from a photograph to probabilities: tiles → network → blend.
//!
//! Server, command line, evaluation and the promotion gate all come through
//! here, so that a score always speaks of what people see.

mod blend;
mod core_rule;
mod input;

use std::sync::Arc;

use image::RgbImage;

pub use blend::Blender;
pub use core_rule::CoreRule;
pub use input::normalised_tile;

use crate::net::{Model, NetError};
use crate::vision::{ProbabilityMap, Tile, TileGrid};

/// How a photograph is shown to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileSettings {
    /// Wished side of a tile.
    pub tile: u32,
    /// Pixels shared by neighbours.
    pub overlap: u32,
    /// Show each tile a second time with left and right exchanged, and take the mean of both answers: twice the
    /// time.
    pub mirror: bool,
}

impl Default for TileSettings {
    fn default() -> Self {
        Self { tile: 768, overlap: 96, mirror: false }
    }
}

/// A model and how photographs are cut for it.
#[derive(Debug, Clone)]
pub struct Segmenter {
    model: Arc<Model>,
    tiles: TileSettings,
}

/// One photograph on its way: what is cut from it and what was blended so far.
///
/// The tiles can be computed in any order and by several threads; blending
/// keeps their order, so the result does not depend on it.
pub struct Segmentation {
    picture: RgbImage,
    size: (u32, u32),
    rule: Option<CoreRule>,
    /// The tiles to compute.
    pub grid: TileGrid,
}

impl Segmenter {
    /// Cuts photographs as `tiles` says and shows them to `model`.
    pub fn new(model: Arc<Model>, tiles: TileSettings) -> Self {
        Self { model, tiles }
    }

    /// The model in use.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Prepares `photo`: the network's own scale, and its tiles.
    pub fn start(&self, photo: RgbImage) -> Segmentation {
        let size = photo.dimensions();
        let picture = input::at_network_scale(photo, self.model.metadata.input.scale);
        let (width, height) = picture.dimensions();
        let grid = TileGrid::new(width, height, self.tiles.tile, self.tiles.overlap);
        Segmentation { picture, size, rule: CoreRule::of(&self.model.metadata), grid }
    }

    /// Probabilities of one tile, `tile × tile` values, row by row.
    ///
    /// # Errors
    /// If the network cannot be run.
    pub fn run_tile(&self, work: &Segmentation, tile: Tile) -> Result<Vec<f32>, NetError> {
        let sides = (work.grid.x.tile, work.grid.y.tile);
        let mut input = input::normalised_tile(&work.picture, tile.origin, sides, &self.model.metadata.input);
        let (width, height) = (sides.0 as usize, sides.1 as usize);
        let mut probabilities = self.model.probabilities(&input, 1, height, width)?;
        if self.tiles.mirror {
            input.chunks_exact_mut(width).for_each(<[f32]>::reverse);
            let mirrored = self.model.probabilities(&input, 1, height, width)?;
            for (row, other) in probabilities.chunks_exact_mut(width).zip(mirrored.chunks_exact(width)) {
                row.iter_mut().zip(other.iter().rev()).for_each(|(p, q)| *p = 0.5 * (*p + q));
            }
        }
        Ok(probabilities)
    }

    /// All of it at once: the probability of every pixel of `photo`.
    ///
    /// # Errors
    /// If the network cannot be run.
    pub fn segment(&self, photo: RgbImage, mut progress: impl FnMut(usize, usize)) -> Result<ProbabilityMap, NetError> {
        let work = self.start(photo);
        let mut blender = Blender::new(&work.grid);
        for index in 0..work.grid.len() {
            let tile = work.grid.tile(index);
            blender.add(&work.grid, tile, self.run_tile(&work, tile)?);
            progress(index + 1, work.grid.len());
        }
        Ok(work.finish(blender).0)
    }
}

impl Segmentation {
    /// A probability for every pixel of the photograph, and the photograph
    /// itself where the network saw it at its own size.
    ///
    /// # Panics
    /// If a tile is missing.
    pub fn finish(self, blender: Blender) -> (ProbabilityMap, Option<RgbImage>) {
        let Self { picture, size, rule, grid: _ } = self;
        let photo = Some(picture).filter(|picture| picture.dimensions() == size);
        let mut map = input::at_photo_scale(blender.finish(), size);
        if let Some(rule) = rule {
            rule.apply(&mut map);
        }
        (map, photo)
    }
}

#[cfg(test)]
mod tests;
