//! Centre lines: a fractal walk between two points, and the filters that shape it.
//!
//! Sideways displacement is a sum of octaves of kinked noise (a spectral form of midpoint
//! displacement) so that the line breaks at every scale instead of waving.

use crate::synth::field::Frame;
use crate::synth::math::smoothstep;
use crate::synth::noise::KinkedLine;
use crate::synth::random::Random;

/// Cracks run this far off the frame, in pixels.
pub const MARGIN: f32 = 24.0;

/// A point in pixels.
pub type Point = (f32, f32);

/// Distance between two points in pixels.
pub fn distance(a: Point, b: Point) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    (dx * dx + dy * dy).sqrt()
}

/// How a crack wanders.
#[derive(Clone, Copy, Debug)]
pub struct Gait {
    /// Slope of each octave: 0 is straight, 0.2 is torn.
    pub roughness: f32,
    /// Coarsest wavelength in pixels.
    pub longest: f32,
    /// Finest wavelength in pixels.
    pub shortest: f32,
    /// Bow of the whole line to one side, as a share of its length.
    pub bow: f32,
}

/// A line from one point to another in steps of a pixel; both ends are met.
pub fn wander(random: &mut Random, from: Point, to: Point, gait: Gait) -> Vec<Point> {
    let length = distance(from, to);
    let steps = (length.ceil() as usize).max(2);
    let (tx, ty) = ((to.0 - from.0) / length.max(1e-3), (to.1 - from.1) / length.max(1e-3));
    let mut octaves = Vec::new();
    let mut wavelength = (length * 0.5).min(gait.longest);
    while wavelength >= gait.shortest {
        let damp = smoothstep(0.0, 3.0, wavelength / gait.shortest.max(2.0));
        let amplitude = gait.roughness * wavelength * (0.35 + 0.65 * damp);
        octaves.push((KinkedLine::new(random, length, wavelength), amplitude));
        wavelength *= 0.53;
    }
    let sideways = |s: f32| octaves.iter().map(|(line, a)| line.at(s) * a).sum::<f32>();
    let (first, last) = (sideways(0.0), sideways(length));
    (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            let bow = gait.bow * length * 4.0 * t * (1.0 - t);
            let side = sideways(t * length) - first * (1.0 - t) - last * t + bow;
            (from.0 + tx * t * length - ty * side, from.1 + ty * t * length + tx * side)
        })
        .collect()
}

/// The same line with points `spacing` pixels apart.
pub fn resampled(points: &[Point], spacing: f32) -> Vec<Point> {
    let Some(&first) = points.first() else {
        return Vec::new();
    };
    let mut out = vec![first];
    let mut carried = 0.0;
    for pair in points.windows(2) {
        let length = distance(pair[0], pair[1]);
        let mut next = spacing - carried;
        while next <= length {
            let t = next / length;
            out.push((pair[0].0 + (pair[1].0 - pair[0].0) * t, pair[0].1 + (pair[1].1 - pair[0].1) * t));
            next += spacing;
        }
        carried = length - (next - spacing);
    }
    out
}

/// Moving average over `reach(i)` points on either side; the ends stay where they are.
pub fn smoothed(points: &[Point], reach: impl Fn(usize) -> f32) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    (0..points.len())
        .map(|i| {
            let reach = reach(i).min(i as f32).min((last - i) as f32);
            let whole = reach.floor() as usize;
            let part = reach - whole as f32;
            let mut sum = points[i];
            let mut weight = 1.0;
            let mut take = |p: Point, w: f32| {
                sum = (sum.0 + p.0 * w, sum.1 + p.1 * w);
                weight += w;
            };
            for k in 1..=whole {
                take(points[i - k], 1.0);
                take(points[i + k], 1.0);
            }
            if part > 0.0 && i > whole && i + whole < last {
                take(points[i - whole - 1], part);
                take(points[i + whole + 1], part);
            }
            (sum.0 / weight, sum.1 / weight)
        })
        .collect()
}

/// The longest stretch of a line that lies in the frame widened by `margin` pixels.
pub fn clipped(points: &[Point], frame: Frame, margin: f32) -> Vec<Point> {
    points
        .split(|p| !frame.contains(p.0, p.1, margin))
        .max_by_key(|stretch| stretch.len())
        .map(<[Point]>::to_vec)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::random::Part;

    const GAIT: Gait = Gait { roughness: 0.12, longest: 200.0, shortest: 3.0, bow: 0.05 };

    #[test]
    fn a_walk_meets_its_ends() {
        let mut random = Random::new(2, Part::Cracks);
        let path = wander(&mut random, (3.0, 4.0), (250.0, 90.0), GAIT);
        assert!(distance(path[0], (3.0, 4.0)) < 1e-2);
        assert!(distance(path[path.len() - 1], (250.0, 90.0)) < 0.1);
    }

    #[test]
    fn resampling_spaces_points_evenly() {
        let mut random = Random::new(2, Part::Cracks);
        let path = wander(&mut random, (0.0, 0.0), (120.0, 30.0), GAIT);
        let even = smoothed(&resampled(&path, 1.0), |_| 0.0);
        for pair in even.windows(2) {
            assert!(distance(pair[0], pair[1]) < 1.001);
        }
    }
}
