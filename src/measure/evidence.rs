//! What says where a crack's lips are: a label, or probabilities and a threshold.

use super::geometry::{Vec2, add, bilinear, scaled};
use super::raster::Raster;
use super::regions::{CrackPixels, Run, runs_of};
use crate::vision::{BinaryMask, ProbabilityMap};

/// Pixels on a lip count this much less than the threshold when they belong to another crack.
const OTHER_CRACK: f64 = 0.5;

/// A picture of cracks.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// Yes or no for every pixel.
    Label(&'a BinaryMask),
    /// Probabilities, and the least value (0..65535) that counts as crack.
    Probabilities(&'a ProbabilityMap, u16),
}

impl CrackPixels for Evidence<'_> {
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Label(mask) => (mask.width as usize, mask.height as usize),
            Self::Probabilities(map, _) => (map.width() as usize, map.height() as usize),
        }
    }

    fn runs(&self, y: usize, runs: &mut Vec<Run>) {
        let width = self.size().0;
        match self {
            Self::Label(mask) => runs_of(&mask.pixels[y * width..][..width], y, |crack| crack, runs),
            Self::Probabilities(map, level) => {
                runs_of(&map.values()[y * width..][..width], y, |value| value >= *level, runs);
            }
        }
    }
}

impl Evidence<'_> {
    /// Whether a point lies within `margin` pixels of the photograph's frame, or beyond it.
    pub fn is_at_frame(&self, point: [f64; 2], margin: f64) -> bool {
        let (width, height) = self.size();
        let off = |at: f64, side: usize| at < margin || at > side as f64 - margin;
        off(point[0], width) || off(point[1], height)
    }

    /// The evidence at a point as a share of the threshold, which for a label is 0 or 2; 0 outside the frame.
    pub fn strength(&self, point: [f64; 2]) -> f64 {
        let (width, height) = self.size();
        let (x, y) = (point[0].floor(), point[1].floor());
        if x < 0.0 || y < 0.0 || x >= width as f64 || y >= height as f64 {
            return 0.0;
        }
        let index = y as usize * width + x as usize;
        match self {
            Self::Label(mask) => 2.0 * f64::from(u8::from(mask.pixels[index])),
            Self::Probabilities(map, level) => f64::from(map.values()[index]) / f64::from(*level),
        }
    }
}

/// The evidence for one region: its holes are closed, and other regions are background.
#[derive(Debug, Clone, Copy)]
pub struct Local<'a> {
    /// The region.
    pub region: &'a Raster,
    /// The whole picture.
    pub evidence: Evidence<'a>,
}

impl Local<'_> {
    /// Crack-ness of a pixel of the photograph; 0.5 is the lip.
    fn pixel(&self, x: isize, y: isize) -> f64 {
        let Some(index) = self.region.index(x, y) else { return 0.0 };
        let is_crack = self.region.pixels[index] != 0;
        let Evidence::Probabilities(map, level) = self.evidence else { return f64::from(u8::from(is_crack)) };
        if x < 0 || y < 0 || x >= map.width() as isize || y >= map.height() as isize {
            return 0.0;
        }
        let value = map.values()[y as usize * map.width() as usize + x as usize];
        let share = 0.5 * f64::from(value) / f64::from(level);
        match (is_crack, value >= level) {
            (true, false) => 0.5,
            (false, true) => OTHER_CRACK * share.min(0.9),
            (true, true) | (false, false) => share,
        }
    }

    /// Crack-ness anywhere in the photograph, bilinear between the middles of pixels.
    pub fn at(&self, point: Vec2) -> f64 {
        bilinear(point, |x, y| self.pixel(x, y))
    }

    /// Distance from `from` along `direction` to where the crack ends, at most `reach` pixels.
    pub fn run_out(&self, from: Vec2, direction: Vec2, reach: f64) -> f64 {
        const STEP: f64 = 0.25;
        let mut before = self.at(from);
        if before < 0.5 {
            return 0.0;
        }
        for i in 1..=(reach / STEP) as usize {
            let s = i as f64 * STEP;
            let here = self.at(add(from, scaled(direction, s)));
            if here < 0.5 {
                return s - STEP * (0.5 - here) / (before - here).max(1e-9);
            }
            before = here;
        }
        reach
    }

    /// Distance from the centre line to the lip.
    ///
    /// A label's lip is stepped; the area between centre and lip, taken across,
    /// is not. Probabilities are smooth, so theirs is where they fall below the
    /// threshold.
    pub fn lip(&self, centre: Vec2, across: Vec2, reach: f64) -> f64 {
        const STEP: f64 = 0.25;
        if let Evidence::Probabilities(..) = self.evidence {
            return self.run_out(centre, across, reach);
        }
        let mut area = 0.0;
        for i in 0..(reach / STEP) as usize {
            let share = self.at(add(centre, scaled(across, (i as f64 + 0.5) * STEP)));
            if share < 0.02 {
                break;
            }
            area += STEP * share;
        }
        area
    }
}
