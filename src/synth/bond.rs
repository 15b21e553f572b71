//! Brick bonds: which brick covers a point of the wall, and where the joints run.

use super::random::{Random, cell_hash};

/// Pattern in which bricks are laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Stretchers only, each course shifted by half a brick.
    Stretcher,
    /// Stretchers and headers in turn.
    Flemish,
    /// Courses of stretchers and of headers in turn.
    English,
}

/// Sizes of a brick wall, in wall coordinates (pixels at the middle of the picture).
#[derive(Clone, Copy, Debug)]
pub struct Bond {
    /// Pattern of the courses.
    pub pattern: Pattern,
    /// Length of a stretcher with its joint.
    pub length: f32,
    /// Height of a course with its joint.
    pub course: f32,
    /// Thickness of the mortar joints.
    pub joint: f32,
    origin: (f32, f32),
    salt: u32,
}

/// One brick's cell: the rectangle between the middles of its joints.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Number of the course, downwards.
    pub course: i32,
    /// Number of the brick in its course.
    pub index: i32,
    /// Left and right end.
    pub across: (f32, f32),
    /// Upper and lower end.
    pub down: (f32, f32),
}

impl Bond {
    /// A wall with bricks of a random, plausible size.
    pub fn new(random: &mut Random, zoom: f32) -> Self {
        let length = random.range(130.0, 260.0) * zoom;
        let course = length * random.range(0.29, 0.36);
        Self {
            pattern: match random.int(0, 5) {
                0 => Pattern::Flemish,
                1 => Pattern::English,
                _ => Pattern::Stretcher,
            },
            length,
            course,
            joint: course * random.range(0.13, 0.2),
            origin: (random.unit() * length, random.unit() * course),
            salt: random.bits(),
        }
    }

    /// Number of the course at height `v`.
    pub fn course_at(&self, v: f32) -> i32 {
        ((v + self.origin.1) / self.course).floor() as i32
    }

    /// Cell of the brick at `u` in a course.
    pub fn cell(&self, course: i32, u: f32) -> Cell {
        let odd = course.rem_euclid(2) as f32;
        let u = u + self.origin.0;
        let (index, left, right) = match self.pattern {
            Pattern::Stretcher => regular(u, self.length, odd * 0.5 * self.length),
            Pattern::English if odd > 0.5 => regular(u, self.length * 0.5, self.length * 0.25),
            Pattern::English => regular(u, self.length, 0.0),
            Pattern::Flemish => {
                let period = self.length * 1.5;
                let (index, left, right) = regular(u, period, odd * period * 0.5);
                let split = left + self.length;
                if u < split { (index * 2, left, split) } else { (index * 2 + 1, split, right) }
            }
        };
        let top = course as f32 * self.course - self.origin.1;
        Cell { course, index, across: (left - self.origin.0, right - self.origin.0), down: (top, top + self.course) }
    }

    /// Uniform number in [0, 1) that belongs to one brick; `salt` tells several apart.
    pub fn dice(&self, cell: &Cell, salt: u32) -> f32 {
        cell_hash(self.salt ^ salt.wrapping_mul(0x27d4_eb2f), cell.course, cell.index)
    }
}

/// Number and ends of the interval of a regular row that holds `u`.
fn regular(u: f32, period: f32, shift: f32) -> (i32, f32, f32) {
    let index = ((u - shift) / period).floor();
    let left = index * period + shift;
    (index as i32, left, left + period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::random::Part;

    #[test]
    fn every_point_lies_in_its_cell() {
        for seed in 0..12 {
            let bond = Bond::new(&mut Random::new(seed, Part::Surface), 1.0);
            for k in 0..200 {
                let (u, v) = (k as f32 * 13.7 - 900.0, k as f32 * 7.3 - 500.0);
                let cell = bond.cell(bond.course_at(v), u);
                assert!(cell.across.0 <= u + 0.01 && u <= cell.across.1 + 0.01);
                assert!(cell.down.0 <= v + 0.01 && v <= cell.down.1 + 0.01);
            }
        }
    }
}
