//! Concrete: formed walls with joints and tie holes, board marks, trowelled floors, weathered faces.

use super::marks;
use crate::synth::field::{Field, Frame};
use crate::synth::ground::{Blob, Colour, Ground, scaled};
use crate::synth::math::{self, smoothstep};
use crate::synth::noise::{KinkedLine, Octaves, fractal, grain};
use crate::synth::pose::Pose;
use crate::synth::random::Random;

#[derive(Clone, Copy, PartialEq)]
enum Finish {
    Panels,
    Boards,
    Trowelled,
    Weathered,
}

/// Paints a concrete surface; `zoom` scales every feature.
pub fn paint(random: &mut Random, frame: Frame, zoom: f32, pose: &Pose) -> Ground {
    let finish = match random.int(0, 9) {
        0..=3 => Finish::Panels,
        4 => Finish::Boards,
        5..=6 => Finish::Trowelled,
        _ => Finish::Weathered,
    };
    let mut ground = Ground::new(frame, cement_colour(random));
    let calm = if finish == Finish::Weathered { 1.5 } else { 1.0 };
    let cloud = frame.diagonal() * random.range(0.2, 0.4);
    let clouds = random.range(0.05, 0.11);
    marks::mottle(random, &mut ground, cloud, clouds * calm);
    let undulation = fractal(random, frame, Octaves::new(150.0 * zoom, 5, 0.45));
    ground.relief.add(&undulation, 1.6 * zoom);
    let tone = random.range(0.03, 0.065) * calm;
    marks::sandy_grain(random, &mut ground, zoom, tone, 0.1 * calm);
    match finish {
        Finish::Panels => panels(random, &mut ground, zoom, pose),
        Finish::Boards => boards(random, &mut ground, zoom, pose),
        Finish::Trowelled => trowel(random, &mut ground, zoom),
        Finish::Weathered => weather(random, &mut ground, zoom),
    }
    blemishes(random, &mut ground, zoom, finish);
    ground
}

fn cement_colour(random: &mut Random) -> Colour {
    let level = random.range(0.2, 0.46);
    let warmth = random.range(-0.03, 0.09);
    let green = random.range(-0.01, 0.02);
    scaled([1.0 + warmth, 1.0 + green, 1.0 - warmth * 1.3], level)
}

fn blemishes(random: &mut Random, ground: &mut Ground, zoom: f32, finish: Finish) {
    let area = ground.frame().area() as f32 / (zoom * zoom * 10_000.0);
    let size = random.range(1.2, 2.4) * zoom;
    let share = random.range(0.0, 0.5);
    marks::speckles(random, ground, size, share, 0.28);
    let density = random.log_range(0.2, 4.0);
    let upright = matches!(finish, Finish::Panels | Finish::Boards);
    let count = random.count(area * density * if upright { 1.0 } else { 0.4 });
    let largest = random.range(3.0, 7.5) * zoom;
    marks::pits(random, ground, count, (0.6 * zoom, largest));
    if upright {
        let dirt = scaled([0.16, 0.15, 0.13], random.range(0.5, 1.2));
        let opacity = random.range(0.1, 0.45);
        marks::streaks(random, ground, zoom, dirt, opacity);
        if random.chance(0.3) {
            let opacity = random.range(0.1, 0.4);
            marks::streaks(random, ground, zoom * 0.6, [0.62, 0.61, 0.58], opacity);
        }
    }
    if random.chance(0.3) {
        let rust = [0.26, 0.13, 0.055];
        let opacity = random.range(0.03, 0.12);
        marks::streaks(random, ground, zoom, rust, opacity);
    }
    for _ in 0..random.int(0, 3) {
        let radius = random.log_range(25.0, 140.0) * zoom;
        let strength = random.range(0.05, 0.22);
        marks::tide_mark(random, ground, radius, strength);
    }
    let patchy = random.range(0.02, 0.24);
    marks::flakes(random, ground, zoom, patchy);
    let scratches = random.int(0, 14);
    marks::scratches(random, ground, scratches, 0.12);
    marks::settle_dirt(ground, 3.0 * zoom, random.range(0.1, 0.35));
}

