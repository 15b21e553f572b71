//! How a crack shows: worn lips, dirt and salts beside it, spalls, and its shaded interior.

use super::CrackTruth;
use super::band::{Near, band};
use crate::synth::field::{Field, Frame};
use crate::synth::ground::{Blob, Colour, Ground, blended, scaled};
use crate::synth::light::Light;
use crate::synth::math::{self, mix, smoothstep};
use crate::synth::noise::{KinkedLine, Octaves, fractal, grain};
use crate::synth::random::Random;

/// Appearance of one crack.
struct Finish {
    /// Share of the depth that dust has filled, along the crack.
    fill: KinkedLine,
    fullness: f32,
    dust: Colour,
    halo: f32,
    halo_reach: f32,
}

/// Appearance of all cracks of a scene.
pub struct Dressing {
    near: Vec<(usize, Near)>,
    finishes: Vec<Finish>,
    litter: Field,
    base: Colour,
    bevel: f32,
}

impl Dressing {
    /// Chooses the appearance; `zoom` scales the band that is affected.
    pub fn new(random: &mut Random, ground: &Ground, cracks: &[CrackTruth], zoom: f32) -> Self {
        let frame = ground.frame();
        let reach = if cracks.is_empty() { 0.0 } else { 9.0 * zoom + 3.0 };
        let scene_fill = random.range(-0.7, 0.55);
        let tone = random.range(0.55, 1.0);
        let base = mean_colour(ground);
        let dust = scaled(blended(base, [0.3, 0.25, 0.18], random.range(0.1, 0.6)), tone);
        let halo = random.range(-0.12, 0.32);
        let finishes = cracks
            .iter()
            .map(|crack| Finish {
                fill: KinkedLine::new(random, crack.vertices.len() as f32, 28.0 * zoom),
                fullness: scene_fill + 0.2 * random.normal(),
                dust,
                halo: halo * random.range(0.6, 1.2),
                halo_reach: random.range(2.0, 6.5) * zoom,
            })
            .collect();
        Self {
            near: band(frame, cracks, reach),
            finishes,
            litter: grain(random, frame, 2.0 * zoom),
            base,
            bevel: random.range(0.8, 2.6) * zoom.max(0.6),
        }
    }

    /// Works the surroundings of the cracks into the ground.
    pub fn wear(&self, random: &mut Random, ground: &mut Ground, cracks: &[CrackTruth], zoom: f32) {
        let frame = ground.frame();
        let patchy = fractal(random, frame, Octaves::new(24.0 * zoom, 4, 0.7));
        for &(i, near) in &self.near {
            let finish = &self.finishes[near.crack as usize];
            let outside = near.edge.max(0.0);
            let size = smoothstep(0.5, 6.0, near.width);
            let bevel = self.bevel * (0.5 + 0.8 * size) * (1.0 + 0.35 * patchy.data[i]).max(0.2);
            let worn = smoothstep(bevel, -0.4, outside);
            ground.relief.data[i] -= worn * worn * mix(0.35, 2.4, size);
            let dirty = math::exp(-outside / finish.halo_reach) * (0.8 + 0.35 * patchy.data[i]);
            let strength = finish.halo * dirty * mix(0.5, 1.0, size);
            ground.darken_pixel(i, (1.0 - strength).clamp(0.4, 1.25));
        }
        for crack in cracks {
            spalls(random, ground, crack, zoom);
        }
    }

    /// Lays the interior of the cracks over the lit picture.
    pub fn fill_in(&self, radiance: &mut [Field; 3], irradiance: &[Field; 3], coverage: &Field, light: &Light) {
        for &(i, near) in &self.near {
            let share = coverage.data[i];
            if share <= 0.0 {
                continue;
            }
            let colour = self.interior(i, &near, light);
            for ((r, e), c) in radiance.iter_mut().zip(irradiance).zip(colour) {
                let inside = c * e.data[i];
                r.data[i] = mix(r.data[i], inside, share);
            }
        }
    }

    /// Apparent reflectance inside a crack: dark, a lit far wall, dust where it is filled.
    fn interior(&self, i: usize, near: &Near, light: &Light) -> Colour {
        let finish = &self.finishes[near.crack as usize];
        let litter = self.litter.data[i];
        let size = smoothstep(0.6, 5.0, near.width);
        let fill = finish.fill.at(near.along) * 0.38 + finish.fullness + 0.12 * litter;
        // Dust settles in the middle of a wide crack; along its lips a gap stays dark.
        let fill = smoothstep(0.0, 0.9, fill - 0.3 * size * smoothstep(0.45, 1.0, near.across.abs()));
        let towards = near.normal.0 * light.towards.0 + near.normal.1 * light.towards.1;
        let facing = -near.across * towards;
        let wall = smoothstep(0.45, 1.0, facing + 0.12 * litter) * (1.0 - light.sky);
        let depth = mix(0.3, 0.07, size) * (1.0 + mix(0.25, 0.15, size) * litter).max(0.3);
        let rim = smoothstep(0.5, 1.0, near.across.abs()) * 0.1;
        let dark = scaled(self.base, (depth + rim + 0.42 * wall).max(0.02));
        let shade = mix(0.78, 0.5, size) * (1.0 + mix(0.22, 0.14, size) * litter);
        let shadow = 1.0 - 0.4 * smoothstep(0.0, 1.0, -facing) * (1.0 - light.sky);
        let dust = scaled(finish.dust, shade * shadow);
        let grit = smoothstep(1.5, 2.3, litter) * 0.4 * smoothstep(2.5, 6.0, near.width);
        let fill = fill.max(grit);
        blended(dark, dust, fill * mix(0.75, 0.85, size))
    }
}

/// Shallow breaks beside the lips; they are damage to the surface, not part of the crack.
fn spalls(random: &mut Random, ground: &mut Ground, crack: &CrackTruth, zoom: f32) {
    let frame = ground.frame();
    let count = random.count(crack.vertices.len() as f32 / 260.0);
    let rough = grain(random, Frame { width: 61, height: 59 }, 3.0);
    for _ in 0..count {
        let v = crack.vertices[random.int(0, crack.vertices.len() as u32 - 1) as usize];
        if v.width_px() < 2.0 {
            continue;
        }
        let radius = (random.log_range(1.5, 6.0) * zoom).min(v.width_px() * 1.4);
        let lip = v.lips()[random.int(0, 1) as usize];
        let blob = Blob::new(random, lip, radius, 0.22);
        let (depth, tone) = (random.range(0.8, 2.2), random.range(0.75, 1.18));
        blob.each_pixel(frame, 1.3, |i, d| {
            let noise = rough.data[i % rough.data.len()];
            let inside = smoothstep(1.1, 0.8, d + 0.1 * noise);
            ground.relief.data[i] -= inside * depth * (1.0 + 0.2 * noise);
            ground.darken_pixel(i, mix(1.0, tone * (1.0 + 0.08 * noise), inside));
        });
    }
}

fn mean_colour(ground: &Ground) -> Colour {
    let count = ground.frame().area() as f32;
    std::array::from_fn(|c| {
        let plane = &ground.albedo[c];
        let rows = plane.data.chunks(plane.frame.width);
        rows.map(|row| row.iter().sum::<f32>()).sum::<f32>() / count
    })
}
