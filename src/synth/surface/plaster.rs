//! Render: floated, dashed or smooth plaster under paint, with peeling, patches and dirt.

use super::marks;
use crate::synth::field::{Field, Frame};
use crate::synth::ground::{Colour, Ground, scaled};
use crate::synth::math::{mix, smoothstep};
use crate::synth::noise::{Octaves, fractal, grain};
use crate::synth::random::Random;

const PAINTS: [Colour; 12] = [
    [0.68, 0.66, 0.61],
    [0.6, 0.53, 0.4],
    [0.56, 0.41, 0.22],
    [0.5, 0.49, 0.46],
    [0.58, 0.42, 0.34],
    [0.46, 0.5, 0.47],
    [0.62, 0.58, 0.5],
    [0.42, 0.45, 0.5],
    [0.1, 0.24, 0.36],
    [0.2, 0.18, 0.33],
    [0.17, 0.21, 0.19],
    [0.24, 0.12, 0.09],
];

/// Paints a rendered wall; `zoom` scales every feature.
pub fn paint(random: &mut Random, frame: Frame, zoom: f32) -> Ground {
    let colour = scaled(random.pick(&PAINTS), random.range(0.78, 1.1));
    let mut ground = Ground::new(frame, colour);
    let roughness = random.unit();
    match random.int(0, 3) {
        0 => smooth(random, &mut ground, zoom),
        1 => dashed(random, &mut ground, zoom, roughness),
        _ => floated(random, &mut ground, zoom, roughness),
    }
    let undulation = fractal(random, frame, Octaves::new(170.0 * zoom, 4, 0.5));
    ground.relief.add(&undulation, 2.6 * zoom);
    let cloud = frame.diagonal() * random.range(0.25, 0.5);
    let strength = random.range(0.02, 0.055);
    marks::mottle(random, &mut ground, cloud, strength);
    if random.chance(0.45) {
        peel(random, &mut ground, zoom);
    }
    soil(random, &mut ground, zoom);
    ground
}

/// Steel-trowelled: low ripples and faint ridges.
fn smooth(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let octaves = Octaves { cell: (90.0 * zoom, 45.0 * zoom), count: 5, gain: 0.5 };
    let ripples = fractal(random, frame, octaves);
    ground.relief.add(&ripples, 0.5 * zoom);
    ground.tone(&ripples, 0.012);
    marks::sandy_grain(random, ground, zoom, 0.022, 0.07);
}

/// Thrown render: rounded lumps beside each other.
fn dashed(random: &mut Random, ground: &mut Ground, zoom: f32, roughness: f32) {
    let frame = ground.frame();
    let size = mix(3.2, 5.8, roughness) * zoom;
    let lumps = grain(random, frame, size);
    let clumps = grain(random, frame, size * 2.3);
    let sand = grain(random, frame, 1.5 * zoom);
    let mut relief = lumps;
    for (i, v) in relief.data.iter_mut().enumerate() {
        let lump = *v + 0.5 * clumps.data[i];
        *v = lump / (1.0 + 0.25 * lump.abs()) + 0.1 * sand.data[i];
    }
    ground.relief.add(&relief, mix(0.6, 1.2, roughness) * zoom);
    let hollow = relief.map(|v| smoothstep(0.2, -1.4, v));
    ground.tone(&hollow, -0.06);
    ground.tone(&sand, 0.03);
}

/// Sponge- or board-floated: sand grains, short drags, the odd grain torn out.
fn floated(random: &mut Random, ground: &mut Ground, zoom: f32, roughness: f32) {
    let frame = ground.frame();
    let sand = grain(random, frame, mix(1.6, 3.4, roughness) * zoom);
    let fine = grain(random, frame, 1.0 * zoom);
    let drags = Octaves { cell: (46.0 * zoom, 3.4 * zoom), count: 2, gain: 0.6 };
    let drags = fractal(random, frame, drags);
    let swirl_x = fractal(random, frame, Octaves::new(130.0 * zoom, 2, 0.5));
    let swirl_y = fractal(random, frame, Octaves::new(130.0 * zoom, 2, 0.5));
    let drags = drags.displaced(&swirl_x, &swirl_y, 40.0 * zoom);
    let depth = mix(0.25, 0.7, roughness);
    for i in 0..frame.area() {
        let proud = sand.data[i];
        let torn = smoothstep(1.9, 2.8, -proud + 0.4 * drags.data[i]);
        ground.relief.data[i] += depth * (proud + 0.3 * fine.data[i] + 0.35 * drags.data[i] - 2.0 * torn);
        let tone = 0.03 * proud + 0.02 * fine.data[i] + 0.015 * drags.data[i] - 0.25 * torn;
        ground.darken_pixel(i, 1.0 + tone);
    }
}

/// Paint that has come off: a thin step down to grey plaster, curled lighter at the rim.
fn peel(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let base = fractal(random, frame, Octaves::new(150.0 * zoom, 7, 0.58));
    let fine = grain(random, frame, 2.0 * zoom);
    let threshold = random.range(1.15, 2.2);
    let level = random.range(0.24, 0.4);
    let bare: Colour = [level * 1.05, level, level * 0.92];
    for i in 0..frame.area() {
        let v = base.data[i] + 0.03 * fine.data[i];
        let open = smoothstep(threshold - 0.02, threshold + 0.02, v);
        let rim = smoothstep(threshold - 0.1, threshold - 0.01, v) * (1.0 - open);
        ground.relief.data[i] += 0.5 * rim - 0.8 * open + 0.25 * open * fine.data[i];
        ground.cover_pixel(i, scaled(bare, 1.0 + 0.09 * fine.data[i]), open * 0.95);
        ground.darken_pixel(i, 1.0 + 0.05 * rim);
    }
}

fn soil(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    if random.chance(0.6) {
        let opacity = random.range(0.06, 0.32);
        marks::streaks(random, ground, zoom, [0.12, 0.11, 0.09], opacity);
    }
    if random.chance(0.35) {
        splash(random, ground, zoom);
    }
    for _ in 0..random.int(0, 2) {
        let radius = random.log_range(30.0, 170.0) * zoom;
        let strength = random.range(0.04, 0.16);
        marks::tide_mark(random, ground, radius, strength);
    }
    let count = random.count(frame.area() as f32 / (zoom * zoom) / 45_000.0);
    marks::pits(random, ground, count, (0.7 * zoom, 4.0 * zoom));
    let patchy = random.range(0.0, 0.14);
    marks::flakes(random, ground, zoom, patchy);
    let scratches = random.int(0, 10);
    marks::scratches(random, ground, scratches, 0.1);
    marks::settle_dirt(ground, 3.0 * zoom, random.range(0.1, 0.3));
}

/// Rain splash and rising damp at the foot of a wall.
fn splash(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let edge = fractal(random, frame, Octaves::new(140.0 * zoom, 7, 0.6));
    let speck = grain(random, frame, 2.4 * zoom);
    let line = random.range(0.55, 0.9);
    let mask = Field {
        frame,
        data: (0..frame.area())
            .map(|i| {
                let y = (i / frame.width) as f32 / frame.height as f32;
                let damp = smoothstep(-0.06, 0.2, y - line + 0.07 * edge.data[i]);
                damp * (0.38 + 0.12 * speck.data[i]).clamp(0.0, 0.8)
            })
            .collect(),
    };
    ground.cover(&mask, [0.2, 0.17, 0.13]);
}
