//! Lattice noise: random values on a grid, interpolated by cubic B-splines, summed over octaves.
//!
//! Unlike gradient noise it has no zeros on the lattice, cells may have any aspect ratio
//! (streaks, grain of boards), and an octave costs a few additions a pixel.

use super::field::{Field, Frame};
use super::math;
use super::random::Random;

/// Makes an octave's deviation 1: uniform lattice values through two cubic B-splines.
const UNIT_DEVIATION: f32 = 3.6;

/// Shape of a sum of octaves.
#[derive(Clone, Copy, Debug)]
pub struct Octaves {
    /// Lattice spacing of the coarsest octave in pixels, horizontally and vertically.
    pub cell: (f32, f32),
    /// Number of octaves, each half as coarse as the one before.
    pub count: u32,
    /// Amplitude of each octave relative to the one before.
    pub gain: f32,
}

impl Octaves {
    /// Octaves with square cells.
    pub fn new(cell: f32, count: u32, gain: f32) -> Self {
        Self { cell: (cell, cell), count, gain }
    }
}

/// Sum of octaves with mean about 0 and deviation about 1.
pub fn fractal(random: &mut Random, frame: Frame, octaves: Octaves) -> Field {
    let mut field = Field::filled(frame, 0.0);
    let (mut cell_x, mut cell_y) = octaves.cell;
    let mut amplitude = 1.0;
    let mut variance = 0.0;
    for _ in 0..octaves.count {
        add_octave(&mut field, random, (cell_x, cell_y), amplitude);
        variance += amplitude * amplitude;
        amplitude *= octaves.gain;
        cell_x *= 0.5;
        cell_y *= 0.5;
        if cell_x.max(cell_y) < 1.0 {
            break;
        }
    }
    let scale = 1.0 / variance.sqrt();
    field.map(|v| v * scale)
}

/// Independent near-normal values of deviation 1 at every pixel.
pub fn white(random: &mut Random, frame: Frame) -> Field {
    Field { frame, data: (0..frame.area()).map(|_| random.normal()).collect() }
}

/// White noise blurred to grains of about `size` pixels, deviation about 1.
pub fn grain(random: &mut Random, frame: Frame, size: f32) -> Field {
    let sigma = (size * 0.5).max(0.3);
    let gain = (2.0 * sigma * std::f32::consts::PI.sqrt()).max(1.0);
    white(random, frame).blurred(sigma).map(|v| v * gain)
}

/// Adds one octave with the given lattice spacing in pixels.
fn add_octave(field: &mut Field, random: &mut Random, cell: (f32, f32), amplitude: f32) {
    let Frame { width, height } = field.frame;
    let (cell_x, cell_y) = (cell.0.max(1.0), cell.1.max(1.0));
    let columns = (width as f32 / cell_x) as usize + 5;
    let rows = (height as f32 / cell_y) as usize + 5;
    let (shift_x, shift_y) = (random.unit(), random.unit());
    let across: Vec<(usize, [f32; 4])> = (0..width).map(|x| spline_weights(x as f32 / cell_x + shift_x)).collect();
    let mut expanded = vec![0.0; rows * width];
    let mut lattice = vec![0.0; columns];
    for row in expanded.chunks_mut(width) {
        for value in &mut lattice {
            *value = random.signed();
        }
        for (value, (i, w)) in row.iter_mut().zip(&across) {
            let l = &lattice[*i..*i + 4];
            *value = w[0] * l[0] + w[1] * l[1] + w[2] * l[2] + w[3] * l[3];
        }
    }
    let gain = amplitude * UNIT_DEVIATION;
    for (y, target) in field.data.chunks_mut(width).enumerate() {
        let (j, w) = spline_weights(y as f32 / cell_y + shift_y);
        let row = |k: usize| &expanded[(j + k) * width..][..width];
        let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
        for (t, (((a, b), c), d)) in target.iter_mut().zip(rows) {
            *t += gain * (w[0] * a + w[1] * b + w[2] * c + w[3] * d);
        }
    }
}

/// First lattice index and the four cubic B-spline weights for a position in cells.
fn spline_weights(position: f32) -> (usize, [f32; 4]) {
    let cell = position.floor();
    let t = position - cell;
    let u = 1.0 - t;
    let weights = [
        u * u * u / 6.0,
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
        (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
        t * t * t / 6.0,
    ];
    (cell as usize, weights)
}

/// Piecewise linear noise along a line: random values at irregular knots.
///
/// Kinks where smooth noise would bend is what makes a fracture look broken, not drawn.
#[derive(Clone, Debug)]
pub struct KinkedLine {
    knots: Vec<(f32, f32)>,
}

impl KinkedLine {
    /// Noise over [0, length] with knots about `spacing` apart and deviation about 1.
    pub fn new(random: &mut Random, length: f32, spacing: f32) -> Self {
        let spacing = spacing.max(0.5);
        let mut position = -spacing * random.unit();
        let mut knots = Vec::new();
        while position < length + 2.0 * spacing {
            knots.push((position, random.normal()));
            position += spacing * random.range(0.4, 1.6);
        }
        knots.push((position, random.normal()));
        Self { knots }
    }

    /// Value at a position along the line.
    pub fn at(&self, position: f32) -> f32 {
        let after = self.knots.partition_point(|k| k.0 <= position).clamp(1, self.knots.len() - 1);
        let (a, b) = (self.knots[after - 1], self.knots[after]);
        math::mix(a.1, b.1, ((position - a.0) / (b.0 - a.0)).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::random::Part;

    #[test]
    fn noise_has_unit_deviation() {
        let frame = Frame { width: 300, height: 200 };
        let mut random = Random::new(3, Part::Surface);
        let fields = [
            fractal(&mut random, frame, Octaves::new(9.0, 4, 0.6)),
            grain(&mut random, frame, 3.0),
            white(&mut random, frame),
        ];
        for field in fields {
            let n = field.data.len() as f32;
            let mean = field.data.iter().sum::<f32>() / n;
            let variance = field.data.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
            assert!(mean.abs() < 0.2, "mean {mean}");
            assert!((variance.sqrt() - 1.0).abs() < 0.25, "deviation {variance}");
        }
    }

    #[test]
    fn cells_larger_than_the_frame_are_fine() {
        let frame = Frame { width: 1, height: 2 };
        let mut random = Random::new(3, Part::Surface);
        let field = fractal(&mut random, frame, Octaves::new(900.0, 12, 0.6));
        assert!(field.data.iter().all(|v| v.is_finite()));
    }
}
