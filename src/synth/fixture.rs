//! What people fix to walls and build at their foot: signs and plates, recessed joints, the edge of another floor.
//!
//! Smooth dark things with sharp edges, wider than most cracks. None of them enters the mask.

use super::field::{Field, Frame};
use super::ground::{Colour, Ground, scaled};
use super::light::Light;
use super::math::{self, mix, smoothstep};
use super::noise::grain;
use super::objects::{Dab, drop_shadow};
use super::pose::Pose;
use super::random::Random;

const PLATES: [Colour; 7] = [
    [0.03, 0.03, 0.032],
    [0.08, 0.075, 0.07],
    [0.2, 0.2, 0.21],
    [0.55, 0.55, 0.53],
    [0.05, 0.09, 0.25],
    [0.35, 0.05, 0.04],
    [0.5, 0.36, 0.05],
];

/// Builds a recess or a foot into the ground, or leaves it.
pub fn build(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    match random.int(0, 6) {
        0 | 1 => recess(random, ground, zoom, pose),
        2 | 3 => foot(random, ground, zoom, pose),
        _ => {}
    }
}

/// Signed distance in pixels of every pixel from a straight line at `offset` of the wall's coordinates.
fn straight(frame: Frame, pose: &Pose, upright: bool, (offset, slope): (f32, f32)) -> Field {
    let norm = 1.0 / (1.0 + slope * slope).sqrt();
    Field::from_fn(frame, |x, y| {
        let (u, v) = pose.to_wall(x, y);
        let (across, along) = if upright { (u, v) } else { (v, u) };
        (across - offset - slope * along) * norm
    })
}

/// A groove as between panels: shaded, dirty towards the middle, with rounded sides.
fn recess(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    let frame = ground.frame();
    let rough = grain(random, frame, 2.0 * zoom);
    let half = random.log_range(3.0, 16.0) * zoom;
    let (depth, dirt) = (random.range(0.3, 1.4) * half, random.range(0.3, 0.85));
    let first = random.chance(0.5);
    for upright in [first, !first].into_iter().take(1 + usize::from(random.chance(0.4))) {
        let long = if upright { frame.width } else { frame.height } as f32;
        let line = straight(frame, pose, upright, (random.range(-0.42, 0.42) * long, 0.004 * random.normal()));
        for i in 0..frame.area() {
            let edge = line.data[i].abs() - half - 0.4 * rough.data[i];
            let inside = smoothstep(0.35 * half, -0.5 * half, edge);
            ground.relief.data[i] -= depth * inside;
            ground.darken_pixel(i, mix(1.0, 1.0 - dirt, inside * (1.0 + 0.1 * rough.data[i])));
        }
    }
}

/// Where the wall ends: beyond it floor, sky or another building part, between them a dark gap.
fn foot(random: &mut Random, ground: &mut Ground, zoom: f32, pose: &Pose) {
    let frame = ground.frame();
    let (upright, side) = (random.chance(0.3), random.sign());
    let long = if upright { frame.width } else { frame.height } as f32;
    let slope = random.range(-0.3, 0.3) * f32::from(u8::from(random.chance(0.7)));
    let line = straight(frame, pose, upright, (side * random.range(0.3, 0.5) * long, slope));
    let (sand, half) = (grain(random, frame, 1.5 * zoom), random.range(0.4, 5.0) * zoom);
    let level = random.log_range(0.03, 0.6);
    let floor = [level * random.range(0.9, 1.1), level, level * random.range(0.85, 1.15)];
    let (texture, step) = (random.range(0.02, 0.2), random.normal() * 4.0 * zoom);
    for i in 0..frame.area() {
        let d = line.data[i] * side;
        let far = smoothstep(-0.7, 0.7, d);
        ground.cover_pixel(i, scaled(floor, (1.0 + texture * sand.data[i]).max(0.2)), 0.95 * far);
        let gap = smoothstep(half + 0.7, half - 0.6, d.abs());
        ground.relief.data[i] = mix(ground.relief.data[i], step, far) - 2.0 * zoom * gap;
        ground.cover_pixel(i, [0.03, 0.03, 0.03], 0.85 * gap);
    }
}

