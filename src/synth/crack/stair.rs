//! Cracks in brickwork: steps along bed and head joints, now and then straight through a brick.

use super::path::{Gait, Point, wander};
use crate::synth::bond::Bond;
use crate::synth::pose::Pose;
use crate::synth::random::Random;

/// How a crack makes its way down a wall.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    /// Side to which it steps: -1 or 1.
    pub side: f32,
    /// Chance to go through a brick instead of along its joint.
    pub through: f32,
    /// Chance to change sides at a course.
    pub turn: f32,
    /// Number of courses to go down.
    pub courses: u32,
}

/// A line down the wall from a point of the picture, in pixels.
pub fn descend(random: &mut Random, bond: &Bond, pose: &Pose, from: Point, mut descent: Descent) -> Vec<Point> {
    let (mut u, v) = pose.to_wall(from.0, from.1);
    let top = bond.course_at(v + bond.course * 0.35);
    let mut corner = (u, v);
    let mut line = vec![from];
    for course in top..top + descent.courses as i32 {
        let cell = bond.cell(course, u);
        let slack = bond.joint * 0.32;
        let bed = cell.down.0 + random.signed() * slack;
        let joint = if descent.side > 0.0 { cell.across.1 } else { cell.across.0 };
        let far = (joint - u).abs() > bond.length * 0.15;
        let through = far && random.chance(descent.through);
        leg(random, bond, pose, &mut line, (corner, (u, bed)), false);
        corner = (u, bed);
        if !through {
            u = joint + random.signed() * slack;
            leg(random, bond, pose, &mut line, (corner, (u, bed)), false);
            corner = (u, bed);
        }
        let lean = if through { random.normal() * bond.length * 0.04 } else { 0.0 };
        let foot = (u + lean, cell.down.1 + random.signed() * slack * 0.5);
        leg(random, bond, pose, &mut line, (corner, foot), through);
        corner = foot;
        u = foot.0;
        if random.chance(descent.turn) {
            descent.side = -descent.side;
        }
    }
    line
}

/// Adds one straight part, rough within the joint or across a brick.
fn leg(
    random: &mut Random,
    bond: &Bond,
    pose: &Pose,
    line: &mut Vec<Point>,
    (from, to): (Point, Point),
    through: bool,
) {
    let (a, b) = (pose.to_pixel(from.0, from.1), pose.to_pixel(to.0, to.1));
    if super::path::distance(a, b) < 1.5 {
        return;
    }
    let gait = Gait {
        roughness: if through { 0.13 } else { 0.075 },
        longest: if through { bond.course * 0.5 } else { bond.joint * 1.6 },
        shortest: 2.5,
        bow: 0.0,
    };
    line.extend(wander(random, a, b, gait).into_iter().skip(1));
}
