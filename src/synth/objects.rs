//! Small things that lie on or hang before a surface, drawn pixel by pixel: leaves, twigs, wires.

use super::field::{Field, Frame};
use super::ground::{Blob, Colour, scaled};
use super::light::Light;
use super::math::{self, mix, smoothstep};
use super::noise::KinkedLine;
use super::random::Random;

const LEAVES: [Colour; 5] =
    [[0.24, 0.14, 0.05], [0.34, 0.22, 0.06], [0.16, 0.09, 0.045], [0.14, 0.18, 0.05], [0.4, 0.29, 0.08]];

/// One pixel of an object that lies on the surface.
#[derive(Clone, Copy, Debug)]
pub struct Dab {
    /// Index of the pixel.
    pub index: usize,
    /// Reflectance.
    pub colour: Colour,
    /// Share of the pixel that is covered.
    pub opacity: f32,
}

/// Takes the sun from the pixels behind an object, `lift` pixels above the ground.
pub fn drop_shadow(dabs: &[Dab], sun: &mut Field, light: &Light, lift: f32) {
    let frame = sun.frame;
    let shift = |t: f32| (-t * lift / light.rise).clamp(-30.0, 30.0).round() as isize;
    let (dx, dy) = (shift(light.towards.0), shift(light.towards.1));
    let mut shadow = Field::filled(frame, 0.0);
    for dab in dabs {
        let x = (dab.index % frame.width) as isize + dx;
        let y = (dab.index / frame.width) as isize + dy;
        if x >= 0 && y >= 0 && x < frame.width as isize && y < frame.height as isize {
            shadow.data[y as usize * frame.width + x as usize] = dab.opacity;
        }
    }
    let shadow = shadow.blurred(0.6 + 0.25 * lift).map(|s| 1.0 - 0.9 * s);
    sun.multiply(&shadow);
}

/// A thin round object along a line.
pub struct Rod {
    /// Radius in pixels at the start, and the share of it that is left at the end.
    pub radius: (f32, f32),
    /// Reflectance.
    pub colour: Colour,
    /// Brightness added along the middle.
    pub gloss: f32,
}

impl Rod {
    /// The pixels of the object along a line, each once.
    pub fn dabs(&self, frame: Frame, line: &[(f32, f32)]) -> Vec<Dab> {
        let mut best: Vec<f32> = vec![f32::MAX; frame.area()];
        let mut dabs = Vec::new();
        for (i, &(cx, cy)) in line.iter().enumerate() {
            let t = i as f32 / line.len() as f32;
            let radius = self.radius.0 * mix(1.0, self.radius.1, t);
            let (x0, x1, y0, y1) = frame.window(cx, cy, radius + 1.0);
            for (x, y) in (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y))) {
                let (dx, dy) = (x as f32 + 0.5 - cx, y as f32 + 0.5 - cy);
                let d = (dx * dx + dy * dy).sqrt() / radius;
                let index = y * frame.width + x;
                if d * radius < radius + 0.7 && d < best[index] {
                    best[index] = d;
                    let round = (1.0 - d * d).max(0.0).sqrt();
                    let lit = mix(0.55, 1.1, round) + self.gloss * smoothstep(0.5, 0.0, d);
                    let opacity = smoothstep(radius + 0.7, radius - 0.6, d * radius);
                    dabs.push(Dab { index, colour: scaled(self.colour, lit), opacity });
                }
            }
        }
        dabs.reverse();
        let mut seen = vec![false; frame.area()];
        dabs.retain(|d| !std::mem::replace(&mut seen[d.index], true));
        dabs
    }
}

/// A line from a point in half-pixel steps whose heading wavers by about `bend` radians.
pub fn bent_line(random: &mut Random, from: (f32, f32), heading: f32, length: f32, bend: f32) -> Vec<(f32, f32)> {
    let turn = KinkedLine::new(random, length, length * 0.3);
    let (mut x, mut y) = from;
    (0..(length * 2.0) as usize + 2)
        .map(|i| {
            let angle = heading + bend * turn.at(i as f32 * 0.5);
            x += 0.5 * math::cos(angle);
            y += 0.5 * math::sin(angle);
            (x, y)
        })
        .collect()
}

/// A dry or green leaf with a midrib and side veins.
pub struct Leaf {
    centre: (f32, f32),
    length: f32,
    breadth: f32,
    /// Cosine and sine of the direction of the midrib.
    along: (f32, f32),
    bend: f32,
    base: Colour,
    /// Brightness of either half.
    halves: (f32, f32),
    serration: KinkedLine,
    blotch: Blob,
}

impl Leaf {
    /// A leaf somewhere on the frame.
    pub fn new(random: &mut Random, frame: Frame, zoom: f32) -> Self {
        let length = random.range(22.0, 60.0) * zoom;
        let breadth = length * random.range(0.16, 0.3);
        let angle = random.range(0.0, std::f32::consts::TAU);
        let centre = (random.unit() * frame.width as f32, random.unit() * frame.height as f32);
        let base = random.pick(&LEAVES);
        Self {
            centre,
            length,
            breadth,
            along: (math::cos(angle), math::sin(angle)),
            base,
            bend: random.normal() * 0.25 / length,
            halves: (random.range(0.75, 1.05), random.range(0.9, 1.25)),
            serration: KinkedLine::new(random, length, 3.0 * zoom),
            blotch: Blob::new(random, (0.0, 0.0), length * 0.2, 0.3),
        }
    }

    /// The pixels of the leaf.
    pub fn dabs(&self, frame: Frame) -> Vec<Dab> {
        let (cx, cy) = self.centre;
        let (c, s) = self.along;
        let (x0, x1, y0, y1) = frame.window(cx, cy, self.length * 0.75);
        let pixels = (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
        pixels
            .filter_map(|(x, y)| {
                let (dx, dy) = (x as f32 + 0.5 - cx, y as f32 + 0.5 - cy);
                let (p, q) = (dx * c + dy * s, dy * c - dx * s);
                let q = q + self.bend * p * p;
                let opacity = self.opacity(p, q);
                (opacity >= 0.02).then(|| Dab { index: y * frame.width + x, colour: self.colour(p, q), opacity })
            })
            .collect()
    }

    /// Blade and stalk at a point along and across the midrib, in pixels.
    fn opacity(&self, p: f32, q: f32) -> f32 {
        let t = p / self.length + 0.5;
        let stalk = smoothstep(0.9, 0.3, q.abs()) * smoothstep(-0.2, -0.18, t) * smoothstep(0.1, 0.05, t);
        let profile = math::pow(math::sin(t.clamp(0.0, 1.0) * std::f32::consts::PI), 0.8);
        let teeth = 0.5 * self.serration.at(t * self.length);
        let half = self.breadth * profile * (1.15 - 0.5 * t) + teeth;
        let blade = smoothstep(-0.6, 0.6, half - q.abs()) * smoothstep(0.0, 0.02, t * (1.0 - t));
        blade.max(stalk)
    }

    fn colour(&self, p: f32, q: f32) -> Colour {
        let rib = smoothstep(1.1, 0.3, q.abs());
        let vein = (p - 1.1 * q.abs()) / (0.11 * self.length);
        let vein = smoothstep(0.16, 0.02, (vein - vein.round()).abs()) * 0.22;
        let spot = smoothstep(1.1, 0.6, self.blotch.distance(p - self.length * 0.1, q));
        let across = q / self.breadth;
        let half = if q > 0.0 { self.halves.0 } else { self.halves.1 };
        let lit = half * (1.0 - 0.25 * across * across);
        scaled(self.base, lit * (1.0 + 0.3 * rib + vein - 0.3 * spot))
    }
}
