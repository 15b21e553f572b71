//! Things that are no cracks: leaves, twigs and wires with their shadows, drill holes, survey marks.
//!
//! Leaves keep clear of cracks; twigs, wires and marks may cross them and leave the mask as it is.

use super::Surface;
use super::field::{Field, Frame};
use super::ground::{Blob, Colour, Ground, blended};
use super::light::Light;
use super::math::{mix, smoothstep};
use super::noise::{KinkedLine, grain};
use super::objects::{Dab, Leaf, Rod, bent_line, drop_shadow};
use super::random::Random;

/// Objects that lie on the surface of one scene.
#[derive(Clone, Debug, Default)]
pub struct Distractors {
    dabs: Vec<Dab>,
}

impl Distractors {
    /// Marks the ground, lets objects throw shadows into `sun`, and keeps the objects for
    /// [`Distractors::lay`].
    pub fn place(
        &mut self,
        random: &mut Random,
        surface: Surface,
        (ground, sun): (&mut Ground, &mut Field),
        (coverage, light): (&Field, &Light),
        zoom: f32,
    ) {
        let on_road = surface == Surface::Asphalt;
        let kinds = random.int(1, 3);
        for _ in 0..kinds {
            match (random.int(0, 5), on_road) {
                (0..=2, true) => self.leaves(random, sun, coverage, light, zoom),
                (3 | 4, true) => self.twigs(random, sun, light, zoom),
                (0..=2, false) => self.wire(random, sun, light, zoom),
                (3 | 4, false) => drill_holes(random, ground, coverage, zoom),
                _ => survey_mark(random, ground, zoom),
            }
        }
    }

    /// Keeps another object for [`Distractors::lay`].
    pub fn add(&mut self, object: Vec<Dab>) {
        self.dabs.extend(object);
    }

    /// Lays the objects over the lit picture.
    pub fn lay(&self, radiance: &mut [Field; 3], irradiance: &[Field; 3]) {
        for dab in &self.dabs {
            for c in 0..3 {
                let light = mix(irradiance[c].data[dab.index], 1.0, 0.75);
                let v = &mut radiance[c].data[dab.index];
                *v = mix(*v, dab.colour[c] * light, dab.opacity);
            }
        }
    }

    fn leaves(&mut self, random: &mut Random, sun: &mut Field, coverage: &Field, light: &Light, zoom: f32) {
        for _ in 0..random.int(1, 6) {
            for _ in 0..8 {
                let leaf = Leaf::new(random, sun.frame, zoom).dabs(sun.frame);
                let clear = leaf.iter().all(|d| coverage.data[d.index] == 0.0);
                if clear && !leaf.is_empty() {
                    let lift = random.range(1.0, 5.0) * zoom;
                    drop_shadow(&leaf, sun, light, lift);
                    self.dabs.extend(leaf);
                    break;
                }
            }
        }
    }

    fn twigs(&mut self, random: &mut Random, sun: &mut Field, light: &Light, zoom: f32) {
        let frame = sun.frame;
        for _ in 0..random.int(1, 4) {
            let from = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
            let length = random.log_range(25.0, 130.0) * zoom;
            let heading = random.range(0.0, std::f32::consts::TAU);
            let tone = random.range(0.04, 0.2);
            let rod = Rod {
                radius: (random.range(0.8, 2.2) * zoom, 0.35),
                colour: [tone * 1.2, tone, tone * 0.75],
                gloss: 0.1,
            };
            let line = bent_line(random, from, heading, length, 0.5);
            let dabs = rod.dabs(frame, &line);
            drop_shadow(&dabs, sun, light, 1.5 * zoom);
            self.dabs.extend(dabs);
        }
    }

    fn wire(&mut self, random: &mut Random, sun: &mut Field, light: &Light, zoom: f32) {
        let frame = sun.frame;
        let upright = random.chance(0.5);
        let (long, short) =
            if upright { (frame.height as f32, frame.width as f32) } else { (frame.width as f32, frame.height as f32) };
        let start = random.range(0.1, 0.9) * short;
        let fall = random.normal() * 0.08 * short;
        let sag = random.range(0.0, 0.06) * short;
        let wave = KinkedLine::new(random, long, 160.0 * zoom);
        let point = |s: f32| {
            let t = s / long;
            let side = start + fall * t + sag * 4.0 * t * (1.0 - t) + 0.4 * zoom * wave.at(s);
            if upright { (side, s) } else { (s, side) }
        };
        let steps = (long * 2.0) as usize + 2;
        let line: Vec<(f32, f32)> = (0..steps).map(|i| point(i as f32 * 0.5)).collect();
        let rod = Rod {
            radius: (random.range(1.2, 4.2) * zoom, 1.0),
            colour: random.pick(&[[0.02; 3], [0.05, 0.05, 0.055], [0.5, 0.5, 0.48], [0.2; 3]]),
            gloss: 0.35,
        };
        let dabs = rod.dabs(frame, &line);
        let lift = random.range(1.5, 9.0) * zoom;
        drop_shadow(&dabs, sun, light, lift);
        self.dabs.extend(dabs);
    }
}

