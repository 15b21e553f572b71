//! Drawn photographs with cracks to trace: clicks on the true centre lines, and true masks.

use hairline::vision::BinaryMask;
use image::{DynamicImage, ImageFormat, RgbImage};

use crate::measuring::cases::any_profile;
use crate::measuring::dice::Dice;
use crate::measuring::renderer::Scene;
use crate::measuring::shapes::{Crack, Point, SINGLE};
use crate::support::encode;

/// Sides of a photograph in pixels.
pub const SIDE: u32 = 768;
/// Room around a crack in its cell, in pixels.
const MARGIN: f64 = 14.0;

/// One photograph with several unbranched cracks.
pub struct Drawn {
    pub photo: RgbImage,
    pub cracks: Vec<Traced>,
}

/// A crack that is to be traced.
pub struct Traced {
    /// Two to five points on the true centre line, both ends among them, in pixels of the photograph.
    pub clicks: Vec<Point>,
    pub truth: BinaryMask,
    pub mean_width: f64,
}

impl Drawn {
    /// The photograph that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 60);
        let (columns, rows) = dice.one_of(&[(3, 3), (2, 4), (3, 2), (2, 3)]);
        let cell = [f64::from(SIDE) / f64::from(columns), f64::from(SIDE) / f64::from(rows)];
        let place = |index: u32| {
            let corner = [f64::from(index % columns) * cell[0], f64::from(index / columns) * cell[1]];
            fitting(&mut dice, cell).moved_to([corner[0] + MARGIN, corner[1] + MARGIN])
        };
        let cracks: Vec<Crack> = (0..columns * rows).map(place).collect();
        let mut dice = Dice::new(seed, 61);
        let traced = cracks.iter().map(|crack| Traced::new(&mut dice, crack)).collect();
        Self { photo: Scene::new(SIDE, SIDE, cracks).photograph(seed), cracks: traced }
    }

    pub fn png(&self) -> Vec<u8> {
        encode(&DynamicImage::ImageRgb8(self.photo.clone()), ImageFormat::Png)
    }
}

impl Traced {
    fn new(dice: &mut Dice, crack: &Crack) -> Self {
        let stations = &crack.strands[0].stations;
        let count = dice.whole(2, 5);
        let clicks = (0..count).map(|i| stations[(stations.len() - 1) * i / (count - 1)].at).collect();
        let truth = Scene::new(SIDE, SIDE, vec![crack.clone()]).mask();
        Self { clicks, truth, mean_width: crack.mean_width() }
    }
}

/// Draws until a crack leaves its margin in a cell.
fn fitting(dice: &mut Dice, cell: Point) -> Crack {
    loop {
        let (shape, profile) = (dice.one_of(&SINGLE), any_profile(dice));
        let length = dice.between(110.0, 330.0);
        let crack = Crack::draw(dice, shape, length, profile);
        let [low, high] = crack.bounds();
        if (0..2).all(|axis| high[axis] - low[axis] < cell[axis] - 2.0 * MARGIN) {
            return crack;
        }
    }
}
