//! Straight and sealed lines that look like cracks and are none: joints, kerbs, pour lines, edges of patches, sealant.
//!
//! They are painted before the cracks grow and never enter the mask.

use super::Surface;
use super::crack::path::{Gait, wander};
use super::field::{Field, Frame};
use super::ground::{Colour, Ground, scaled};
use super::math::{mix, smoothstep};
use super::noise::{Octaves, fractal, grain};
use super::pose::Pose;
use super::random::Random;

/// Paints one seam, or two, of the kinds that the material has.
pub fn paint(random: &mut Random, surface: Surface, ground: &mut Ground, zoom: f32, pose: &Pose) {
    for _ in 0..random.pick(&[1, 1, 1, 2]) {
        let line = line(random, ground.frame(), pose, zoom, surface);
        match (surface, random.int(0, 5)) {
            (Surface::Asphalt, 0..=2) => sealed_crack(random, ground, zoom),
            (Surface::Asphalt, 3) => kerb(random, ground, &line, zoom),
            (Surface::Asphalt, _) => patch(random, ground, &line, zoom),
            (Surface::Concrete, 0) => kerb(random, ground, &line, zoom),
            (Surface::Concrete, 1 | 2) | (Surface::Render, 0 | 1) => pour_line(random, ground, &line, zoom),
            (Surface::Concrete | Surface::Brick | Surface::Render, _) => joint(random, ground, &line, zoom),
        }
    }
}

/// Signed distance of every pixel from a nearly straight line along or across the picture.
fn line(random: &mut Random, frame: Frame, pose: &Pose, zoom: f32, surface: Surface) -> Field {
    let upright = surface == Surface::Brick || random.chance(0.5);
    let long = if upright { frame.width } else { frame.height } as f32;
    let offset = random.range(-0.4, 0.4) * long;
    let slope = if surface == Surface::Asphalt { 0.3 } else { 0.015 } * random.normal();
    let wobble = fractal(random, frame, Octaves::new(90.0 * zoom, 5, 0.6));
    let waver = random.range(0.2, 0.9) * zoom;
    let norm = 1.0 / (1.0 + slope * slope).sqrt();
    let mut distance = Field::from_fn(frame, |x, y| {
        let (u, v) = pose.to_wall(x, y);
        let (across, along) = if upright { (u, v) } else { (v, u) };
        (across - offset - slope * along) * norm
    });
    distance.add(&wobble, waver);
    distance
}

/// A groove with worn arrises: open, or filled with sealant, mortar or dirt.
fn joint(random: &mut Random, ground: &mut Ground, line: &Field, zoom: f32) {
    let frame = ground.frame();
    let half = random.log_range(0.8, 8.0) * zoom;
    let (rough, chips) = (grain(random, frame, 2.0 * zoom), fractal(random, frame, Octaves::new(26.0 * zoom, 5, 0.7)));
    let chipped = random.range(0.0, 2.2) * zoom;
    let open = random.chance(0.4);
    let fills: [Colour; 5] = [[0.04; 3], [0.2, 0.2, 0.21], [0.36, 0.34, 0.31], [0.46, 0.42, 0.35], [0.1, 0.085, 0.06]];
    let fill = if open { [0.03; 3] } else { random.pick(&fills) };
    let depth = if open { 5.0 } else { random.range(0.4, 3.0) } * zoom;
    let texture = if open { 0.25 } else { random.range(0.02, 0.14) };
    for i in 0..frame.area() {
        let bite = chipped * smoothstep(0.9, 2.4, chips.data[i]);
        let edge = line.data[i].abs() - half - bite - 0.25 * rough.data[i];
        let inside = smoothstep(0.6, -0.6, edge);
        let arris = smoothstep(2.4 * zoom, 0.0, edge) * (1.0 - inside);
        ground.relief.data[i] -= depth * inside + 0.5 * arris;
        let gap = smoothstep(1.6, 0.0, edge.abs()) * inside * 0.4;
        let shade = (1.0 + texture * rough.data[i]).max(0.2) * (1.0 - gap);
        ground.cover_pixel(i, scaled(fill, shade), 0.94 * inside);
    }
}

/// What lies on the far side of a border, and what lies between.
struct Border {
    /// Reflectance of the far side; none keeps the material.
    colour: Option<Colour>,
    /// Brightness of the far side.
    tone: f32,
    /// Height of the far side above the near one in pixels.
    step: f32,
    /// Half the width of the dark line between in pixels.
    half: f32,
    /// How far the line is closed, -2 (nowhere) to 2 (everywhere).
    closed: f32,
    /// Reflectance of the line.
    gap: Colour,
}

