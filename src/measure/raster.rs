//! A region cut out of the photograph, with a margin of background.

use super::geometry::median;
use super::regions::{CrackPixels, Run, regions, runs_of};

/// Background around a region, so that neighbours can be read without a check.
const MARGIN: usize = 2;

/// Crack (1) or background (0) in the smallest rectangle around a region.
#[derive(Debug, Clone)]
pub struct Raster {
    /// Width in pixels, margin included.
    pub width: usize,
    /// Height in pixels, margin included.
    pub height: usize,
    /// Where its first pixel lies in the photograph; the margin may stick out.
    pub origin: [f64; 2],
    /// One entry a pixel, row by row.
    pub pixels: Vec<u8>,
}

impl Raster {
    /// The raster of a region; holes that are specks beside its width are closed.
    pub fn new(runs: &[Run]) -> Self {
        let top = runs.iter().map(|run| run.y).min().unwrap_or(0);
        let bottom = runs.iter().map(|run| run.y).max().unwrap_or(0);
        let left = runs.iter().map(|run| run.from).min().unwrap_or(0);
        let right = runs.iter().map(|run| run.to).max().unwrap_or(0);
        let (width, height) = (right - left + 2 * MARGIN, bottom - top + 1 + 2 * MARGIN);
        let mut pixels = vec![0; width * height];
        for run in runs {
            let first = (run.y - top + MARGIN) * width + run.from - left + MARGIN;
            pixels[first..first + run.to - run.from].fill(1);
        }
        let origin = [left as f64 - MARGIN as f64, top as f64 - MARGIN as f64];
        let mut raster = Self { width, height, origin, pixels };
        raster.close_specks();
        raster
    }

    /// The middle of pixel `index` in the photograph.
    pub fn centre(&self, index: usize) -> [f64; 2] {
        [self.origin[0] + (index % self.width) as f64 + 0.5, self.origin[1] + (index / self.width) as f64 + 0.5]
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
    pub fn typical_radius(&self, pixels: &[[f64; 2]]) -> f64 {
        const SAMPLES: usize = 64;
        let index = |point: &[f64; 2]| {
            let (x, y) = (point[0] - self.origin[0], point[1] - self.origin[1]);
            y as usize * self.width + x as usize
        };
        let step = pixels.len().div_ceil(SAMPLES).max(1);
        let indices = pixels.iter().step_by(step).map(index).filter(|&i| self.pixels[i] != 0);
        median(&mut indices.map(|i| self.radius(i)).collect::<Vec<_>>()).max(0.5)
    }

    fn close_specks(&mut self) {
        let area: usize = self.pixels.iter().map(|&p| usize::from(p)).sum();
        let rim = self.pixels.windows(2).filter(|pair| pair[0] != pair[1]).count().max(2);
        // Area over half the number of rim crossings: about the mean horizontal chord.
        let chord = 2.0 * area as f64 / rim as f64;
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