/// Hangs up to three plates clear of the cracks, with their shadows in `sun`.
pub fn plates(random: &mut Random, sun: &mut Field, coverage: &Field, light: &Light, zoom: f32) -> Vec<Dab> {
    let mut all = Vec::new();
    for _ in 0..random.int(0, 3) {
        for _ in 0..8 {
            let plate = Plate::new(random, sun.frame, zoom).dabs(sun.frame);
            if !plate.is_empty() && plate.iter().all(|dab| coverage.data[dab.index] == 0.0) {
                let lift = random.range(0.5, 6.0) * zoom;
                drop_shadow(&plate, sun, light, lift);
                all.extend(plate);
                break;
            }
        }
    }
    all
}

/// A flat disc or board with bars on it, as letters and arrows have.
struct Plate {
    centre: (f32, f32),
    /// Half of width and height in pixels.
    half: (f32, f32),
    /// Radius of the corners in pixels.
    corner: f32,
    /// Cosine and sine of its turn.
    turn: (f32, f32),
    colour: Colour,
    ink: Colour,
    /// Bars: centre and half sides in pixels, from the middle of the plate.
    bars: Vec<[f32; 4]>,
    sheen: f32,
}

impl Plate {
    fn new(random: &mut Random, frame: Frame, zoom: f32) -> Self {
        let size = random.log_range(9.0, 90.0) * zoom;
        let round = random.chance(0.45);
        let half = if round { (size, size) } else { (size, size * random.range(0.25, 1.0)) };
        let least = half.0.min(half.1);
        let colour = random.pick(&PLATES);
        let dark = colour[1] < 0.25;
        let angle = random.normal() * 0.05;
        let bars = (0..random.int(0, 7)).map(|_| {
            let (long, thin) = (random.range(0.1, 0.45) * least, random.range(0.03, 0.12) * least);
            let (w, h) = if random.chance(0.5) { (long, thin) } else { (thin, long) };
            [random.range(-0.5, 0.5) * half.0, random.range(-0.5, 0.5) * half.1, w, h]
        });
        Self {
            bars: bars.collect(),
            centre: (random.unit() * frame.width as f32, random.unit() * frame.height as f32),
            half,
            corner: if round { size } else { least * random.range(0.02, 0.3) },
            turn: (math::cos(angle), math::sin(angle)),
            colour,
            ink: if dark { [0.6; 3] } else { [0.04; 3] },
            sheen: random.range(-0.35, 0.35),
        }
    }

    fn dabs(&self, frame: Frame) -> Vec<Dab> {
        let (cx, cy) = self.centre;
        let (x0, x1, y0, y1) = frame.window(cx, cy, self.half.0 + self.half.1);
        let pixels = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
        pixels
            .filter_map(|(x, y)| {
                let (dx, dy) = (x as f32 + 0.5 - cx, y as f32 + 0.5 - cy);
                let (p, q) = (dx * self.turn.0 + dy * self.turn.1, dy * self.turn.0 - dx * self.turn.1);
                let opacity = smoothstep(0.6, -0.6, self.outside(p, q));
                (opacity >= 0.02).then(|| Dab { index: y * frame.width + x, colour: self.colour(p, q), opacity })
            })
            .collect()
    }

    /// Distance in pixels beyond the rim, negative within.
    fn outside(&self, p: f32, q: f32) -> f32 {
        let (a, b) = (p.abs() - self.half.0 + self.corner, q.abs() - self.half.1 + self.corner);
        (a.max(0.0) * a.max(0.0) + b.max(0.0) * b.max(0.0)).sqrt() + a.max(b).min(0.0) - self.corner
    }

    fn colour(&self, p: f32, q: f32) -> Colour {
        let inked = self.bars.iter().any(|[x, y, w, h]| (p - x).abs() <= *w && (q - y).abs() <= *h);
        let rim = 1.0 + 0.5 * smoothstep(-3.0, -0.5, self.outside(p, q));
        let sheen = 1.0 + self.sheen * (p / self.half.0 + q / self.half.1);
        scaled(if inked { self.ink } else { self.colour }, rim * sheen)
    }
}
