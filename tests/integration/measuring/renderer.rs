//! A second renderer: it trains and tunes nothing, and shares nothing with `hairline::synth`.
//!
//! A crack is its exact shape with chamfered lips, darkened unevenly along its
//! course, seen through a lens that blurs as an open aperture or a shaken hand
//! does, in linear light; then come noise, tone curve and JPEG.

use std::f64::consts::TAU;

use hairline::vision::BinaryMask;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use super::dice::Dice;
use super::lens::{FINE, Lens};
use super::outline::Outline;
use super::shapes::{Crack, Strand};
use super::surfaces::Surface;

/// Cracks on a frame.
pub struct Scene {
    pub width: u32,
    pub height: u32,
    pub cracks: Vec<Crack>,
    pub outline: Outline,
}

impl Scene {
    pub fn new(width: u32, height: u32, cracks: Vec<Crack>) -> Self {
        let outline = Outline::new(width, height, cracks.iter().flat_map(|crack| &crack.strands));
        Self { width, height, cracks, outline }
    }

    /// One crack in a frame that it fits, not aligned with the pixels.
    pub fn around(dice: &mut Dice, crack: Crack) -> Self {
        let [low, high] = crack.bounds();
        let side = |axis: usize| (high[axis] - low[axis] + 40.0).ceil() as u32;
        let (width, height) = (side(0), side(1));
        let crack = crack.moved_to([18.0 + dice.unit(), 18.0 + dice.unit()]);
        Self::new(width, height, vec![crack])
    }

    pub fn mask(&self) -> BinaryMask {
        self.outline.mask(self.width, self.height)
    }

    pub fn strands(&self) -> impl Iterator<Item = &Strand> {
        self.cracks.iter().flat_map(|crack| &crack.strands)
    }

    /// Takes the photograph that belongs to `seed`.
    pub fn photograph(&self, seed: u64) -> RgbImage {
        let mut dice = Dice::new(seed, 1);
        let look = Look::draw(&mut dice);
        let insides: Vec<Inside> = self.strands().map(|_| Inside::draw(&mut dice)).collect();
        let contrast: Vec<f64> = self.cracks.iter().map(|_| look.contrast * dice.between(0.85, 1.0)).collect();
        let of_strand: Vec<f64> =
            self.cracks.iter().zip(contrast).flat_map(|(crack, c)| crack.strands.iter().map(move |_| c)).collect();
        let darkness = self.darkness(&look, &insides, &of_strand);
        let surface = Surface::draw(&mut Dice::new(seed, 2), self.width, self.height);
        self.develop(&look, &surface, &darkness, &mut Dice::new(seed, 3))
    }

    /// Share of the light that the cracks take from every pixel, through the lens.
    fn darkness(&self, look: &Look, insides: &[Inside], contrast: &[f64]) -> Vec<f32> {
        let (width, height) = (self.width as usize, self.height as usize);
        let mut fine = vec![0.0_f32; width * height * FINE * FINE];
        for pixel in 0..width * height {
            let (x, y) = (pixel % width, pixel / width);
            let candidates = self.outline.candidates([x as f64 + 0.5, y as f64 + 0.5]);
            for sample in (0..FINE * FINE).take_while(|_| !candidates.is_empty()) {
                let (column, row) = (x * FINE + sample % FINE, y * FINE + sample / FINE);
                let at = [(column as f64 + 0.5) / FINE as f64, (row as f64 + 0.5) / FINE as f64];
                if let Some(foot) = self.outline.foot_among(&candidates, at) {
                    let ramp = (look.chamfer * foot.width).max(1e-6);
                    let deep = (0.5 - foot.signed / ramp).clamp(0.0, 1.0);
                    let inside = insides[foot.strand].at(foot.s, foot.width);
                    fine[row * width * FINE + column] = (deep * contrast[foot.strand] * inside) as f32;
                }
            }
        }
        let near = |x: usize, y: usize| !self.outline.is_far([x as f64 + 0.5, y as f64 + 0.5]);
        look.lens.blurred(&fine, (width, height), near)
    }

