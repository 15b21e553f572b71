//! Growth of a crack pattern: roots cross the frame, branches leave them and stop where they meet.

use super::outline::{Opening, WIDEST, open};
use super::path::{Gait, MARGIN, Point, clipped, distance, resampled, smoothed, wander};
use super::stair::{Descent, descend};
use super::taken::Taken;
use super::{CrackTruth, CrackVertex, Junction};
use crate::synth::field::Frame;
use crate::synth::math;
use crate::synth::pose::Pose;
use crate::synth::random::Random;
use crate::synth::stones::Stones;
use crate::synth::surface::Guide;
use std::ops::RangeInclusive;

/// Shorter stretches are no crack, in pixels.
const SHORTEST: usize = 8;
/// A pattern stops growing at this number of cracks.
const MOST: usize = 220;

/// What the cracks of one scene have in common.
#[derive(Clone, Debug)]
pub struct Habit {
    /// Number of roots.
    pub roots: u32,
    /// Typical widths of roots in pixels.
    pub widths: RangeInclusive<f32>,
    /// Scale of the scene's features.
    pub zoom: f32,
    /// Mean number of branches for each 100 px of crack.
    pub branching: f32,
    /// Whether branches run on until they meet another crack (map cracking).
    pub mesh: bool,
    /// Slope of the walk's octaves.
    pub roughness: f32,
    /// Raggedness of the lips.
    pub ragged: f32,
}

/// Grows the cracks of a scene.
pub fn grow(random: &mut Random, frame: Frame, habit: &Habit, guide: &Guide, pose: &Pose) -> Vec<CrackTruth> {
    let mut pattern = Pattern { frame, habit, guide, pose, cracks: Vec::new(), taken: Taken::new(frame) };
    for _ in 0..habit.roots {
        let ample = 0.35 * frame.width.min(frame.height) as f32;
        let seated = (0..10).any(|_| pattern.root(random, ample));
        if !seated {
            pattern.root(random, 0.0);
        }
    }
    let mut generation = vec![0; pattern.cracks.len()];
    let mut next = 0;
    while next < pattern.cracks.len() && pattern.cracks.len() < MOST {
        if generation[next] < if habit.mesh { 3 } else { 2 } {
            pattern.branches(random, next, generation[next]);
            generation.resize(pattern.cracks.len(), generation[next] + 1);
        }
        next += 1;
    }
    pattern.cracks
}

struct Pattern<'a> {
    frame: Frame,
    habit: &'a Habit,
    guide: &'a Guide,
    pose: &'a Pose,
    cracks: Vec<CrackTruth>,
    taken: Taken,
}

