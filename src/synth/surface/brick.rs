//! Brickwork: bricks of one palette with their own tone, mortar between, spalls and efflorescence.

use super::marks;
use crate::synth::bond::{Bond, Cell};
use crate::synth::field::{Field, Frame};
use crate::synth::ground::{Blob, Colour, Ground, blended, scaled};
use crate::synth::math::{mix, smoothstep};
use crate::synth::noise::{Octaves, fractal, grain};
use crate::synth::pose::Pose;
use crate::synth::random::Random;

const PALETTES: [[Colour; 3]; 5] = [
    [[0.29, 0.11, 0.075], [0.23, 0.08, 0.06], [0.34, 0.15, 0.1]],
    [[0.31, 0.13, 0.085], [0.24, 0.1, 0.075], [0.17, 0.085, 0.075]],
    [[0.46, 0.33, 0.17], [0.4, 0.27, 0.13], [0.5, 0.39, 0.23]],
    [[0.26, 0.2, 0.15], [0.33, 0.26, 0.2], [0.2, 0.16, 0.13]],
    [[0.35, 0.19, 0.12], [0.29, 0.14, 0.09], [0.4, 0.25, 0.17]],
];

/// Textures that bricks and mortar draw on, computed once for the picture.
struct Textures {
    wobble: (Field, Field),
    coarse: Field,
    fine: Field,
    pores: Field,
    drag: Field,
}

/// Paints brickwork and returns its bond, whose joints lead the cracks.
pub fn paint(random: &mut Random, frame: Frame, zoom: f32, pose: &Pose) -> (Ground, Bond) {
    let bond = Bond::new(random, zoom);
    let textures = textures(random, frame, zoom);
    let mortar = mortar_colour(random);
    let mut ground = Ground::new(frame, mortar);
    let faces = lay_bricks(random, &mut ground, &bond, pose, &textures);
    mortar_texture(random, &mut ground, &faces, zoom);
    spalls(random, &mut ground, &faces, zoom);
    age(random, &mut ground, &faces, zoom);
    (ground, bond)
}

fn mortar_colour(random: &mut Random) -> Colour {
    let level = random.range(0.17, 0.4);
    let warmth = random.range(0.0, 0.14);
    scaled([1.0 + warmth, 1.0, 1.0 - warmth * 1.2], level)
}

fn textures(random: &mut Random, frame: Frame, zoom: f32) -> Textures {
    let drag = Octaves { cell: (2.5 * zoom, 26.0 * zoom), count: 2, gain: 0.6 };
    Textures {
        wobble: (
            fractal(random, frame, Octaves::new(26.0 * zoom, 5, 0.62)),
            fractal(random, frame, Octaves::new(26.0 * zoom, 5, 0.62)),
        ),
        coarse: fractal(random, frame, Octaves::new(38.0 * zoom, 6, 0.62)),
        fine: grain(random, frame, 1.6 * zoom),
        pores: grain(random, frame, 2.8 * zoom),
        drag: fractal(random, frame, drag),
    }
}

/// Lays the bricks and returns 1 on their faces, 0 in the joints.
fn lay_bricks(random: &mut Random, ground: &mut Ground, bond: &Bond, pose: &Pose, textures: &Textures) -> Field {
    let frame = ground.frame();
    let palette = random.pick(&PALETTES);
    let variety = random.range(0.08, 0.3);
    let burnt = random.range(0.0, 0.14);
    let recess = bond.joint * random.range(0.12, 0.4);
    let ragged = bond.joint * random.range(0.05, 0.11);
    let mut faces = Field::filled(frame, 0.0);
    for i in 0..frame.area() {
        let (u, v) = pose.to_wall((i % frame.width) as f32 + 0.5, (i / frame.width) as f32 + 0.5);
        let u = u + ragged * textures.wobble.0.data[i];
        let v = v + ragged * textures.wobble.1.data[i];
        let cell = bond.cell(bond.course_at(v), u);
        let inside = inset(bond, &cell, u, v) + 0.35 * textures.fine.data[i];
        let face = smoothstep(-0.9, 0.9, inside);
        faces.data[i] = face;
        let rounding = smoothstep(0.0, bond.joint * 0.35, inside);
        let tilt = (bond.dice(&cell, 7) - 0.5) * (u - cell.across.0) * 0.012;
        ground.relief.data[i] = recess * (0.6 * face + 0.4 * rounding) + face * tilt;
        let colour = face_colour(bond, &cell, &palette, (variety, burnt), textures, i);
        ground.cover_pixel(i, colour, face);
        let pore = smoothstep(1.5, 2.5, textures.pores.data[i]) * face;
        ground.relief.data[i] -= 1.3 * pore - face * (0.16 * textures.fine.data[i] + 0.14 * textures.drag.data[i]);
        ground.darken_pixel(i, 1.0 - 0.5 * pore);
    }
    faces
}

