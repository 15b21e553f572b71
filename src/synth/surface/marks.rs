//! Marks that several materials share: pits, stains, streaks, scratches, dirt.

use crate::synth::field::Field;
use crate::synth::ground::{Blob, Colour, Ground};
use crate::synth::math::{self, smoothstep};
use crate::synth::noise::{KinkedLine, Octaves, fractal, grain};
use crate::synth::random::Random;

/// Blotches with warped outlines: 0 outside, 1 inside, about `share` of the area.
pub fn blotches(random: &mut Random, ground: &Ground, cell: f32, share: f32, edge: f32) -> Field {
    let frame = ground.frame();
    let base = fractal(random, frame, Octaves::new(cell, 5, 0.5));
    let dx = fractal(random, frame, Octaves::new(cell * 0.3, 5, 0.65));
    let dy = fractal(random, frame, Octaves::new(cell * 0.3, 5, 0.65));
    let threshold = 1.9 - 3.8 * share;
    base.displaced(&dx, &dy, cell * 0.09).map(|v| smoothstep(threshold - edge, threshold + edge, v))
}

/// Soft clouds of tone from the size of the picture down to a few pixels.
pub fn mottle(random: &mut Random, ground: &mut Ground, cell: f32, strength: f32) {
    let frame = ground.frame();
    let clouds = fractal(random, frame, Octaves::new(cell, 7, 0.62));
    let warm = random.range(-0.12, 0.22) * strength;
    ground.tint(&clouds, [strength + warm, strength, strength - warm]);
    let share = random.range(0.25, 0.5);
    let patches = blotches(random, ground, cell * 0.6, share, 0.5);
    ground.tone(&patches, -strength * random.range(0.4, 1.4));
}

/// Grain of sand and cement at several sizes, in tone and in relief.
pub fn sandy_grain(random: &mut Random, ground: &mut Ground, zoom: f32, tone: f32, depth: f32) {
    let frame = ground.frame();
    for (size, share) in [(0.8, 0.8), (1.8, 0.8), (4.0, 0.5), (9.0, 0.3)] {
        let speckle = grain(random, frame, size * zoom.max(0.5));
        ground.tone(&speckle, tone * share);
        ground.relief.add(&speckle, depth * share);
    }
}

/// Small irregular patches of another tone, in loose swarms: laitance, scuffs, flaked skin.
pub fn flakes(random: &mut Random, ground: &mut Ground, zoom: f32, strength: f32) {
    let frame = ground.frame();
    let swarm = fractal(random, frame, Octaves::new(240.0 * zoom, 4, 0.65));
    for (cell, limit, tone) in [(26.0, 2.1, -1.0), (15.0, 2.2, 0.7), (9.0, 2.4, -0.8)] {
        let octaves = Octaves { cell: (cell * zoom, cell * zoom * random.range(0.8, 1.8)), count: 5, gain: 0.62 };
        let mut patches = fractal(random, frame, octaves);
        for (p, s) in patches.data.iter_mut().zip(&swarm.data) {
            *p = smoothstep(limit - 0.12, limit + 0.3, *p + 0.7 * s);
        }
        ground.tone(&patches, strength * tone * random.range(0.3, 1.2));
        ground.relief.add(&patches, -0.5 * strength / 0.2);
    }
}

/// Small dark and light grains that stand out singly.
pub fn speckles(random: &mut Random, ground: &mut Ground, size: f32, share: f32, strength: f32) {
    let frame = ground.frame();
    let spots = grain(random, frame, size);
    let density = fractal(random, frame, Octaves::new(size * 60.0, 4, 0.6));
    let limit = 2.3 - share;
    let mut marks = spots;
    for (v, d) in marks.data.iter_mut().zip(&density.data) {
        let dark = smoothstep(limit - 0.25 * d, limit + 0.9, *v);
        let light = smoothstep(limit + 0.3, limit + 1.2, -*v);
        *v = light * 0.7 - dark;
    }
    ground.tone(&marks, strength);
    ground.relief.add(&marks, 0.5 * strength);
}

/// Holes left by air bubbles: many small, few large, in clusters.
pub fn pits(random: &mut Random, ground: &mut Ground, count: u32, radii: (f32, f32)) {
    let frame = ground.frame();
    let (width, height) = (frame.width as f32, frame.height as f32);
    let mut cluster = (random.unit() * width, random.unit() * height);
    for _ in 0..count {
        if random.chance(0.25) {
            cluster = (random.unit() * width, random.unit() * height);
        }
        let spread = width.min(height) * 0.2;
        let near = (cluster.0 + random.normal() * spread, cluster.1 + random.normal() * spread);
        let anywhere = (random.unit() * width, random.unit() * height);
        let centre = if random.chance(0.5) { near } else { anywhere };
        let pull = random.unit() * random.unit();
        let radius = math::mix(radii.0, radii.1, pull * pull);
        pit(random, ground, centre, radius);
    }
}