    /// The darkness of evenly black cracks through the lens of `seed`.
    pub fn plain_darkness(&self, seed: u64) -> Vec<f32> {
        let look = Look::of(seed);
        let insides: Vec<Inside> = self.strands().map(|_| Inside::even()).collect();
        self.darkness(&look, &insides, &vec![1.0; insides.len()])
    }

    fn develop(&self, look: &Look, surface: &Surface, darkness: &[f32], dice: &mut Dice) -> RgbImage {
        let mut photo = RgbImage::new(self.width, self.height);
        let centre = [0.5 * f64::from(self.width), 0.5 * f64::from(self.height)];
        let corner = centre[0].hypot(centre[1]);
        for (i, (x, y, pixel)) in photo.enumerate_pixels_mut().enumerate() {
            let (dx, dy) = (f64::from(x) - centre[0], f64::from(y) - centre[1]);
            let fall_off = 1.0 - look.vignette * (dx.hypot(dy) / corner).powi(2);
            let slope = 1.0 + look.slope[0] * dx / corner + look.slope[1] * dy / corner;
            let light = surface.light[i] * fall_off * slope * (1.0 - f64::from(darkness[i]));
            let common = dice.normal();
            for (channel, tint) in pixel.0.iter_mut().zip(surface.tint) {
                let linear = (light * tint).max(0.0);
                let noise = look.noise * (0.02 + linear).sqrt() * (0.8 * common + 0.6 * dice.normal());
                *channel = ((linear + noise).clamp(0.0, 1.0).powf(1.0 / look.gamma) * 255.0).round() as u8;
            }
        }
        through_jpeg(&photo, look.quality)
    }
}

/// What all cracks of one photograph share.
pub struct Look {
    pub contrast: f64,
    /// Share of the width over which each lip rises.
    pub chamfer: f64,
    pub lens: Lens,
    vignette: f64,
    slope: [f64; 2],
    noise: f64,
    pub gamma: f64,
    quality: u8,
}

impl Look {
    /// The look of the photograph that belongs to `seed`.
    pub fn of(seed: u64) -> Self {
        Self::draw(&mut Dice::new(seed, 1))
    }

    fn draw(dice: &mut Dice) -> Self {
        Self {
            contrast: dice.between(0.35, 0.92),
            chamfer: dice.between(0.0, 0.3),
            lens: Lens::draw(dice),
            vignette: dice.between(0.0, 0.35),
            slope: [dice.between(-0.25, 0.25), dice.between(-0.25, 0.25)],
            noise: dice.between(0.004, 0.025),
            gamma: dice.between(1.8, 2.4),
            quality: dice.whole(80, 95) as u8,
        }
    }
}

/// How the depth of a strand varies along its course.
struct Inside {
    waves: [(f64, f64); 2],
    depth: f64,
    /// A stretch that dirt fills in part: middle and half-length in widths, and what it leaves of the darkness.
    filled: Option<(f64, f64, f64)>,
}

impl Inside {
    fn draw(dice: &mut Dice) -> Self {
        let filled =
            dice.chance(0.35).then(|| (dice.between(20.0, 180.0), dice.between(1.0, 3.0), dice.between(0.55, 0.8)));
        let mut wave = || (TAU / dice.between(25.0, 120.0), dice.between(0.0, TAU));
        Self { waves: [wave(), wave()], depth: dice.between(0.0, 0.12), filled }
    }

    fn even() -> Self {
        Self { waves: [(0.0, 0.0); 2], depth: 0.0, filled: None }
    }

    /// Factor of the darkness at position `s`.
    fn at(&self, s: f64, width: f64) -> f64 {
        let sum: f64 = self.waves.iter().map(|(rate, phase)| (rate * s + phase).sin()).sum();
        let gentle = 1.0 - self.depth * (1.0 + 0.5 * sum);
        let Some((middle, half, left)) = self.filled else { return gentle };
        let from_middle = (s - middle).abs() / (half * width);
        let filled = (1.5 - from_middle).clamp(0.0, 1.0);
        gentle * (1.0 - filled * (1.0 - left))
    }
}

fn through_jpeg(photo: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    photo.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).unwrap();
    image::load_from_memory(&bytes).unwrap().into_rgb8()
}
