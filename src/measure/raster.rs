//! A region cut out of the photograph, with a margin of background.

use super::geometry::{Vec2, median};
use super::regions::{CrackPixels, Run, regions, runs_of};

/// Background around a region, so that neighbours can be read without a check.
const MARGIN: usize = 2;

/// Crack (1) or background (0) in the smallest rectangle around a region.
///
/// Thinning does not look the same from all sides. So that a crack measures
/// the same however the camera was held, a region is first turned and mirrored
/// to the one of its eight positions in which its weight lies right and below
/// of the middle and it is wider than high.
#[derive(Debug, Clone)]
pub struct Raster {
    /// Width in pixels, margin included.
    pub width: usize,
    /// Height in pixels, margin included.
    pub height: usize,
    /// One entry a pixel, row by row.
    pub pixels: Vec<u8>,
    bounds: Bounds,
    turn: Turn,
}

/// Rectangle in the photograph, margin included; it may stick out.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    left: isize,
    top: isize,
    width: usize,
    height: usize,
}

/// How a rectangle is mirrored, then transposed.
#[derive(Debug, Clone, Copy)]
struct Turn {
    mirror_x: bool,
    mirror_y: bool,
    transpose: bool,
}

impl Turn {
    /// The turn that brings `runs` into their one position.
    fn canonical(runs: &[Run], bounds: &Bounds) -> Self {
        // Twice the distances from the middle, so that all sums are whole numbers.
        let [mut x, mut y, mut xx, mut yy] = [0_i128; 4];
        for run in runs {
            let v = 2 * (run.y as isize - bounds.top) - (bounds.height as isize - 1);
            for column in run.from..run.to {
                let u = 2 * (column as isize - bounds.left) - (bounds.width as isize - 1);
                x += u as i128;
                xx += (u * u) as i128;
            }
            let count = (run.to - run.from) as i128;
            y += count * v as i128;
            yy += count * (v * v) as i128;
        }
        Self { mirror_x: x < 0, mirror_y: y < 0, transpose: yy > xx }
    }
}

impl Raster {
    /// The raster of a region; holes that are specks beside its width are closed.
    pub fn new(runs: &[Run]) -> Self {
        let top = runs.iter().map(|run| run.y).min().unwrap_or(0);
        let bottom = runs.iter().map(|run| run.y).max().unwrap_or(0);
        let left = runs.iter().map(|run| run.from).min().unwrap_or(0);
        let right = runs.iter().map(|run| run.to).max().unwrap_or(0);
        let bounds = Bounds {
            left: left as isize - MARGIN as isize,
            top: top as isize - MARGIN as isize,
            width: right - left + 2 * MARGIN,
            height: bottom - top + 1 + 2 * MARGIN,
        };
        let turn = Turn::canonical(runs, &bounds);
        let (width, height) =
            if turn.transpose { (bounds.height, bounds.width) } else { (bounds.width, bounds.height) };
        let mut raster = Self { width, height, pixels: vec![0; width * height], bounds, turn };
        for run in runs {
            for x in run.from..run.to {
                if let Some(index) = raster.index(x as isize, run.y as isize) {
                    raster.pixels[index] = 1;
                }
            }
        }
        raster.close_specks();
        raster
    }

    /// Where pixel (`x`, `y`) of the photograph is kept; none outside the rectangle.
    pub fn index(&self, x: isize, y: isize) -> Option<usize> {
        let Bounds { left, top, width, height } = self.bounds;
        let (u, v) = ((x - left) as usize, (y - top) as usize);
        if u >= width || v >= height {
            return None;
        }
        let u = if self.turn.mirror_x { width - 1 - u } else { u };
        let v = if self.turn.mirror_y { height - 1 - v } else { v };
        Some(if self.turn.transpose { u * self.width + v } else { v * self.width + u })
    }

    /// The middle of pixel `index` in the photograph.
    pub fn centre(&self, index: usize) -> Vec2 {
        let Bounds { left, top, width, height } = self.bounds;
        let (column, row) = (index % self.width, index / self.width);
        let (u, v) = if self.turn.transpose { (row, column) } else { (column, row) };
        let u = if self.turn.mirror_x { width - 1 - u } else { u };
        let v = if self.turn.mirror_y { height - 1 - v } else { v };
        [left as f64 + u as f64 + 0.5, top as f64 + v as f64 + 0.5]
    }

    /// Distance from the middle of crack pixel `index` to the lip, in pixels (exact Euclidean).
    pub fn radius(&self, index: usize) -> f64 {
        let (x, y) = ((index % self.width) as isize, (index / self.width) as isize);
        let is_background = |dx: isize, dy: isize| {
            let (x, y) = (x + dx, y + dy);
            x < 0
                || y < 0
                || x >= self.width as isize
                || y >= self.height as isize
                || self.pixels[y as usize * self.width + x as usize] == 0
        };
        let mut nearest = isize::MAX;
        let mut ring = 1;
        while ring * ring < nearest {
            for k in -ring..=ring {
                let squared = ring * ring + k * k;
                if squared < nearest
                    && (is_background(k, -ring)
                        || is_background(k, ring)
                        || is_background(-ring, k)
                        || is_background(ring, k))
                {
                    nearest = squared;
                }
            }
            ring += 1;
        }
        (nearest as f64).sqrt() - 0.5
    }

    /// Half the typical width along a line of pixels: the median distance to the lip.
    pub fn typical_radius(&self, line: &[Vec2]) -> f64 {
        const SAMPLES: usize = 64;
        let step = line.len().div_ceil(SAMPLES).max(1);
        let indices = line
            .iter()
            .step_by(step)
            .filter_map(|point| self.index(point[0].floor() as isize, point[1].floor() as isize))
            .filter(|&i| self.pixels[i] != 0);
        median(&mut indices.map(|i| self.radius(i)).collect::<Vec<_>>()).max(0.5)
    }

    fn close_specks(&mut self) {
        let area: usize = self.pixels.iter().map(|&p| usize::from(p)).sum();
        let crossings = self.pixels.windows(2).filter(|pair| pair[0] != pair[1]).count().max(2);
        let chord = 2.0 * area as f64 / crossings as f64;
        let limit = (0.5 * chord * chord).clamp(6.0, 400.0) as usize;
        let specks: Vec<Vec<Run>> = regions(&Background(self))
            .into_iter()
            .filter(|runs| runs[0].y > 0 && runs.iter().map(|run| run.to - run.from).sum::<usize>() <= limit)
            .collect();
        for run in specks.iter().flatten() {
            self.pixels[run.y * self.width + run.from..run.y * self.width + run.to].fill(1);
        }
    }
}

/// The background of a raster as regions; 8-connected, so a hole must be closed all around.
struct Background<'a>(&'a Raster);

impl CrackPixels for Background<'_> {
    fn size(&self) -> (usize, usize) {
        (self.0.width, self.0.height)
    }

    fn runs(&self, y: usize, runs: &mut Vec<Run>) {
        runs_of(&self.0.pixels[y * self.0.width..][..self.0.width], y, |p| p == 0, runs);
    }
}