/// Formwork panels: each with its own tone, a leaking joint between, tie holes on a grid.
fn panels(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    let frame = ground.frame();
    let size = (random.range(420.0, 900.0) * zoom, random.range(300.0, 800.0) * zoom);
    let origin = (random.unit() * size.0, random.unit() * size.1);
    let tones: Vec<f32> = (0..64).map(|_| random.normal() * 0.05).collect();
    let wobble = fractal(random, frame, Octaves::new(60.0 * zoom, 6, 0.6));
    let leak = fractal(random, frame, Octaves::new(45.0 * zoom, 5, 0.7));
    let (depth, open) = (random.range(-0.6, 1.2), random.range(0.25, 0.7));
    let half = random.range(0.4, 1.1) * zoom;
    for i in 0..frame.area() {
        let (x, y) = (i % frame.width, i / frame.width);
        let (u, v) = pose.to_wall(x as f32 + 0.5, y as f32 + 0.5);
        let w = wobble.data[i];
        let (pu, pv) = ((u + origin.0 + 0.8 * w) / size.0, (v + origin.1 - 0.6 * w) / size.1);
        let (cu, cv) = (pu.floor(), pv.floor());
        let along_u = (pu - cu).min(1.0 - pu + cu) * size.0;
        let along_v = (pv - cv).min(1.0 - pv + cv) * size.1;
        let key = (cu as i32 * 7 + cv as i32 * 13).rem_euclid(64) as usize;
        let side = (pu - cu - 0.5).signum() * smoothstep(30.0, 2.0, along_u) * 0.03;
        let edge = along_u.min(along_v);
        let gap = smoothstep(half + 1.3, half - 0.5, edge + 0.8 * leak.data[i] * half);
        let bleed = smoothstep(22.0 * zoom, 0.0, edge) * smoothstep(-0.5, 1.5, leak.data[i]);
        ground.relief.data[i] -= depth * 2.0 * gap + tones[key] * 5.0;
        ground.darken_pixel(i, (1.0 + tones[key] + side) * (1.0 - open * gap) * (1.0 - 0.22 * bleed));
    }
    if random.chance(0.75) {
        tie_holes(random, ground, zoom, pose, size, origin);
    }
}

/// Holes of formwork ties, some plugged, with a dirty run below.
fn tie_holes(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose, size: (f32, f32), origin: (f32, f32)) {
    let frame = ground.frame();
    let radius = random.range(6.0, 11.0) * zoom;
    let plugged = random.chance(0.4);
    let inset = random.range(0.12, 0.3);
    let middle = (frame.width as f32 * 0.5, frame.height as f32 * 0.5);
    for (i, j) in (0..64).map(|k| (k / 8 - 4, k % 8 - 4)) {
        for (du, dv) in [(inset, 0.25), (1.0 - inset, 0.25), (inset, 0.75), (1.0 - inset, 0.75)] {
            let u = (i as f32 + du) * size.0 - origin.0;
            let v = (j as f32 + dv) * size.1 - origin.1;
            let (x, y) = pose.to_pixel(u, v);
            let jitter = (random.normal() * zoom, random.normal() * zoom);
            let near = (x - middle.0).abs().max((y - middle.1).abs()) < frame.diagonal();
            if near && frame.contains(x, y, 3.0 * radius) && !random.chance(0.12) {
                tie_hole(random, ground, (x + jitter.0, y + jitter.1), radius, plugged);
            }
        }
    }
}

fn tie_hole(random: &mut Random, ground: &mut Ground, at: (f32, f32), radius: f32, plugged: bool) {
    let frame = ground.frame();
    let blob = Blob::new(random, at, radius, 0.02);
    let texture = grain(random, Frame { width: 64, height: 64 }, 2.0);
    let tone = random.range(0.75, 1.2);
    blob.each_pixel(frame, 1.6, |index, d| {
        let inside = smoothstep(1.06, 0.94, d);
        let rough = texture.data[index % 4096];
        let depth = if plugged { 0.25 } else { 1.2 * (1.0 - d * d * 0.5) };
        let shade = if plugged { tone * (1.0 + 0.06 * rough) } else { 0.22 };
        let ring = smoothstep(0.75, 0.95, d) * smoothstep(1.12, 0.97, d);
        ground.relief.data[index] -= radius * depth * inside;
        ground.darken_pixel(index, math::mix(1.0, shade, inside) * (1.0 - 0.35 * ring));
        let dust = smoothstep(1.6, 1.0, d) * (1.0 - inside);
        ground.darken_pixel(index, 1.0 - dust * (0.1 + 0.08 * rough));
    });
    run_below(random, ground, at, radius);
}