/// A few holes of a drill, with dust around and below.
fn drill_holes(random: &mut Random, ground: &mut Ground, coverage: &Field, zoom: f32) {
    let frame = ground.frame();
    let radius = random.range(2.5, 6.5) * zoom;
    let mut at = (random.range(0.1, 0.9) * frame.width as f32, random.range(0.1, 0.9) * frame.height as f32);
    let step = (random.normal() * 50.0 * zoom, random.range(30.0, 160.0) * zoom);
    for _ in 0..random.int(1, 4) {
        let hole = Blob::new(random, at, radius, 0.04);
        let mut clear = true;
        hole.each_pixel(frame, 1.5, |i, _| clear &= coverage.data[i] == 0.0);
        if clear {
            let dust = random.range(0.0, 0.4);
            hole.each_pixel(frame, 3.0, |i, d| {
                let inside = smoothstep(1.1, 0.9, d);
                let ring = smoothstep(2.6, 1.0, d) * (1.0 - inside) * dust;
                ground.cover_pixel(i, [0.5, 0.48, 0.45], ring * 0.6);
                ground.darken_pixel(i, mix(1.0, 0.06, inside));
                ground.relief.data[i] -= radius * 1.5 * inside;
            });
        }
        at = (at.0 + step.0, at.1 + step.1);
    }
}

/// Strokes of chalk or spray paint, as inspectors leave them.
fn survey_mark(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let rough = grain(random, frame, 2.2 * zoom);
    let chalk = random.chance(0.5);
    let colour = if chalk {
        random.pick(&[[0.7, 0.7, 0.68], [0.2, 0.3, 0.55], [0.66, 0.55, 0.2]])
    } else {
        random.pick(&[[0.5, 0.08, 0.07], [0.55, 0.2, 0.06], [0.62, 0.62, 0.6], [0.08, 0.18, 0.4]])
    };
    let radius = if chalk { random.range(1.5, 3.0) } else { random.range(2.6, 5.5) } * zoom;
    let soft = if chalk { 0.7 } else { 2.2 * zoom };
    let limit = if chalk { 0.35 } else { -0.9 };
    let opacity = strokes(random, frame, (radius, soft), zoom);
    for i in 0..frame.area() {
        let high = rough.data[i] + 0.8 * ground.relief.data[i].clamp(-1.5, 1.5);
        let o = opacity.data[i] * smoothstep(limit - 0.6, limit + 0.6, high) * 0.85;
        let own: Colour = std::array::from_fn(|c| ground.albedo[c].data[i]);
        ground.cover_pixel(i, blended(own, colour, 0.9), o);
    }
}

/// Opacity of a few connected strokes with a radius and a soft rim in pixels.
fn strokes(random: &mut Random, frame: Frame, (radius, soft): (f32, f32), zoom: f32) -> Field {
    let mut at = (random.range(0.1, 0.8) * frame.width as f32, random.range(0.1, 0.8) * frame.height as f32);
    let mut opacity = Field::filled(frame, 0.0);
    for _ in 0..random.int(1, 3) {
        let length = random.range(80.0, 320.0) * zoom;
        let heading = random.range(0.0, std::f32::consts::TAU);
        let line = bent_line(random, at, heading, length, 0.35);
        for &(x, y) in &line {
            let (x0, x1, y0, y1) = frame.window(x, y, radius + soft);
            for (px, py) in (y0..y1).flat_map(|py| (x0..x1).map(move |px| (px, py))) {
                let (dx, dy) = (px as f32 + 0.5 - x, py as f32 + 0.5 - y);
                let o = smoothstep(radius + soft, radius - soft, (dx * dx + dy * dy).sqrt());
                let v = &mut opacity.data[py * frame.width + px];
                *v = v.max(o);
            }
        }
        at = line[line.len() / 2];
    }
    opacity
}
