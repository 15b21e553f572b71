//! Light on a relief: Lambert shading under sun and sky, hollows, cast shadows, soft shadows from off-frame.

use super::field::{Field, Frame};
use super::ground::{Blob, Colour, Ground};
use super::math::{self, mix, smoothstep};
use super::random::Random;

/// Sun and sky over a scene.
#[derive(Clone, Debug)]
pub struct Light {
    /// Unit vector in the picture towards the sun.
    pub towards: (f32, f32),
    /// Tangent of the sun's height above the surface.
    pub rise: f32,
    /// Share of the light that comes from the sky, 0..1.
    pub sky: f32,
    /// Colour of the sun.
    pub sun_colour: Colour,
    /// Colour of the sky.
    pub sky_colour: Colour,
}

impl Light {
    /// Overcast, sunny or raking light.
    pub fn new(random: &mut Random) -> Self {
        let angle = random.range(0.0, std::f32::consts::TAU);
        let (sky, rise) = match random.int(0, 9) {
            0..=3 => (random.range(0.6, 0.85), random.range(0.8, 2.0)),
            4..=7 => (random.range(0.25, 0.5), random.range(0.6, 1.6)),
            _ => (random.range(0.25, 0.45), random.range(0.32, 0.55)),
        };
        let warm = random.range(0.0, 0.1) * (1.0 - sky);
        let blue = random.range(0.0, 0.05);
        Self {
            towards: (math::cos(angle), math::sin(angle)),
            rise,
            sky,
            sun_colour: [1.0 + warm, 1.0, 1.0 - warm],
            sky_colour: [1.0 - blue, 1.0, 1.0 + blue],
        }
    }

    /// Light that reaches each pixel, one field a channel; 1 on open, flat ground.
    ///
    /// `sun` says how much of the sun each pixel sees, 0..1.
    pub fn irradiance(&self, relief: &Field, sun: &Field) -> [Field; 3] {
        let frame = relief.frame;
        let hollow_small = relief.blurred(2.0);
        let hollow_large = relief.blurred(7.0);
        let blocked = self.cast(relief);
        let norm = 1.0 / (1.0 + self.rise * self.rise).sqrt();
        let (lx, ly, lz) = (self.towards.0 * norm, self.towards.1 * norm, self.rise * norm);
        let mut planes = [0, 1, 2].map(|_| Field::filled(frame, 0.0));
        for y in 0..frame.height {
            for x in 0..frame.width {
                let i = y * frame.width + x;
                let (ix, iy) = (x as isize, y as isize);
                let gx = 0.5 * (relief.at(ix + 1, iy) - relief.at(ix - 1, iy));
                let gy = 0.5 * (relief.at(ix, iy + 1) - relief.at(ix, iy - 1));
                let facing = (lz - gx * lx - gy * ly) / (1.0 + gx * gx + gy * gy).sqrt();
                let direct = (facing / lz).clamp(0.0, 2.2) * sun.data[i] * blocked.data[i];
                let below =
                    0.65 * (hollow_small.data[i] - relief.data[i]) + 0.35 * (hollow_large.data[i] - relief.data[i]);
                let open = 1.0 / (1.0 + (0.33 * below).max(-0.35));
                for (c, plane) in planes.iter_mut().enumerate() {
                    plane.data[i] = self.sky * self.sky_colour[c] * open
                        + (1.0 - self.sky) * self.sun_colour[c] * direct * mix(1.0, open, 0.35);
                }
            }
        }
        planes
    }

    /// Light on level ground that sees this much of the sun, one field a channel.
    pub fn flat(&self, sun: &Field) -> [Field; 3] {
        std::array::from_fn(|c| {
            let (sky, direct) = (self.sky * self.sky_colour[c], (1.0 - self.sky) * self.sun_colour[c]);
            sun.clone().map(|s| sky + direct * s)
        })
    }