fn border(random: &mut Random, ground: &mut Ground, line: &Field, border: &Border, zoom: f32) {
    let frame = ground.frame();
    let sand = grain(random, frame, 1.7 * zoom);
    let broken = fractal(random, frame, Octaves::new(70.0 * zoom, 6, 0.75));
    for i in 0..frame.area() {
        let d = line.data[i] + 0.35 * sand.data[i];
        let far = smoothstep(-0.8, 0.8, d);
        if let Some(colour) = border.colour {
            ground.cover_pixel(i, scaled(colour, 1.0 + 0.1 * sand.data[i]), 0.88 * far);
        }
        ground.darken_pixel(i, mix(1.0, border.tone, far));
        let shown = smoothstep(border.closed - 0.5, border.closed + 0.5, broken.data[i]);
        let gap = smoothstep(border.half + 0.7, border.half - 0.5, d.abs()) * shown;
        ground.relief.data[i] += border.step * far - 1.5 * zoom * gap;
        ground.cover_pixel(i, scaled(border.gap, 1.0 + 0.15 * sand.data[i]), 0.85 * gap);
    }
}

/// A kerb, a gutter or the edge of a slab: another level, often another tone, a dark line between.
fn kerb(random: &mut Random, ground: &mut Ground, line: &Field, zoom: f32) {
    let level = random.range(0.22, 0.42);
    let kerb = Border {
        colour: random.chance(0.6).then_some([level * 1.03, level, level * 0.95]),
        tone: random.range(0.75, 1.2),
        step: random.sign() * random.range(1.0, 9.0) * zoom,
        half: random.range(0.6, 3.0) * zoom,
        closed: random.range(-2.0, -0.4),
        gap: scaled([0.1, 0.09, 0.07], random.range(0.4, 1.6)),
    };
    border(random, ground, line, &kerb, zoom);
}

/// The edge of a repair: younger or older asphalt, now and then with a seam of bitumen.
fn patch(random: &mut Random, ground: &mut Ground, line: &Field, zoom: f32) {
    let patch = Border {
        colour: None,
        tone: if random.chance(0.7) { random.range(0.55, 0.9) } else { random.range(1.1, 1.35) },
        step: random.normal() * 0.8 * zoom,
        half: random.range(0.5, 5.0) * zoom,
        closed: random.range(-1.6, 1.0),
        gap: [0.04, 0.04, 0.042],
    };
    border(random, ground, line, &patch, zoom);
}

/// Where one day's concrete or render ended: a small step of tone and height, a line that comes and goes.
fn pour_line(random: &mut Random, ground: &mut Ground, line: &Field, zoom: f32) {
    let frame = ground.frame();
    let wave = fractal(random, frame, Octaves::new(130.0 * zoom, 6, 0.55));
    let mut wavy = line.clone();
    wavy.add(&wave, random.range(0.5, 6.0) * zoom);
    let pour = Border {
        colour: None,
        tone: random.range(0.82, 1.18),
        step: random.normal() * 0.9 * zoom,
        half: random.range(0.3, 1.2) * zoom,
        closed: random.range(-1.2, 0.8),
        gap: scaled([0.17, 0.16, 0.14], random.range(0.5, 1.3)),
    };
    border(random, ground, &wavy, &pour, zoom);
}

/// A crack that somebody has poured bitumen over: a smooth dark band with a ragged rim.
fn sealed_crack(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let (width, height) = (frame.width as f32, frame.height as f32);
    let across = random.chance(0.5);
    let (a, b) = (random.range(0.1, 0.9), random.range(0.1, 0.9));
    let (from, to) = if across {
        ((-9.0, a * height), (width + 9.0, b * height))
    } else {
        ((a * width, -9.0), (b * width, height + 9.0))
    };
    let gait = Gait { roughness: random.range(0.03, 0.12), longest: 260.0 * zoom, shortest: 12.0, bow: 0.0 };
    let path = wander(random, from, to, gait);
    let half = random.range(3.0, 13.0) * zoom;
    let rough = fractal(random, frame, Octaves::new(16.0 * zoom, 4, 0.7));
    let worn = fractal(random, frame, Octaves::new(60.0 * zoom, 5, 0.7));
    let (age, level) = (random.range(-2.2, -0.3), random.range(0.025, 0.075));
    let smooth = ground.relief.blurred(3.0 * zoom);
    let reach = half + 4.0 * zoom;
    let mut distance = Field::filled(frame, reach);
    for &(x, y) in &path {
        let (x0, x1, y0, y1) = frame.window(x, y, reach);
        for (px, py) in (y0..y1).flat_map(|py| (x0..x1).map(move |px| (px, py))) {
            let (dx, dy) = (px as f32 + 0.5 - x, py as f32 + 0.5 - y);
            let d = &mut distance.data[py * frame.width + px];
            *d = d.min((dx * dx + dy * dy).sqrt());
        }
    }
    for i in 0..frame.area() {
        let edge = distance.data[i] - half + 0.09 * half * rough.data[i];
        let band = smoothstep(0.9, -0.9, edge) * smoothstep(age - 0.4, age + 0.4, worn.data[i]);
        ground.cover_pixel(i, [level * (1.0 + 0.08 * rough.data[i]).max(0.5); 3], 0.94 * band);
        ground.relief.data[i] = mix(ground.relief.data[i], smooth.data[i] + 0.8 * zoom, 0.85 * band);
    }
}