impl Pattern<'_> {
    fn gait(&self, random: &mut Random) -> Gait {
        Gait {
            roughness: self.habit.roughness * random.range(0.8, 1.2),
            longest: 260.0 * self.habit.zoom,
            shortest: 2.6,
            bow: random.normal() * 0.04,
        }
    }

    /// Adds a root; false if it found no room for at least `shortest` pixels.
    fn root(&mut self, random: &mut Random, shortest: f32) -> bool {
        let (low, high) = (*self.habit.widths.start(), *self.habit.widths.end());
        let width = random.log_range(low, high.max(low));
        let path = match self.guide {
            Guide::Joints(bond) if random.chance(0.94) => {
                let (from, courses) = self.top_of_descent(random, bond.course);
                let descent = Descent {
                    side: random.sign(),
                    through: random.pick(&[0.05, 0.2, 0.7]),
                    turn: random.range(0.0, 0.25),
                    courses,
                };
                descend(random, bond, self.pose, from, descent)
            }
            Guide::Free | Guide::Stones(_) | Guide::Joints(_) => {
                let (from, to) = root_ends(random, self.frame);
                let gait = self.gait(random);
                wander(random, from, to, gait)
            }
        };
        self.seat(random, &path, (width, shortest), None)
    }

    fn top_of_descent(&self, random: &mut Random, course: f32) -> (Point, u32) {
        let (width, height) = (self.frame.width as f32, self.frame.height as f32);
        let inside = random.chance(0.3);
        let y = if inside { random.range(0.05, 0.4) * height } else { -MARGIN * 0.5 };
        let rest = (height - y) / course;
        let share = if random.chance(0.6) { 1.4 } else { random.range(0.4, 1.0) };
        ((random.range(0.2, 0.8) * width, y), (rest * share) as u32 + 2)
    }

    /// Adds the branches of one crack.
    fn branches(&mut self, random: &mut Random, parent: usize, generation: u32) {
        let length = self.cracks[parent].vertices.len();
        let fade = if generation == 0 { 1.0 } else { 0.7 };
        let count = random.count(length as f32 / 100.0 * self.habit.branching * fade);
        for _ in 0..count {
            let vertex = random.int(0, length as u32 - 1) as usize;
            let free = !matches!(self.guide, Guide::Joints(_));
            let island = !self.habit.mesh && free && random.chance(0.22);
            if island {
                self.island(random, parent, vertex);
            } else {
                self.branch(random, parent, vertex);
            }
        }
    }

    fn branch(&mut self, random: &mut Random, parent: usize, vertex: usize) {
        let mother = &self.cracks[parent].vertices;
        let at = mother[vertex];
        let to = self.branch_tip(random, &at, mother.len() as f32);
        let (least, most) = if self.habit.mesh { (0.5, 0.9) } else { (0.3, 0.75) };
        let width = (at.width_px() * random.range(least, most)).max(0.5);
        let from = (at.x, at.y);
        let path = match self.guide {
            Guide::Joints(bond) if random.chance(0.6) => {
                let descent = Descent { side: random.sign(), through: 0.25, turn: 0.2, courses: random.int(1, 4) };
                descend(random, bond, self.pose, from, descent)
            }
            Guide::Free | Guide::Stones(_) | Guide::Joints(_) => {
                let gait = self.gait(random);
                wander(random, from, to, gait)
            }
        };
        let junction = Junction { crack: parent, vertex };
        self.seat(random, &path, (width, 0.0), Some(junction));
    }

    /// Where a branch that leaves its parent at a vertex is heading.
    fn branch_tip(&self, random: &mut Random, at: &CrackVertex, parent_length: f32) -> Point {
        let side = random.sign();
        let (least, most) = if self.habit.mesh { (0.9, 1.7) } else { (0.35, 1.25) };
        let lean = random.range(least, most);
        let (c, s) = (math::cos(lean), math::sin(lean) * side);
        let back = random.sign();
        let (fx, fy) = (-at.normal.1 * back, at.normal.0 * back);
        let heading = (fx * c + at.normal.0 * s, fy * c + at.normal.1 * s);
        let reach =
            if self.habit.mesh { self.frame.diagonal() * 0.8 } else { parent_length * random.log_range(0.08, 0.55) };
        let reach = reach.max(14.0);
        (at.x + heading.0 * reach, at.y + heading.1 * reach)
    }

    /// A side arm that leaves the crack and comes back to it around an island.
    fn island(&mut self, random: &mut Random, parent: usize, vertex: usize) {
        let mother = &self.cracks[parent].vertices;
        let span = (random.log_range(22.0, 120.0) * self.habit.zoom) as usize;
        let Some(back) = mother.get(vertex + span) else {
            return;
        };
        let at = mother[vertex];
        let (from, to) = ((at.x, at.y), (back.x, back.y));
        let width = (at.width_px() * random.range(0.25, 0.6)).max(0.5);
        let away = at.width_px() / distance(from, to).max(1.0);
        let gait = Gait { bow: random.sign() * (random.range(0.12, 0.35) + away), ..self.gait(random) };
        let path = wander(random, from, to, gait);
        let junction = Junction { crack: parent, vertex };
        self.seat(random, &path, (width, 0.0), Some(junction));
    }

    /// Routes, cuts, opens and stores a line; false if too little of it is left.
    fn seat(
        &mut self,
        random: &mut Random,
        path: &[Point],
        (width, shortest): (f32, f32),
        parent: Option<Junction>,
    ) -> bool {
        let mut line = self.routed(path, parent.is_some());
        let end = self.taken.cut(&mut line, parent, &self.cracks);
        let outside = |p: &Point| !self.frame.contains(p.0, p.1, 0.0);
        let visible = line.iter().filter(|p| !outside(p)).count();
        if line.len() < SHORTEST || (visible as f32) < shortest {
            return false;
        }
        let opening = Opening {
            width,
            tips: (parent.is_none() && !outside(&line[0]), end.is_none() && !outside(&line[line.len() - 1])),
            ragged: self.habit.ragged,
            grain: match self.guide {
                Guide::Stones(stones) => stones.cell() * 0.8,
                Guide::Free | Guide::Joints(_) => 3.0 * self.habit.zoom,
            },
        };
        let mut vertices = open(random, &line, opening);
        if let Guide::Stones(stones) = self.guide {
            follow_stones(&mut vertices, stones);
        }
        self.taken.claim(&vertices, self.cracks.len());
        self.cracks.push(CrackTruth { vertices, parent, end });
        true
    }

    /// Leads a line around stones and keeps the part in the frame; a branch keeps its first point.
    fn routed(&self, path: &[Point], is_branch: bool) -> Vec<Point> {
        let routed = match self.guide {
            Guide::Stones(stones) => {
                let pull = |p: &Point| stones.towards_border(p.0, p.1, 0.75);
                let moved: Vec<Point> = path.iter().map(pull).collect();
                let moved: Vec<Point> = moved.iter().map(pull).collect();
                smoothed(&moved, |_| stones.cell() * 0.16)
            }
            Guide::Free | Guide::Joints(_) => path.to_vec(),
        };
        let mut whole = resampled(&routed, 1.0);
        if is_branch {
            whole[0] = path[0];
            let inside = |p: &Point| self.frame.contains(p.0, p.1, MARGIN);
            let first_out = whole.iter().position(|p| !inside(p));
            whole.truncate(first_out.unwrap_or(whole.len()));
        }
        clipped(&whole, self.frame, MARGIN)
    }
}

