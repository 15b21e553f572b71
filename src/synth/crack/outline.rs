//! From a centre line to two lips: width profile, ragged edges, broken-off chips.

use super::CrackVertex;
use super::path::{Point, distance, resampled, smoothed};
use crate::synth::math::{self, smoothstep};
use crate::synth::noise::KinkedLine;
use crate::synth::random::Random;

/// Widest crack that is drawn, in pixels.
pub const WIDEST: f32 = 20.0;

/// What decides the width along a crack.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Typical width in pixels.
    pub width: f32,
    /// Whether the first and the last point are free tips, which taper to a hair.
    pub tips: (bool, bool),
    /// Raggedness of the lips, about 0.5 (clean) to 1.5 (crumbling).
    pub ragged: f32,
    /// Grain of the material in pixels, the size at which lips break.
    pub grain: f32,
}

/// Smooths a line to its width and sets the lips on both sides.
pub fn open(random: &mut Random, points: &[Point], opening: Opening) -> Vec<CrackVertex> {
    let rough = resampled(points, 1.0);
    let widths = widths(random, rough.len(), opening);
    let line = smoothed(&rough, |i| 0.5 + 0.38 * widths[i]);
    let line = smoothed(&line, |i| 0.2 * widths[i]);
    let lips = lips(random, &widths, opening);
    (0..line.len())
        .map(|i| CrackVertex {
            x: line[i].0,
            y: line[i].1,
            left_px: lips[i].0,
            right_px: lips[i].1,
            normal: normal(&line, i, 1.5 + 0.5 * widths[i]),
        })
        .collect()
}

/// Width at every point: slow swelling, quick variation, necks, tapered tips.
fn widths(random: &mut Random, count: usize, opening: Opening) -> Vec<f32> {
    let length = count as f32;
    let slow = KinkedLine::new(random, length, 90.0);
    let quick = KinkedLine::new(random, length, 16.0);
    let necks = KinkedLine::new(random, length, 45.0);
    let taper = (length * random.range(0.45, 1.0)).max(8.0);
    let power = random.range(0.5, 0.95);
    (0..count)
        .map(|i| {
            let s = i as f32;
            let swell = math::exp(0.3 * slow.at(s) + 0.17 * quick.at(s));
            let neck = 1.0 - 0.6 * smoothstep(1.3, 2.4, necks.at(s));
            let tip = |free: bool, d: f32| {
                if free { math::pow((d / taper).min(1.0), power) } else { 1.0 }
            };
            let tips = tip(opening.tips.0, s) * tip(opening.tips.1, length - 1.0 - s);
            (opening.width * swell * neck * tips).clamp(0.22, WIDEST * 0.9)
        })
        .collect()
}

/// Distances from the centre line to the left and right lip.
fn lips(random: &mut Random, widths: &[f32], opening: Opening) -> Vec<(f32, f32)> {
    let length = widths.len() as f32;
    let grain = opening.grain.max(2.0);
    let mut line = |spacing: f32| KinkedLine::new(random, length, spacing);
    let (fine_l, fine_r) = (line(grain * 0.6), line(grain * 0.6));
    let (coarse_l, coarse_r) = (line(grain * 2.6), line(grain * 2.6));
    let shift = line(grain * 1.3);
    let mated = line(grain * 3.5);
    let mut lips: Vec<(f32, f32)> = widths
        .iter()
        .enumerate()
        .map(|(i, &w)| {
            let s = i as f32;
            let amplitude = opening.ragged * (0.2 * w).min(0.3 + 0.085 * w);
            // The two faces of a fracture fit each other: where one lip juts out, the other draws back.
            let both = 1.2 * amplitude * shift.at(s) + 0.08 * w * mated.at(s);
            let left = 0.5 * w + amplitude * (0.4 * fine_l.at(s) + 0.55 * coarse_l.at(s)) + both;
            let right = 0.5 * w + amplitude * (0.4 * fine_r.at(s) + 0.55 * coarse_r.at(s)) - both;
            (left, right)
        })
        .collect();
    chip(random, &mut lips, widths, opening);
    for (lip, &w) in lips.iter_mut().zip(widths) {
        let least = 0.12 * w;
        lip.0 = lip.0.clamp(least, WIDEST * 0.5);
        lip.1 = lip.1.clamp(least, WIDEST * 0.5);
    }
    lips
}

/// Triangular bites out of either lip, as deep as the crack is wide at most.
fn chip(random: &mut Random, lips: &mut [(f32, f32)], widths: &[f32], opening: Opening) {
    let count = random.count(lips.len() as f32 / 55.0 * opening.ragged);
    for _ in 0..count {
        let middle = random.int(0, lips.len().max(1) as u32 - 1) as usize;
        let width = widths[middle];
        let reach = random.range(1.5, 5.0) + 0.4 * width;
        let depth = random.range(0.15, 0.55) * width.min(7.0);
        let skew = random.range(0.3, 1.7);
        let left = random.chance(0.5);
        let first = (middle as f32 - reach * skew).max(0.0) as usize;
        let last = ((middle as f32 + reach * (2.0 - skew)) as usize).min(lips.len() - 1);
        for (i, lip) in lips.iter_mut().enumerate().take(last + 1).skip(first) {
            let run = if i < middle { reach * skew } else { reach * (2.0 - skew) };
            let bite = depth * (1.0 - (i as f32 - middle as f32).abs() / run.max(1.0)).max(0.0);
            if left {
                lip.0 += bite;
            } else {
                lip.1 += bite;
            }
        }
    }
}

/// Unit normal to the left of travel, from the chord over `reach` points either side.
fn normal(line: &[Point], i: usize, reach: f32) -> (f32, f32) {
    let reach = reach.round() as usize;
    let a = line[i.saturating_sub(reach)];
    let b = line[(i + reach).min(line.len() - 1)];
    let length = distance(a, b).max(1e-3);
    ((b.1 - a.1) / length, -(b.0 - a.0) / length)
}