/// Signed distance into a brick from its rounded outline, in wall units.
fn inset(bond: &Bond, cell: &Cell, u: f32, v: f32) -> f32 {
    let corner = bond.joint * 0.35;
    let joint = bond.joint * (0.5 + 0.14 * (bond.dice(cell, 1) - 0.5));
    let slip = bond.joint * 0.16;
    let (cu, cv) = (
        0.5 * (cell.across.0 + cell.across.1) + slip * (bond.dice(cell, 2) - 0.5),
        0.5 * (cell.down.0 + cell.down.1) + slip * (bond.dice(cell, 3) - 0.5),
    );
    let lean = (bond.dice(cell, 4) - 0.5) * 0.012;
    let (du, dv) = (u - cu, v - cv - (u - cu) * lean);
    let half_u = 0.5 * (cell.across.1 - cell.across.0) - joint - corner;
    let half_v = 0.5 * (cell.down.1 - cell.down.0) - joint - corner;
    let (ou, ov) = (du.abs() - half_u, dv.abs() - half_v);
    let (pu, pv) = (ou.max(0.0), ov.max(0.0));
    corner - (pu * pu + pv * pv).sqrt() - ou.max(ov).min(0.0)
}

fn face_colour(
    bond: &Bond,
    cell: &Cell,
    palette: &[Colour; 3],
    (variety, burnt): (f32, f32),
    textures: &Textures,
    i: usize,
) -> Colour {
    let tone = bond.dice(cell, 11);
    let base = if tone < 0.5 {
        blended(palette[0], palette[1], tone * 2.0)
    } else {
        blended(palette[0], palette[2], tone * 2.0 - 1.0)
    };
    let level = 1.0 + variety * (bond.dice(cell, 12) - 0.5) * 2.0;
    let flash = smoothstep(0.5, 1.8, textures.coarse.data[i] + 2.5 * bond.dice(cell, 13) - 1.4);
    let texture = 1.0 + 0.09 * textures.coarse.data[i] + 0.06 * textures.fine.data[i] + 0.045 * textures.drag.data[i];
    let colour = scaled(base, level * texture);
    let dark = if bond.dice(cell, 14) < burnt { 0.65 } else { 0.0 };
    let dark = (dark + 0.22 * flash).min(0.8);
    blended(colour, [0.075, 0.06, 0.058], dark)
}

/// Sand in the joints: coarser and lighter than the bricks' own grain.
fn mortar_texture(random: &mut Random, ground: &mut Ground, faces: &Field, zoom: f32) {
    let frame = ground.frame();
    let sand = grain(random, frame, 1.7 * zoom);
    let lumps = grain(random, frame, 6.0 * zoom);
    let tone = fractal(random, frame, Octaves::new(120.0 * zoom, 6, 0.6));
    for i in 0..frame.area() {
        let mortar = 1.0 - faces.data[i];
        ground.relief.data[i] += mortar * (0.2 * sand.data[i] + 0.4 * lumps.data[i]);
        let shade = 0.075 * sand.data[i] + 0.05 * lumps.data[i] + 0.08 * tone.data[i];
        ground.darken_pixel(i, 1.0 + mortar * shade);
    }
}

/// Broken faces: a shallow crater with the lighter, rougher body of the brick.
fn spalls(random: &mut Random, ground: &mut Ground, faces: &Field, zoom: f32) {
    let frame = ground.frame();
    let mean = frame.area() as f32 / (zoom * zoom) / 110_000.0;
    let share = random.range(0.0, 2.0);
    for _ in 0..random.count(mean * share) {
        let centre = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
        let radius = random.log_range(3.0, 20.0) * zoom;
        let blob = Blob::new(random, centre, radius, 0.2);
        let rough = grain(random, Frame { width: 101, height: 97 }, 4.0);
        let (depth, light) = (random.range(1.0, 3.0), random.range(0.85, 1.35));
        blob.each_pixel(frame, 1.4, |i, d| {
            let noise = rough.data[i % rough.data.len()];
            let inside = smoothstep(1.1, 0.85, d + 0.07 * noise) * faces.data[i];
            ground.relief.data[i] -= inside * (depth + 0.5 * noise);
            ground.darken_pixel(i, mix(1.0, light * (1.0 + 0.07 * noise), inside));
        });
    }
}

/// Smears of mortar, salts, soot and rain.
fn age(random: &mut Random, ground: &mut Ground, faces: &Field, zoom: f32) {
    let frame = ground.frame();
    let share = random.range(0.1, 0.27);
    let smear = marks::blotches(random, ground, 34.0 * zoom, share, 0.5);
    let near = faces.blurred(7.0 * zoom);
    let mut haze = smear;
    for (h, n) in haze.data.iter_mut().zip(&near.data) {
        *h *= 0.4 * smoothstep(1.0, 0.7, *n) + 0.03;
    }
    ground.cover(&haze, [0.5, 0.48, 0.44]);
    if random.chance(0.4) {
        let salts = marks::blotches(random, ground, 170.0 * zoom, 0.3, 0.9);
        let speck = fractal(random, frame, Octaves::new(12.0 * zoom, 4, 0.8));
        let mut salts = salts;
        for (s, v) in salts.data.iter_mut().zip(&speck.data) {
            *s *= 0.45 * smoothstep(-0.3, 2.0, *v);
        }
        ground.cover(&salts, [0.72, 0.71, 0.68]);
    }
    let cloud = frame.diagonal() * 0.3;
    marks::mottle(random, ground, cloud, 0.06);
    if random.chance(0.5) {
        let opacity = random.range(0.08, 0.35);
        marks::streaks(random, ground, zoom * 1.4, [0.06, 0.055, 0.05], opacity);
    }
    marks::settle_dirt(ground, 3.0 * zoom, random.range(0.1, 0.3));
}
