//! A camera: exposure, vignetting, lens blur, sensor noise, sharpening, tone curve.
//!
//! The order is that of a telephone: noise is added before a light denoising blur and
//! unsharp masking, so that it comes out coarse-grained as it does in real photographs.

use super::field::{Field, Frame};
use super::math::{self, mix};
use super::random::Random;
use image::RgbImage;

/// Entries of the tone table; linear light is read at its square root.
const TABLE: usize = 4096;

/// Mean radiance that exposure takes as given; a darker scene stays a little darker.
const TYPICAL_LIGHT: f32 = 0.28;

/// Settings of one exposure.
#[derive(Clone, Debug)]
pub struct Camera {
    blur: f32,
    noise: f32,
    tint_noise: f32,
    denoise: f32,
    sharpen: f32,
    vignette: f32,
    contrast: f32,
    saturation: f32,
    brightness: f32,
    balance: [f32; 3],
    tilt: (f32, f32),
}

impl Camera {
    /// A telephone or compact camera in plausible conditions.
    pub fn new(random: &mut Random) -> Self {
        let temperature = random.normal() * 0.025;
        let poor = random.chance(0.15);
        let mut camera = Self {
            blur: if poor { random.range(0.9, 1.5) } else { random.range(0.45, 0.8) },
            noise: random.log_range(0.003, 0.014) * if poor { 1.6 } else { 1.0 },
            tint_noise: random.range(0.2, 0.45),
            denoise: random.range(0.3, 0.6),
            sharpen: random.range(0.1, 0.75),
            vignette: random.range(0.02, 0.3),
            contrast: random.range(-0.1, 0.55),
            saturation: random.range(0.85, 1.15),
            brightness: random.log_range(0.17, 0.5),
            balance: [1.0 + temperature, 1.0, 1.0 - temperature],
            tilt: (random.normal() * 0.08, random.normal() * 0.08),
        };
        if !poor && random.chance(0.35) {
            camera.shrink(random);
        }
        camera
    }

    /// As if the photograph had been scaled down to its size: crisp to the pixel, little noise.
    fn shrink(&mut self, random: &mut Random) {
        self.blur = random.range(0.22, 0.42);
        self.denoise = random.range(0.1, 0.25);
        self.noise *= 0.6;
    }

    /// Takes the picture of a linear radiance.
    pub fn expose(&self, random: &mut Random, mut radiance: [Field; 3]) -> RgbImage {
        let mean = mean_light(&radiance).max(1e-4);
        let gain = self.brightness / mean * math::pow(mean / TYPICAL_LIGHT, 0.4);
        for (plane, balance) in radiance.iter_mut().zip(self.balance) {
            self.fall_off(plane, gain * balance);
            *plane = plane.blurred(self.blur);
        }
        self.add_noise(random, &mut radiance);
        for plane in &mut radiance {
            *plane = plane.blurred(self.denoise);
            let soft = plane.blurred(1.1);
            for (v, s) in plane.data.iter_mut().zip(&soft.data) {
                *v += self.sharpen * (*v - s);
            }
        }
        self.develop(&radiance)
    }

    /// Vignetting and uneven light over the frame.
    fn fall_off(&self, plane: &mut Field, gain: f32) {
        let Frame { width, height } = plane.frame;
        let (cx, cy) = (width as f32 * 0.5, height as f32 * 0.5);
        let scale = 1.0 / (cx * cx + cy * cy);
        for (y, row) in plane.data.chunks_mut(width).enumerate() {
            let dy = y as f32 + 0.5 - cy;
            for (x, v) in row.iter_mut().enumerate() {
                let dx = x as f32 + 0.5 - cx;
                let radius = (dx * dx + dy * dy) * scale;
                let uneven = 1.0 + self.tilt.0 * dx / cx + self.tilt.1 * dy / cy;
                *v *= gain * uneven * (1.0 - self.vignette * radius * (0.7 + 0.3 * radius));
            }
        }
    }

    /// Shot and read noise, mostly common to the channels.
    fn add_noise(&self, random: &mut Random, planes: &mut [Field; 3]) {
        for i in 0..planes[0].data.len() {
            let common = random.normal();
            for plane in planes.iter_mut() {
                let v = plane.data[i].max(0.0);
                let deviation = self.noise * (0.15 + v).sqrt() * 1.6;
                let own = random.normal();
                plane.data[i] = v + deviation * mix(common, own, self.tint_noise);
            }
        }
    }

    fn develop(&self, planes: &[Field; 3]) -> RgbImage {
        let Frame { width, height } = planes[0].frame;
        let table: Vec<f32> = (0..=TABLE).map(|i| self.tone(i as f32 / TABLE as f32)).collect();
        let read = |linear: f32| {
            let position = linear.clamp(0.0, 1.0).sqrt() * (TABLE as f32 - 0.001);
            let i = position as usize;
            mix(table[i], table[i + 1], position - i as f32)
        };
        let mut bytes = Vec::with_capacity(width * height * 3);
        for i in 0..width * height {
            let rgb: [f32; 3] = std::array::from_fn(|c| planes[c].data[i]);
            let grey = 0.25 * rgb[0] + 0.6 * rgb[1] + 0.15 * rgb[2];
            for v in rgb {
                let value = read(mix(grey, v, self.saturation));
                bytes.push((value * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        let (width, height) = (width as u32, height as u32);
        RgbImage::from_raw(width, height, bytes).unwrap_or_else(|| RgbImage::new(width, height))
    }

    /// Display value 0..1 of the square of `root`: soft shoulder, sRGB, S-curve.
    fn tone(&self, root: f32) -> f32 {
        let linear = root * root;
        let shoulder = linear * (1.0 + 0.35 * linear) / (1.0 + 0.35 * linear * linear);
        let linear = mix(linear, shoulder, 0.6).min(1.0);
        let encoded = if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * math::pow(linear, 1.0 / 2.4) - 0.055 };
        let curve = encoded * encoded * (3.0 - 2.0 * encoded);
        mix(encoded, curve, self.contrast) * 0.985 + 0.01
    }
}

fn mean_light(planes: &[Field; 3]) -> f32 {
    let plane = &planes[1];
    let rows = plane.data.chunks(plane.frame.width);
    rows.map(|row| row.iter().sum::<f32>()).sum::<f32>() / plane.data.len() as f32
}