/// Moves both lips towards the nearest borders between stones: stones do not split.
fn follow_stones(vertices: &mut [CrackVertex], stones: &Stones) {
    const PULL: f32 = 0.8;
    for v in vertices {
        let width = v.width_px();
        let most = 0.32 * width;
        let [left, right] = v.lips();
        let shift = |lip: Point| {
            let moved = stones.towards_border(lip.0, lip.1, PULL);
            (moved.0 - lip.0) * v.normal.0 + (moved.1 - lip.1) * v.normal.1
        };
        let (out_left, out_right) = (shift(left), -shift(right));
        v.left_px = (v.left_px + out_left.clamp(-most, most)).clamp(0.1 * width, 0.5 * WIDEST);
        v.right_px = (v.right_px + out_right.clamp(-most, most)).clamp(0.1 * width, 0.5 * WIDEST);
    }
}

/// Two ends of a root: across the frame, from an edge to a tip inside, or both inside.
fn root_ends(random: &mut Random, frame: Frame) -> (Point, Point) {
    let (width, height) = (frame.width as f32, frame.height as f32);
    let on_side = |random: &mut Random, side: u32| {
        let t = random.range(0.12, 0.88);
        match side % 4 {
            0 => (t * width, -MARGIN),
            1 => (width + MARGIN, t * height),
            2 => (t * width, height + MARGIN),
            _ => (-MARGIN, t * height),
        }
    };
    let side = random.int(0, 3);
    let from = on_side(random, side);
    let turn = if random.chance(0.72) { 2 } else { 1 };
    let to = on_side(random, side + turn);
    let along = |t: f32| (math::mix(from.0, to.0, t), math::mix(from.1, to.1, t));
    match random.int(0, 9) {
        0..=5 => (from, to),
        6..=8 => (from, along(random.range(0.35, 0.9))),
        _ => (along(random.range(0.1, 0.35)), along(random.range(0.6, 0.9))),
    }
}