    /// How much of the sun the relief itself lets through, by marching towards it.
    fn cast(&self, relief: &Field) -> Field {
        const STEPS: [f32; 7] = [1.0, 2.0, 3.2, 4.8, 7.0, 10.0, 14.0];
        let mut lit = Field::filled(relief.frame, 1.0);
        let Frame { width, height } = relief.frame;
        for step in STEPS {
            let dx = (self.towards.0 * step).round() as isize;
            let dy = (self.towards.1 * step).round() as isize;
            let climb = step * self.rise;
            let soft = 0.35 + 0.12 * step;
            for y in 0..height {
                let source = (y as isize + dy).clamp(0, height as isize - 1) as usize;
                for x in 0..width {
                    let sx = (x as isize + dx).clamp(0, width as isize - 1) as usize;
                    let i = y * width + x;
                    let over = relief.data[source * width + sx] - relief.data[i] - climb;
                    let through = 1.0 - ((over + soft) / (2.0 * soft)).clamp(0.0, 1.0);
                    lit.data[i] = lit.data[i].min(through);
                }
            }
        }
        lit.map(|v| 0.12 + 0.88 * v)
    }
}

/// How much of the sun reaches the scene past things outside it: a pole, branches, an edge.
pub fn sun_view(random: &mut Random, frame: Frame, light: &Light, zoom: f32) -> Field {
    if light.sky > 0.55 || !random.chance(0.3) {
        return Field::filled(frame, 1.0);
    }
    match random.int(0, 2) {
        0 => pole(random, frame, zoom),
        1 => foliage(random, frame, zoom),
        _ => edge(random, frame, zoom),
    }
}

/// Distance of each pixel from a random line through the middle part of the frame.
fn from_line(random: &mut Random, frame: Frame) -> Field {
    let angle = random.range(0.0, std::f32::consts::TAU);
    let (nx, ny) = (math::cos(angle), math::sin(angle));
    let x0 = random.range(0.15, 0.85) * frame.width as f32;
    let y0 = random.range(0.15, 0.85) * frame.height as f32;
    Field::from_fn(frame, |x, y| (x - x0) * nx + (y - y0) * ny)
}

fn pole(random: &mut Random, frame: Frame, zoom: f32) -> Field {
    let half = random.range(12.0, 55.0) * zoom;
    let soft = random.range(2.0, 9.0) * zoom;
    from_line(random, frame).map(|d| smoothstep(half - soft, half + soft, d.abs()))
}

fn edge(random: &mut Random, frame: Frame, zoom: f32) -> Field {
    let soft = random.range(2.0, 14.0) * zoom;
    from_line(random, frame).map(|d| smoothstep(-soft, soft, d))
}

/// Leaves in clusters along a few boughs, out of focus as the sun's disc makes them.
fn foliage(random: &mut Random, frame: Frame, zoom: f32) -> Field {
    let mut shade = Field::filled(frame, 0.0);
    let (width, height) = (frame.width as f32, frame.height as f32);
    let leaf = random.range(9.0, 22.0) * zoom;
    for _ in 0..random.int(2, 5) {
        let mut at = (random.range(-0.1, 1.1) * width, random.range(-0.1, 1.1) * height);
        let mut heading = random.range(0.0, std::f32::consts::TAU);
        for step in 0..(0.6 * frame.diagonal() / leaf) as u32 {
            heading += random.normal() * 0.25;
            at.0 += math::cos(heading) * leaf;
            at.1 += math::sin(heading) * leaf;
            let bough = Blob::new(random, at, leaf * 0.28, 0.1);
            bough.each_pixel(frame, 1.0, |i, _| shade.data[i] = 1.0);
            for _ in 0..random.int(0, 3 + step.min(3)) {
                let spread = leaf * random.range(0.5, 3.5);
                let centre = (at.0 + random.normal() * spread, at.1 + random.normal() * spread);
                let radius = leaf * random.range(0.35, 0.75);
                let blob = Blob::new(random, centre, radius, 0.2);
                blob.each_pixel(frame, 1.0, |i, _| shade.data[i] = 1.0);
            }
        }
    }
    let near = shade.blurred(random.range(2.0, 4.0) * zoom);
    let far = shade.blurred(random.range(8.0, 14.0) * zoom);
    let share = random.range(0.3, 0.7);
    let mut sun = near;
    for (s, f) in sun.data.iter_mut().zip(&far.data) {
        *s = 1.0 - 0.95 * mix(*s, *f, share);
    }
    sun
}

/// The picture of a ground under a given light.
pub fn shaded(ground: &Ground, irradiance: &[Field; 3]) -> [Field; 3] {
    let mut radiance = ground.albedo.clone();
    for (plane, light) in radiance.iter_mut().zip(irradiance) {
        plane.multiply(light);
    }
    radiance
}
