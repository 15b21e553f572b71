//! Asphalt: two sizes of packed stones in binder, worn open by traffic, with oil and markings.

use super::marks;
use crate::synth::field::{Field, Frame};
use crate::synth::ground::{Blob, Colour, Ground, blended, scaled};
use crate::synth::math::{mix, smoothstep};
use crate::synth::noise::{Octaves, fractal, grain};
use crate::synth::pose::Pose;
use crate::synth::random::Random;
use crate::synth::stones::{Hold, Stones};

/// How a road has aged.
struct Wear {
    binder: Colour,
    rock: Colour,
    variety: f32,
    exposed: f32,
    coarse_share: f32,
    pitted: f32,
    bump: f32,
}

/// Paints asphalt and returns the coarse stones, around which cracks run.
pub fn paint(random: &mut Random, frame: Frame, zoom: f32, pose: &Pose) -> (Ground, Stones) {
    let wear = wear(random);
    let cell = random.range(4.0, 9.0) * zoom;
    let fine_cell = (cell * random.range(0.42, 0.6)).max(2.2);
    let unevenness = random.range(0.5, 1.0);
    let coarse = Stones::scatter(random, frame, cell.max(3.0), unevenness);
    let fine = Stones::scatter(random, frame, fine_cell, 0.5);
    let mut ground = Ground::new(frame, wear.binder);
    lay_stones(random, &mut ground, &wear, (&coarse, &fine), zoom);
    let undulation = fractal(random, frame, Octaves::new(90.0 * zoom, 5, 0.5));
    ground.relief.add(&undulation, 0.5 * zoom);
    let lumps = fractal(random, frame, Octaves::new(22.0 * zoom, 3, 0.7));
    ground.relief.add(&lumps, random.range(0.1, 0.4) * zoom);
    mastic(random, &mut ground, zoom);
    let cloud = frame.diagonal() * random.range(0.15, 0.4);
    let clouds = random.range(0.03, 0.065);
    marks::mottle(random, &mut ground, cloud, clouds);
    marks::sandy_grain(random, &mut ground, zoom * 0.8, 0.06, 0.06);
    dirt(random, &mut ground, zoom);
    if random.chance(0.28) {
        lane_marking(random, &mut ground, zoom, pose);
    }
    (ground, coarse)
}

fn wear(random: &mut Random) -> Wear {
    let age = random.unit();
    let warmth = random.range(-0.05, 0.06);
    let level = mix(0.1, 0.27, age) * random.range(0.85, 1.15);
    Wear {
        binder: scaled([1.0 + warmth, 1.0, 1.0 - warmth], level),
        rock: scaled([1.03 + warmth, 1.0, 0.96 - warmth], mix(0.18, 0.36, age)),
        variety: random.range(0.2, 0.75),
        exposed: random.range(-0.9, 0.55),
        coarse_share: random.range(0.25, 0.8),
        pitted: random.range(0.0, 0.6) * random.unit(),
        bump: random.range(0.4, 1.4),
    }
}

fn lay_stones(random: &mut Random, ground: &mut Ground, wear: &Wear, (coarse, fine): (&Stones, &Stones), zoom: f32) {
    let frame = ground.frame();
    let patchy = fractal(random, frame, Octaves::new(110.0 * zoom, 6, 0.6));
    let warp_x = fractal(random, frame, Octaves::new(coarse.cell() * 0.8, 2, 0.6));
    let warp_y = fractal(random, frame, Octaves::new(coarse.cell() * 0.8, 2, 0.6));
    let warp = coarse.cell() * 0.14;
    for i in 0..frame.area() {
        let x = (i % frame.width) as f32 + 0.5 + warp * warp_x.data[i];
        let y = (i / frame.width) as f32 + 0.5 + warp * warp_y.data[i];
        let open = wear.exposed + 0.45 * patchy.data[i];
        let large = coarse.hold(x, y);
        let is_large = large.first.dice[3] < wear.coarse_share;
        let (hold, cell) = if is_large && large.border > 0.15 * coarse.cell() {
            (large, coarse.cell())
        } else {
            (fine.hold(x, y), fine.cell())
        };
        stone_pixel(ground, i, wear, &hold, (cell, x, y, open));
    }
}

/// Colour and height of a pixel on one stone; `place` is cell, x, y and openness.
fn stone_pixel(ground: &mut Ground, i: usize, wear: &Wear, hold: &Hold, (cell, x, y, open): (f32, f32, f32, f32)) {
    let [tone, hue, level, missing] = hold.first.dice;
    let top = smoothstep(-0.1, 0.45, hold.border / cell);
    let rub = smoothstep(-0.4, 0.5, open + level - 0.75) * smoothstep(0.05, 0.3, hold.border / cell);
    let tan = [1.22, 0.98, 0.72];
    let red = [1.2, 0.86, 0.78];
    let blue = [0.86, 0.98, 1.16];
    let cast = if hue < 0.1 {
        tan
    } else if hue < 0.15 {
        red
    } else if hue > 0.75 {
        blue
    } else {
        [1.0; 3]
    };
    let spread = (tone - 0.5) * 2.0;
    let bright = if tone > 0.94 { 1.6 } else { 1.0 };
    let value = (1.0 + spread * wear.variety) * bright;
    let rock: Colour =
        std::array::from_fn(|c| (wear.rock[c] * value * mix(1.0, cast[c], 0.7 * wear.variety)).clamp(0.02, 0.75));
    let coated = scaled(wear.binder, (0.8 + 0.3 * level) * (1.0 + 0.12 * spread));
    let lost = smoothstep(0.02, 0.0, missing - 0.04 * wear.pitted * (1.0 + open)) * top;
    let tilt_x = (x - hold.first.centre.0) / cell * (hue - 0.5);
    let tilt_y = (y - hold.first.centre.1) / cell * (tone - 0.5);
    let dome = top * (0.22 + 0.28 * level) + (tilt_x + tilt_y) * 0.55 * top;
    ground.relief.data[i] += cell * wear.bump * (dome * 0.75 - 0.55 * lost);
    let gap = 1.0 - 0.22 * (1.0 - top) * wear.bump.min(1.0);
    let shade = gap * (1.0 - 0.65 * lost);
    let colour = scaled(blended(coated, rock, rub), shade);
    ground.cover_pixel(i, colour, 1.0);
}

