//! The materials: each paints colour and relief, and says what leads cracks through it.

mod asphalt;
mod brick;
mod concrete;
mod marks;
mod plaster;

pub use marks::growth;

use super::Surface;
use super::bond::Bond;
use super::field::Frame;
use super::ground::Ground;
use super::pose::Pose;
use super::random::Random;
use super::stones::Stones;

/// What a crack follows on its way through a material.
#[derive(Clone, Debug)]
pub enum Guide {
    /// Nothing: it breaks where it likes.
    Free,
    /// Borders between stones.
    Stones(Stones),
    /// Mortar joints.
    Joints(Bond),
}

/// Paints a material over the frame.
pub fn paint(random: &mut Random, surface: Surface, frame: Frame, zoom: f32, pose: &Pose) -> (Ground, Guide) {
    match surface {
        Surface::Concrete => (concrete::paint(random, frame, zoom, pose), Guide::Free),
        Surface::Asphalt => {
            let (ground, stones) = asphalt::paint(random, frame, zoom, pose);
            (ground, Guide::Stones(stones))
        }
        Surface::Brick => {
            let (ground, bond) = brick::paint(random, frame, zoom, pose);
            (ground, Guide::Joints(bond))
        }
        Surface::Render => (plaster::paint(random, frame, zoom), Guide::Free),
    }
}
