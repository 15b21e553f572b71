//! Whether what a label marks is darker than what is beside it.

use image::RgbImage;

use crate::vision::BinaryMask;

/// Side of the cells in which inside and outside are compared: light differs from one end of a wall to the other.
const CELL_PX: usize = 32;
/// Pixels beside the mask that belong to neither side: labels are not drawn more exactly.
const SEAM_PX: usize = 2;
/// How far beside the mask the outside reaches.
const REACH_PX: usize = 8;
/// A cell needs this many pixels of each side.
const LEAST_PIXELS: f32 = 8.0;
/// The inside is darker when its mean lies this many standard deviations of the outside below it.
const DARKER: f32 = 0.5;
/// Added to that standard deviation: noise of 8-bit grey that no camera falls below.
const NOISE: f32 = 2.0;

/// Share of marked pixels, 0 to 1, in cells in which the inside is darker than the outside; none where too little is
/// marked to say.
///
/// docs/review.md says how many true and shifted masks reach which share.
///
/// # Panics
/// If photograph and mask differ in size.
pub fn edge_share(photo: &RgbImage, mask: &BinaryMask) -> Option<f64> {
    assert_eq!(photo.dimensions(), (mask.width, mask.height));
    let (width, height) = (mask.width as usize, mask.height as usize);
    let (mut marked, mut darker) = (0.0_f64, 0.0_f64);
    for top in (0..height).step_by(CELL_PX) {
        for left in (0..width).step_by(CELL_PX) {
            let cell = Cell { left, top, right: (left + CELL_PX).min(width), bottom: (top + CELL_PX).min(height) };
            let Some((pixels, is_darker)) = cell.compare(photo, mask) else { continue };
            marked += f64::from(pixels);
            darker += if is_darker { f64::from(pixels) } else { 0.0 };
        }
    }
    (marked > 0.0).then(|| darker / marked)
}

struct Cell {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

#[derive(Default)]
struct Sums {
    count: f32,
    sum: f32,
    squares: f32,
}

impl Sums {
    fn add(&mut self, value: f32) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f32 {
        self.sum / self.count
    }

    fn deviation(&self) -> f32 {
        (self.squares / self.count - self.mean().powi(2)).max(0.0).sqrt()
    }
}

impl Cell {
    /// How many pixels are marked here, and whether they are darker; nothing where too few are.
    fn compare(&self, photo: &RgbImage, mask: &BinaryMask) -> Option<(f32, bool)> {
        let width = mask.width as usize;
        let rows = || (self.top..self.bottom).map(|y| &mask.pixels[y * width + self.left..y * width + self.right]);
        let count = rows().flatten().filter(|on| **on).count();
        if (count as f32) < LEAST_PIXELS {
            return None;
        }
        let near = Counts::new(self, mask);
        let (mut inside, mut outside) = (Sums::default(), Sums::default());
        for y in self.top..self.bottom {
            for x in self.left..self.right {
                if mask.pixels[y * width + x] {
                    inside.add(smooth_grey(photo, x, y));
                } else if !near.any(x, y, SEAM_PX) && near.any(x, y, REACH_PX) {
                    outside.add(smooth_grey(photo, x, y));
                }
            }
        }
        let is_darker =
            outside.count >= LEAST_PIXELS && outside.mean() - inside.mean() > DARKER * (outside.deviation() + NOISE);
        Some((inside.count, is_darker))
    }
}

/// Marked pixels left of and above each place around a cell, so that any rectangle is counted by four look-ups.
struct Counts {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Counts {
    fn new(cell: &Cell, mask: &BinaryMask) -> Self {
        let (left, top) = (cell.left.saturating_sub(REACH_PX), cell.top.saturating_sub(REACH_PX));
        let right = (cell.right + REACH_PX).min(mask.width as usize);
        let bottom = (cell.bottom + REACH_PX).min(mask.height as usize);
        let (width, height) = (right - left, bottom - top);
        let mut sums = vec![0; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u32::from(mask.pixels[(top + y) * mask.width as usize + left + x]);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        Self { left, top, width, height, sums }
    }

    /// Whether anything is marked within `reach` columns and rows of a pixel.
    fn any(&self, x: usize, y: usize, reach: usize) -> bool {
        let (x, y) = (x - self.left, y - self.top);
        let (left, top) = (x.saturating_sub(reach), y.saturating_sub(reach));
        let (right, bottom) = ((x + reach + 1).min(self.width), (y + reach + 1).min(self.height));
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        at(right, bottom) + at(left, top) > at(left, bottom) + at(right, top)
    }
}

/// Mean luminance of a pixel and its neighbours, 0 to 255.
fn smooth_grey(photo: &RgbImage, x: usize, y: usize) -> f32 {
    let (x, y) = (x as u32, y as u32);
    let columns = x.saturating_sub(1)..=(x + 1).min(photo.width() - 1);
    let (mut sum, mut count) = (0.0, 0.0);
    for row in y.saturating_sub(1)..=(y + 1).min(photo.height() - 1) {
        for column in columns.clone() {
            let [r, g, b] = photo.get_pixel(column, row).0;
            sum += 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
            count += 1.0;
        }
    }
    sum / count
}