/// One hole with a steep rim and a dark floor.
fn pit(random: &mut Random, ground: &mut Ground, centre: (f32, f32), radius: f32) {
    let frame = ground.frame();
    let blob = Blob::new(random, centre, radius, 0.12);
    let depth = radius * random.range(0.5, 1.3);
    let floor = random.range(0.25, 0.8);
    blob.each_pixel(frame, 1.5, |index, d| {
        let inside = smoothstep(1.15, 0.7, d);
        ground.relief.data[index] -= depth * inside;
        ground.darken_pixel(index, math::mix(1.0, floor, inside));
    });
}

/// Vertical runs of water or dirt; `colour` is laid on with up to `opacity`.
pub fn streaks(random: &mut Random, ground: &mut Ground, zoom: f32, colour: Colour, opacity: f32) {
    let frame = ground.frame();
    let tall = frame.height as f32;
    let octaves =
        Octaves { cell: (random.range(25.0, 70.0) * zoom, tall * random.range(0.5, 1.2)), count: 5, gain: 0.75 };
    let mut runs = fractal(random, frame, octaves);
    let fade = fractal(random, frame, Octaves::new(tall * 0.35, 4, 0.6));
    let break_up = grain(random, frame, 2.5 * zoom);
    let threshold = random.range(0.1, 0.9);
    let downward = random.range(-0.8, 0.8);
    for (i, v) in runs.data.iter_mut().enumerate() {
        let y = (i / frame.width) as f32 / tall - 0.5;
        let wet = smoothstep(threshold - 0.4, threshold + 0.9, *v + 0.25 * break_up.data[i]);
        *v = wet * opacity * smoothstep(-1.3, 0.9, fade.data[i] + downward * y * 2.0);
    }
    ground.cover(&runs, colour);
}

/// A dried puddle or drip: faint inside, with a darker tide line.
pub fn tide_mark(random: &mut Random, ground: &mut Ground, radius: f32, strength: f32) {
    let frame = ground.frame();
    let centre = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
    let blob = Blob::new(random, centre, radius, 0.16);
    let ragged = fractal(random, frame, Octaves::new((radius * 0.5).max(3.0), 5, 0.65));
    blob.each_pixel(frame, 1.3, |index, d| {
        let d = d + 0.08 * ragged.data[index];
        let body = smoothstep(1.02, 0.9, d) * (0.55 + 0.12 * ragged.data[index]);
        let line = smoothstep(0.8, 0.98, d) * smoothstep(1.05, 0.98, d);
        ground.darken_pixel(index, 1.0 - strength * (body + 0.5 * line).clamp(0.0, 1.2));
    });
}

/// Algae and soot: dark patches that break up into specks at their rims.
pub fn growth(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let (large, small) = (random.range(90.0, 260.0) * zoom, random.range(5.0, 12.0) * zoom);
    let patches = fractal(random, frame, Octaves::new(large, 6, 0.62));
    let specks = fractal(random, frame, Octaves::new(small, 4, 0.85));
    let (limit, speckled) = (random.range(0.2, 1.6), random.range(0.5, 1.2));
    let mut film = patches;
    for (f, s) in film.data.iter_mut().zip(&specks.data) {
        *f = smoothstep(limit - 0.9, limit + 1.7, *f + speckled * s);
    }
    let strength = random.range(0.25, 0.75);
    ground.tint(&film, [-strength, -strength * random.range(0.92, 1.0), -strength * 1.02]);
}

/// Thin shallow scratches and pencil-like lines, straight or slightly bent.
pub fn scratches(random: &mut Random, ground: &mut Ground, count: u32, strength: f32) {
    let frame = ground.frame();
    for _ in 0..count {
        let length = random.log_range(0.04, 0.5) * frame.diagonal();
        let mut heading = random.range(0.0, std::f32::consts::TAU);
        let bend = random.normal() * 0.4 / length.max(1.0);
        let (mut x, mut y) = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
        let tone = -strength * random.range(-0.8, 1.0);
        let pressure = KinkedLine::new(random, length, 12.0);
        for step in 0..length as u32 {
            x += math::cos(heading);
            y += math::sin(heading);
            heading += bend;
            if frame.contains(x, y, -1.0) {
                let index = y as usize * frame.width + x as usize;
                let force = (0.6 + 0.5 * pressure.at(step as f32)).clamp(0.0, 1.3);
                ground.darken_pixel(index, 1.0 + tone * force);
                ground.relief.data[index] -= 0.12 * force;
            }
        }
    }
}

/// Dirt that gathers in hollows: darkens where the relief lies below its surroundings.
pub fn settle_dirt(ground: &mut Ground, radius: f32, strength: f32) {
    let around = ground.relief.blurred(radius);
    let mut hollow = ground.relief.clone();
    hollow.add(&around, -1.0);
    let hollow = hollow.map(|v| smoothstep(0.1, -1.2, v));
    ground.tone(&hollow, -strength);
}
