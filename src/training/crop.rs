//! Where a crop lies in its photograph, and how it is cut out together with its mask.

use image::{Rgb, RgbImage};

use super::photos::LabelledPhoto;
use crate::synth::random::Random;

/// The other crops keep the pixels as they are: resampling blurs fine cracks.
const RESCALED: f32 = 0.6;
/// Magnifications of these: cameras stand nearer and farther than those that took the photographs.
const SCALES: (f32, f32) = (0.5, 2.0);
/// Share of crops that look for a crack.
const AT_CRACK: f32 = 0.5;
/// How far from the middle the crack may lie, as a share of the side.
const OFF_CENTRE: f32 = 0.25;

/// A square of a photograph, perhaps turned, mirrored and scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Side in pixels of the crop.
    pub side: u32,
    /// Left and upper edge in pixels of the photograph.
    pub origin: (f32, f32),
    /// Pixels of the crop a pixel of the photograph.
    pub scale: f32,
    /// Quarter turns, 0 to 3.
    pub turns: u32,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
}

impl Crop {
    /// Draws a crop of `photo`; without `augment`, only its place is drawn.
    pub fn draw(random: &mut Random, photo: &LabelledPhoto, side: u32, augment: bool) -> Self {
        let scale = if augment && random.chance(RESCALED) { random.log_range(SCALES.0, SCALES.1) } else { 1.0 };
        let window = side as f32 / scale;
        let (width, height) = photo.pixels.dimensions();
        let towards = (random.chance(AT_CRACK) && !photo.cracks.is_empty()).then(|| {
            let at = photo.cracks[random.int(0, photo.cracks.len() as u32 - 1) as usize];
            (at % width, at / width)
        });
        let mut place = |length: u32, crack: Option<u32>| {
            let room = length as f32 - window;
            let start = match crack {
                Some(crack) => crack as f32 + window * (OFF_CENTRE * random.signed() - 0.5),
                None => room * random.unit(),
            };
            let start = start.clamp(room.min(0.0), room.max(0.0));
            if scale == 1.0 { start.round() } else { start }
        };
        let origin = (place(width, towards.map(|at| at.0)), place(height, towards.map(|at| at.1)));
        let (turns, mirrored) = if augment { (random.int(0, 3), random.chance(0.5)) } else { (0, false) };
        Self { side, origin, scale, turns, mirrored }
    }

    /// Cuts the crop out of `photo`; beyond the edge it is mirrored. The mask is 1 where at least half of what a pixel
    /// was made of is crack.
    pub fn cut(&self, photo: &LabelledPhoto) -> (RgbImage, Vec<f32>) {
        let (width, height) = photo.pixels.dimensions();
        let columns = taps(self.origin.0, self.scale, self.side, width);
        let rows = taps(self.origin.1, self.scale, self.side, height);
        let mut image = RgbImage::new(self.side, self.side);
        let mut mask = vec![0.0; (self.side * self.side) as usize];
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let (u, v) = self.source(x, y);
            let (column, row) = (&columns[u as usize], &rows[v as usize]);
            let [top, bottom] = row.at.map(|y| y * width as usize);
            let at = [top + column.at[0], top + column.at[1], bottom + column.at[0], bottom + column.at[1]];
            let mix = |value: &dyn Fn(usize) -> f32| {
                let [a, b, c, d] = at.map(value);
                let (upper, lower) = (a + (b - a) * column.share, c + (d - c) * column.share);
                upper + (lower - upper) * row.share
            };
            let raw = photo.pixels.as_raw();
            *pixel = Rgb(std::array::from_fn(|channel| mix(&|at| f32::from(raw[at * 3 + channel])).round() as u8));
            let crack = mix(&|at| f32::from(u8::from(photo.mask.pixels[at])));
            mask[(y * self.side + x) as usize] = if crack >= 0.5 { 1.0 } else { 0.0 };
        }
        (image, mask)
    }

    /// The place in the upright crop that comes to lie at `x`, `y`.
    fn source(&self, x: u32, y: u32) -> (u32, u32) {
        let last = self.side - 1;
        let x = if self.mirrored { last - x } else { x };
        match self.turns {
            0 => (x, y),
            1 => (y, last - x),
            2 => (last - x, last - y),
            _ => (last - y, x),
        }
    }
}

/// Two neighbouring pixels and the share of the second.
struct Tap {
    at: [usize; 2],
    share: f32,
}

fn taps(origin: f32, scale: f32, side: u32, length: u32) -> Vec<Tap> {
    let tap = |i: u32| {
        let place = origin + (i as f32 + 0.5) / scale - 0.5;
        let first = place.floor();
        Tap { at: [first as i64, first as i64 + 1].map(|at| reflect(at, length)), share: place - first }
    };
    (0..side).map(tap).collect()
}

/// Reflects about the first and last pixel, as PyTorch's `reflect` does, any number of times.
fn reflect(at: i64, length: u32) -> usize {
    let period = 2 * (i64::from(length) - 1).max(1);
    let at = at.rem_euclid(period);
    at.min(period - at).min(i64::from(length) - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::BinaryMask;

    /// A grey photograph with a red block; the mask marks the same block.
    fn marked(width: u32, height: u32) -> LabelledPhoto {
        let on = |x: u32, y: u32| (20..29).contains(&x) && (33..39).contains(&y);
        let pixels = RgbImage::from_fn(width, height, |x, y| Rgb(if on(x, y) { [250, 0, 0] } else { [90, 90, 90] }));
        let mask = (0..width * height).map(|at| on(at % width, at / width)).collect();
        LabelledPhoto::new(pixels, BinaryMask { width, height, pixels: mask })
    }

    #[test]
    fn image_and_mask_stay_together() {
        let mut seen = 0;
        for (size, index) in [(100, 80), (50, 45), (64, 64)].into_iter().flat_map(|s| (0..60).map(move |i| (s, i))) {
            let photo = marked(size.0, size.1);
            let crop = Crop::draw(&mut Random::keyed([1, 2, index, 3]), &photo, 64, true);
            let (image, mask) = crop.cut(&photo);
            for (pixel, &crack) in image.pixels().zip(&mask) {
                let red = f32::from(pixel.0[0]) - 170.0;
                assert!(red.abs() < 3.0 || (red > 0.0) == (crack > 0.5), "{crop:?}: {pixel:?} is {crack}");
            }
            seen += usize::from(mask.iter().sum::<f32>() > 20.0);
        }
        assert!(seen > 100, "only {seen} of 180 crops show the mark");
    }

    #[test]
    fn an_upright_crop_at_full_scale_copies_pixels() {
        let photo = marked(100, 80);
        let crop = Crop { side: 32, origin: (10.0, 20.0), scale: 1.0, turns: 0, mirrored: false };
        let (image, mask) = crop.cut(&photo);
        assert_eq!(image, image::imageops::crop_imm(&photo.pixels, 10, 20, 32, 32).to_image());
        assert_eq!(mask.iter().sum::<f32>(), 54.0);
    }

    #[test]
    fn four_turns_are_none_and_two_mirrors_are_none() {
        let crop = |turns, mirrored| Crop { side: 16, origin: (0.0, 0.0), scale: 1.0, turns, mirrored };
        let mut at = (3, 5);
        for _ in 0..4 {
            at = crop(1, false).source(at.0, at.1);
        }
        assert_eq!(at, (3, 5));
        assert_eq!(crop(0, true).source(3, 5), (12, 5));
        assert_eq!([-2, -1, 0, 3, 4, 7].map(|at| reflect(at, 4)), [2, 1, 0, 3, 2, 1]);
        assert_eq!(reflect(9, 1), 0);
    }
}
