//! Cracks are followed beyond their predicted tips as long as the light shows
//! a valley as deep and as wide as before: a network lets go of what is faint
//! earlier than an eye that has seen where the crack comes from.

use image::RgbImage;
use rayon::prelude::*;

use super::evidence::Evidence;
use super::geometry::{
    Vec2, add, from_end, left_of, median, outward, resampled, scaled, smoothed_line, sub, tangent, unit,
};
use super::grey::Light;
use super::trace::{Trace, TracedBranch};

/// Length of crack, in pixels, that tells what to look for.
const SEEN_PX: usize = 24;
/// Shorter branches tell too little.
const LEAST_SEEN_PX: usize = 8;
/// Distance between two places on the way, in pixels.
const STRIDE_PX: f64 = 2.0;
/// Least depth of the valley ahead, as a share of what it was.
const LEAST_DEPTH: f64 = 0.5;
/// Least depth in units of the surface's roughness.
const LEAST_CLEARNESS: f64 = 2.0;
/// Furthest way, in pixels.
const FURTHEST_PX: f64 = 300.0;
/// Directions that are tried, in degrees off the present one.
const TURNS_DEG: [f64; 9] = [0.0, -7.0, 7.0, -14.0, 14.0, -21.0, 21.0, -28.0, 28.0];
/// What a turn of one degree costs, as a share of the depth.
const TURN_COST: f64 = 0.004;

/// Follows all free tips in the light of `photo`.
pub fn follow(traces: &mut [Trace], photo: &RgbImage, evidence: Evidence) {
    let light = Light::new(photo);
    traces.par_iter_mut().flat_map(|trace| &mut trace.branches).for_each(|branch| {
        for end in [0, 1].into_iter().filter(|&end| branch.free[end]).collect::<Vec<_>>() {
            let way = Follower::new(&light, branch, end, evidence).map(|follower| follower.run()).unwrap_or_default();
            branch.extend(end, &way);
        }
    });
}

struct Follower<'a> {
    light: &'a Light<'a>,
    evidence: Evidence<'a>,
    at: Vec2,
    heading: Vec2,
    half_width: f64,
    /// Least depth that counts as the same crack.
    least: f64,
}

impl<'a> Follower<'a> {
    /// Learns from the end of a branch what to look for; none if it is too short or too faint.
    fn new(light: &'a Light, branch: &TracedBranch, end: usize, evidence: Evidence<'a>) -> Option<Self> {
        let count = branch.line.len();
        if count < LEAST_SEEN_PX {
            return None;
        }
        let seen = SEEN_PX.min(count - 1);
        let inward = |k: usize| from_end(count, end, k);
        let mut halves: Vec<f64> =
            (0..=seen).map(|k| 0.5 * (branch.lips[inward(k)][0] + branch.lips[inward(k)][1])).collect();
        let half_width = median(&mut halves).max(0.5);
        let heading = outward(&branch.line, end, seen.min(12));
        let mut follower =
            Self { light, evidence, at: branch.line[inward(0)], heading, half_width, least: f64::INFINITY };
        // The last half width before a tip is no measure: it tapers or is rounded.
        let skip = (half_width.round() as usize).min(seen / 2);
        let mut depths: Vec<f64> = (skip..=seen)
            .map(|k| follower.depth(branch.line[inward(k)], tangent(&branch.line, inward(k), 4)))
            .collect();
        let depth = median(&mut depths);
        let mut deviations: Vec<f64> = depths.iter().map(|d| (d - depth).abs()).collect();
        let roughness = 1.4826 * median(&mut deviations);
        follower.least = LEAST_DEPTH * depth;
        (depth > 0.0 && depth > LEAST_CLEARNESS * roughness).then_some(follower)
    }

    /// How much darker it is at a point than on the brighter and on the darker side of it, the smaller of the two.
    fn depth(&self, at: Vec2, along: Vec2) -> f64 {
        let across = left_of(along);
        let sample = |s: f64| self.light.at(add(at, scaled(across, s)));
        let half = self.half_width;
        let inside = (sample(-0.5 * half) + sample(0.0) + sample(0.5 * half)) / 3.0;
        let beside =
            |side: f64| (sample(side * (half + 2.0)) + sample(side * (half + 3.5)) + sample(side * (half + 5.0))) / 3.0;
        beside(1.0).min(beside(-1.0)) - inside
    }

    /// Mean depth over the way ahead in a direction.
    fn depth_ahead(&self, direction: Vec2) -> f64 {
        let count = 4 + self.half_width as usize;
        let at = |k: usize| add(self.at, scaled(direction, k as f64 * STRIDE_PX));
        (1..=count).map(|k| self.depth(at(k), direction)).sum::<f64>() / count as f64
    }

    fn run(mut self) -> Vec<Vec2> {
        let mut way = Vec::new();
        while (way.len() as f64) * STRIDE_PX < FURTHEST_PX && !self.evidence.is_at_frame(self.at, 0.0) {
            let candidates = TURNS_DEG.map(|degrees| {
                let (sine, cosine) = degrees.to_radians().sin_cos();
                let [x, y] = self.heading;
                let direction = [x * cosine - y * sine, x * sine + y * cosine];
                (self.depth_ahead(direction), self.least * TURN_COST * degrees.abs(), direction)
            });
            let Some(&(depth, _, direction)) = candidates.iter().max_by(|a, b| (a.0 - a.1).total_cmp(&(b.0 - b.1)))
            else {
                break;
            };
            if depth < self.least {
                break;
            }
            self.heading = unit(add(scaled(self.heading, 0.5), direction));
            self.at = add(self.at, scaled(self.heading, STRIDE_PX));
            way.push(self.at);
            // Another piece of crack takes over; tips that face each other are joined later.
            if way.len() > 2 && self.evidence.strength(self.at) >= 1.0 {
                break;
            }
        }
        self.shortened(way)
    }

    /// Takes back what lies beyond the last place that is itself dark enough.
    fn shortened(&self, mut way: Vec<Vec2>) -> Vec<Vec2> {
        while way.len() > 1 {
            let last = way.len() - 1;
            let along = unit(sub(way[last], way[last - 1]));
            let near = [last, last.saturating_sub(1), last.saturating_sub(2)];
            let depth = near.iter().map(|&i| self.depth(way[i], along)).sum::<f64>() / 3.0;
            if depth >= self.least {
                break;
            }
            way.pop();
        }
        if way.len() > 1 { way } else { Vec::new() }
    }
}

impl TracedBranch {
    /// Adds the way found beyond an end; its lips are as far apart as those before it.
    fn extend(&mut self, end: usize, way: &[Vec2]) {
        if way.is_empty() {
            return;
        }
        if end == 0 {
            self.reverse();
        }
        let last = self.lips.len() - 1;
        let span = last.min(SEEN_PX);
        let side = |k: usize| median(&mut self.lips[last - span..].iter().map(|lips| lips[k]).collect::<Vec<_>>());
        let lips = [side(0), side(1)];
        let mut line = vec![self.line[last]];
        line.extend_from_slice(way);
        let line = resampled(&smoothed_line(&line, 1.5));
        for point in &line[1..] {
            self.line.push(*point);
            self.lips.push(lips);
            self.clear.push(true);
        }
        if end == 0 {
            self.reverse();
        }
    }
}