/// Binder worked over the stones in patches, and hollows where stones have been lost.
fn mastic(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let film = fractal(random, frame, Octaves::new(60.0 * zoom, 5, 0.7));
    let pocks = grain(random, frame, 3.4 * zoom);
    let gate = fractal(random, frame, Octaves::new(150.0 * zoom, 3, 0.6));
    let mean = ground.albedo.clone().map(|plane| plane.blurred(7.0 * zoom));
    let (cover, open) = (random.range(0.05, 0.6), random.range(-0.5, 1.2));
    for i in 0..frame.area() {
        let veil = cover * smoothstep(-1.2, 1.4, film.data[i]);
        ground.cover_pixel(i, std::array::from_fn(|c| mean[c].data[i]), veil);
        let pock = smoothstep(2.3, 3.6, pocks.data[i] + 0.5 * gate.data[i] + 0.4 * open);
        ground.relief.data[i] -= 1.8 * zoom * pock;
        ground.darken_pixel(i, 1.0 - 0.4 * pock);
    }
}

fn dirt(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    for _ in 0..random.int(0, 5) {
        oil_spot(random, ground, zoom);
    }
    if random.chance(0.35) {
        let dust = marks::blotches(random, ground, 260.0 * zoom, 0.35, 0.9);
        let strength = random.range(0.08, 0.3);
        let dust = dust.map(|v| v * strength);
        ground.cover(&dust, [0.36, 0.31, 0.24]);
    }
    if random.chance(0.4) {
        let across = random.range(0.1, 0.9) * frame.width as f32;
        let reach = random.range(80.0, 220.0) * zoom;
        let track = Field::from_fn(frame, |x, _| smoothstep(reach, reach * 0.3, (x - across).abs()));
        ground.tone(&track, random.range(-0.14, 0.16));
    }
    marks::settle_dirt(ground, 4.0 * zoom, random.range(0.15, 0.4));
}

/// A drop of oil: dark, soft, grainy at the edge.
fn oil_spot(random: &mut Random, ground: &mut Ground, zoom: f32) {
    let frame = ground.frame();
    let centre = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
    let radius = random.log_range(5.0, 38.0) * zoom;
    let blob = Blob::new(random, centre, radius, 0.13);
    let strength = random.range(0.15, 0.5);
    let side = (2.0 * blob.reach() * 1.6).max(4.0) as usize + 2;
    let rough = grain(random, Frame { width: side, height: 64 }, 3.0 * zoom);
    blob.each_pixel(frame, 1.5, |index, d| {
        let ragged = rough.data[index % rough.data.len()];
        let wet = smoothstep(1.15, 0.55, d + 0.1 * ragged);
        ground.darken_pixel(index, 1.0 - strength * wet);
    });
}

/// A painted line, worn off the tops of the stones.
fn lane_marking(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    let frame = ground.frame();
    let half = random.range(28.0, 62.0) * zoom;
    let steep = random.range(-0.25, 0.25);
    let offset = random.range(-0.38, 0.38) * frame.width as f32;
    let upright = random.chance(0.75);
    let ragged = grain(random, frame, 5.0 * zoom);
    let worn = fractal(random, frame, Octaves::new(70.0 * zoom, 7, 0.8));
    let age = random.range(-0.2, 1.3);
    let dull = random.range(0.55, 0.95);
    let paint = if random.chance(0.85) { [0.66, 0.65, 0.61] } else { [0.62, 0.42, 0.06] };
    let level = ground.relief.blurred(6.0 * zoom);
    for i in 0..frame.area() {
        let (x, y) = (i % frame.width, i / frame.width);
        let (u, v) = pose.to_wall(x as f32 + 0.5, y as f32 + 0.5);
        let (across, along) = if upright { (u, v) } else { (v, u) };
        let grit = ragged.data[i];
        let edge = half - (across - offset - along * steep).abs() + 0.8 * zoom * grit;
        if edge < -6.0 {
            continue;
        }
        let (rough, flat) = (ground.relief.data[i], level.data[i]);
        let body = worn.data[i] * 0.6 + 0.25 * grit + 0.9;
        let kept = smoothstep(age - 0.7, age + 0.4, body);
        let pit = smoothstep(-2.6, -0.2, rough - flat + 0.3 * worn.data[i]);
        let opacity = smoothstep(-0.8, 0.8, edge) * kept * pit * 0.93;
        let shade = dull * (1.0 + 0.06 * grit + 0.07 * worn.data[i]);
        ground.cover_pixel(i, scaled(paint, shade), opacity);
        ground.relief.data[i] = mix(rough, flat, 0.5 * opacity) + 0.6 * opacity;
    }
}