/// What the rain has washed out of a hole.
fn run_below(random: &mut Random, ground: &mut Ground, at: (f32, f32), radius: f32) {
    let frame = ground.frame();
    let run = KinkedLine::new(random, radius * 14.0, radius * 2.0);
    let strength = random.range(0.0, 0.3);
    let (x0, x1, y0, y1) = frame.window(at.0, at.1 + radius * 7.0, radius * 7.0);
    for y in y0..y1 {
        let t = (y as f32 - at.1) / (radius * 14.0);
        for x in x0..x1 {
            let side = (x as f32 + 0.5 - at.0 - run.at(t * radius * 14.0) * radius * 0.15).abs();
            let wet = smoothstep(radius * (0.9 - 0.5 * t), 0.0, side) * smoothstep(1.0, 0.05, t);
            ground.darken_pixel(y * frame.width + x, 1.0 - strength * wet);
        }
    }
}

/// Marks of sawn boards: tone, step and wood grain of each.
fn boards(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    let frame = ground.frame();
    let board = random.range(70.0, 150.0) * zoom;
    let upright = random.chance(0.5);
    let profile: Vec<(f32, f32)> = (0..64).map(|_| (random.normal() * 0.07, random.normal())).collect();
    let long = 500.0 * zoom;
    let cell = if upright { (5.0 * zoom, long) } else { (long, 5.0 * zoom) };
    let wood = fractal(random, frame, Octaves { cell, count: 3, gain: 0.8 });
    let wobble = fractal(random, frame, Octaves::new(90.0 * zoom, 5, 0.6));
    let ragged = grain(random, frame, 3.0 * zoom);
    for i in 0..frame.area() {
        let (u, v) = pose.to_wall((i % frame.width) as f32 + 0.5, (i / frame.width) as f32 + 0.5);
        let across = (if upright { u } else { v } + wobble.data[i] * 1.2) / board;
        let cell = across.floor();
        let (tone, step) = profile[(cell as i32).rem_euclid(64) as usize];
        let edge = (across - cell).min(1.0 - across + cell) * board + ragged.data[i] * 0.5;
        let joint = smoothstep(2.2 * zoom, 0.4 * zoom, edge);
        ground.relief.data[i] += 0.9 * step + 0.22 * wood.data[i] + 0.8 * joint * step.signum();
        ground.darken_pixel(i, (1.0 + tone + 0.035 * wood.data[i]) * (1.0 - 0.3 * joint));
    }
}

/// Sweeps of a trowel: long low arcs that catch the light.
fn trowel(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let octaves = Octaves { cell: (260.0 * zoom, 9.0 * zoom), count: 3, gain: 0.6 };
    let strokes = fractal(random, frame, octaves);
    let (cx, cy) = (random.range(-1.0, 2.0), random.range(1.2, 2.5));
    let centre = (cx * frame.width as f32, cy * frame.height as f32);
    let sweep = Field::from_fn(frame, |x, y| {
        let (dx, dy) = (x - centre.0, y - centre.1);
        let radius = (dx * dx + dy * dy).sqrt();
        let period = frame.height as f32 * 0.97;
        let wrapped = (radius - (radius / period).floor() * period).min(period);
        strokes.sample(x + dy * 0.2, wrapped)
    });
    let strength = random.range(0.01, 0.035);
    ground.tone(&sweep, strength);
    ground.relief.add(&sweep, 0.3 * zoom);
    let burnish = marks::blotches(random, ground, 120.0 * zoom, 0.35, 0.6);
    ground.tone(&burnish, -random.range(0.03, 0.12));
}

/// A face that rain has opened: sand grains proud, hollows dark, lichen-grey patches.
fn weather(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let rough = fractal(random, frame, Octaves::new(14.0 * zoom, 4, 0.75));
    let pocks = grain(random, frame, 3.2 * zoom);
    let open = marks::blotches(random, ground, 160.0 * zoom, 0.55, 0.8);
    let strength = random.range(0.5, 1.0);
    for i in 0..frame.area() {
        let pock = smoothstep(0.7, 2.0, pocks.data[i] + 0.4 * rough.data[i]);
        let worn = (0.45 + 0.55 * open.data[i]) * strength;
        ground.relief.data[i] += worn * (0.35 * rough.data[i] - 1.3 * pock);
        ground.darken_pixel(i, 1.0 - worn * (0.4 * pock - 0.05 * rough.data[i]));
    }
    if random.chance(0.6) {
        let stain = marks::blotches(random, ground, 220.0 * zoom, 0.3, 0.35);
        let speck = grain(random, frame, 2.0 * zoom).map(|v| smoothstep(-0.6, 1.4, v));
        let mut patch = stain;
        patch.multiply(&speck);
        ground.tone(&patch, random.range(-0.45, 0.35));
    }
}
