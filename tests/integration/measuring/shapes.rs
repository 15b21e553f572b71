//! Cracks as curves in closed form, with a width at every point.

use std::f64::consts::{PI, TAU};

use super::dice::Dice;

pub type Point = [f64; 2];

/// Distance between the stations of a strand in pixels.
const STEP_PX: f64 = 1.0;
/// Width of a tapered end, so that its tip still makes pixels.
const TIP_PX: f64 = 1.0;

/// What is known of one point of a centre line.
#[derive(Debug, Clone, Copy)]
pub struct Station {
    pub at: Point,
    /// Distance from the strand's start along the centre line.
    pub s: f64,
    /// Distance between the lips.
    pub width: f64,
}

/// An unbranched stretch; its ends are cut square.
#[derive(Debug, Clone)]
pub struct Strand {
    pub stations: Vec<Station>,
}

/// Width along a strand.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Mean width without tapers, in pixels.
    pub width: f64,
    /// Deviation to either side, as a share of the width, and where its waves begin.
    pub wave: f64,
    pub phase: f64,
    /// Length over which both ends taper to [`TIP_PX`]; 0 leaves them blunt.
    pub taper: f64,
}

impl Profile {
    pub fn constant(width: f64) -> Self {
        Self { width, wave: 0.0, phase: 0.0, taper: 0.0 }
    }

    /// Smoothly varying between 0.65 and 1.35 times `width` at most.
    pub fn varying(dice: &mut Dice, width: f64) -> Self {
        Self { wave: dice.between(0.1, 0.35), phase: dice.between(0.0, TAU), ..Self::constant(width) }
    }

    pub fn tapered(self, dice: &mut Dice) -> Self {
        Self { taper: self.width * dice.between(2.0, 5.0), ..self }
    }

    fn at(&self, s: f64, length: f64) -> f64 {
        // Waves of ten widths and more, a whole number of them, so that the mean stays.
        let waves = (length / (12.0 * self.width)).floor().clamp(1.0, 3.0);
        let width = self.width * (1.0 + self.wave * (TAU * waves * s / length + self.phase).sin());
        let end = s.min(length - s);
        if end < self.taper { TIP_PX + (width - TIP_PX).max(0.0) * end / self.taper } else { width }
    }
}

impl Strand {
    /// Follows the corners of `course`.
    pub fn along(course: &[Point], profile: Profile) -> Self {
        let length: f64 = course.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        let mut stations = vec![Station { at: course[0], s: 0.0, width: profile.at(0.0, length) }];
        let mut start = 0.0;
        for pair in course.windows(2) {
            let piece = distance(pair[0], pair[1]);
            let count = (piece / STEP_PX).ceil().max(1.0) as usize;
            for i in 1..=count {
                let share = i as f64 / count as f64;
                let s = (start + share * piece).min(length);
                stations.push(Station { at: between(pair[0], pair[1], share), s, width: profile.at(s, length) });
            }
            start += piece;
        }
        Self { stations }
    }

    pub fn length(&self) -> f64 {
        self.stations.last().map_or(0.0, |last| last.s)
    }

    /// Integral of the width along the centre line.
    pub fn width_times_length(&self) -> f64 {
        let pairs = self.stations.windows(2);
        pairs.map(|pair| (pair[1].s - pair[0].s) * 0.5 * (pair[0].width + pair[1].width)).sum()
    }

    /// The station at `share` of the length and the direction there, in radians.
    fn at(&self, share: f64) -> (Station, f64) {
        let wanted = share * self.length();
        let i = self.stations.partition_point(|station| station.s < wanted).clamp(1, self.stations.len() - 1);
        let (before, here) = (self.stations[i - 1], self.stations[i]);
        (here, (here.at[1] - before.at[1]).atan2(here.at[0] - before.at[0]))
    }
}

/// A crack and all that is true of it.
#[derive(Debug, Clone)]
pub struct Crack {
    pub shape: Shape,
    pub strands: Vec<Strand>,
    pub junctions: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Straight,
    Sine,
    /// Pieces of slope 1:2, where steps of pixels read most too long.
    Slopes,
    Arc,
    Branched,
    Network,
}

pub const SINGLE: [Shape; 4] = [Shape::Straight, Shape::Sine, Shape::Slopes, Shape::Arc];

impl Crack {
    pub fn length(&self) -> f64 {
        self.strands.iter().map(Strand::length).sum()
    }

    /// Mean along the centre lines.
    pub fn mean_width(&self) -> f64 {
        self.strands.iter().map(Strand::width_times_length).sum::<f64>() / self.length()
    }

    pub fn widest(&self) -> f64 {
        self.stations().map(|station| station.width).fold(0.0, f64::max)
    }

    pub fn stations(&self) -> impl Iterator<Item = &Station> {
        self.strands.iter().flat_map(|strand| &strand.stations)
    }

    /// Stations further than one width from all ends and junctions.
    pub fn clear_stations(&self) -> impl Iterator<Item = &Station> {
        let widest = self.widest();
        self.strands.iter().flat_map(move |strand| {
            let length = strand.length();
            strand.stations.iter().filter(move |station| {
                station.s.min(length - station.s) > station.width
                    && self.junctions.iter().all(|&junction| distance(junction, station.at) > widest)
            })
        })
    }

    /// Smallest and largest column and row of the lips.
    pub fn bounds(&self) -> [Point; 2] {
        let start = [[f64::MAX; 2], [f64::MIN; 2]];
        self.stations().fold(start, |[low, high], station| {
            let half = 0.5 * station.width;
            let [x, y] = station.at;
            [[low[0].min(x - half), low[1].min(y - half)], [high[0].max(x + half), high[1].max(y + half)]]
        })
    }

    /// Moves the whole so that its bounds begin at `corner`.
    pub fn moved_to(mut self, corner: Point) -> Self {
        let [low, _] = self.bounds();
        let shift = |point: &mut Point| {
            point[0] += corner[0] - low[0];
            point[1] += corner[1] - low[1];
        };
        self.junctions.iter_mut().for_each(shift);
        self.strands.iter_mut().flat_map(|strand| &mut strand.stations).for_each(|station| shift(&mut station.at));
        self
    }

    /// A crack of `shape` about `length` px long, at a random angle about the origin.
    pub fn draw(dice: &mut Dice, shape: Shape, length: f64, profile: Profile) -> Self {
        let strands = match shape {
            Shape::Straight => vec![Strand::along(&turned(dice, &[[0.0, 0.0], [length, 0.0]]), profile)],
            Shape::Sine => {
                let course = sine(dice, length, profile.width);
                vec![Strand::along(&turned(dice, &course), profile)]
            }
            Shape::Slopes => vec![Strand::along(&slopes(dice, length, profile.width), profile)],
            Shape::Arc => {
                let course = arc(dice, [0.0, 0.0], 0.0, length);
                vec![Strand::along(&turned(dice, &course), profile)]
            }
            Shape::Branched => return tree(dice, length, profile),
            Shape::Network => return super::networks::network(dice, length, profile.width),
        };
        Self { shape, strands, junctions: Vec::new() }
    }
}

pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub fn between(a: Point, b: Point, share: f64) -> Point {
    [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
}

fn turned(dice: &mut Dice, course: &[Point]) -> Vec<Point> {
    let (sine, cosine) = dice.between(0.0, TAU).sin_cos();
    course.iter().map(|&[x, y]| [x * cosine - y * sine, x * sine + y * cosine]).collect()
}

/// A sine whose bends are wider than the crack.
fn sine(dice: &mut Dice, length: f64, width: f64) -> Vec<Point> {
    let wave = dice.between(90.0, 180.0);
    let radius = 1.5 * width + 5.0;
    let height = dice.between(0.5, 1.0) * (wave * wave / (4.0 * PI * PI * radius)).min(wave / 6.0);
    let phase = dice.between(0.0, TAU);
    let count = (2.0 * length) as usize;
    let at = |i: usize| {
        let x = length * i as f64 / count as f64;
        [x, height * (TAU * x / wave + phase).sin()]
    };
    (0..=count).map(at).collect()
}

/// Pieces that rise by one in two, or two in one, up and down in turn.
fn slopes(dice: &mut Dice, length: f64, width: f64) -> Vec<Point> {
    let steep = dice.chance(0.5);
    let least = (6.0 * width).max(30.0);
    let (mut at, mut course, mut left, mut up) = ([0.0, 0.0], vec![[0.0, 0.0]], length, dice.chance(0.5));
    while left > 0.0 {
        let mut piece = least * dice.between(1.0, 2.0);
        if left - piece < least {
            piece = left;
        }
        let unit = piece / 5.0_f64.sqrt();
        let (across, along) = (if up { unit } else { -unit }, 2.0 * unit);
        at = if steep { [at[0] + across, at[1] + along] } else { [at[0] + along, at[1] + across] };
        course.push(at);
        left -= piece;
        up = !up;
    }
    course
}

/// A gentle bend from `from`, first in direction `angle`.
fn arc(dice: &mut Dice, from: Point, angle: f64, length: f64) -> Vec<Point> {
    let radius = length * dice.between(1.0, 4.0) * if dice.chance(0.5) { 1.0 } else { -1.0 };
    let count = (2.0 * length) as usize;
    let at = |i: usize| {
        let turn = length * i as f64 / count as f64 / radius;
        let (forward, aside) = (radius * turn.sin(), radius * (1.0 - turn.cos()));
        let (sine, cosine) = angle.sin_cos();
        [from[0] + forward * cosine - aside * sine, from[1] + forward * sine + aside * cosine]
    };
    (0..=count).map(at).collect()
}

/// A gently bent trunk with two to four thinner side branches, sides in turn.
fn tree(dice: &mut Dice, length: f64, profile: Profile) -> Crack {
    let angle = dice.between(0.0, TAU);
    let trunk = Strand::along(&arc(dice, [0.0, 0.0], angle, length), profile);
    let most = ((0.7 * length / (5.0 * profile.width)) as usize).clamp(1, 4);
    let count = dice.whole(most.min(2), most);
    let open = dice.between(40.0, 80.0).to_radians();
    let mut side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let (mut strands, mut junctions) = (vec![trunk], Vec::new());
    for i in 0..count {
        let share = 0.15 + 0.7 * (i as f64 + dice.between(0.3, 0.7)) / count as f64;
        let (root, direction) = strands[0].at(share);
        let thinner = Profile { width: (root.width * dice.between(0.5, 0.9)).max(3.0), wave: 0.0, ..profile };
        let reach = length * dice.between(0.25, 0.4) + root.width;
        let child = [root.at, step(root.at, direction + side * open, reach)];
        let taper = if profile.taper > 0.0 { 2.5 * thinner.width } else { 0.0 };
        strands.push(joined(&child, Profile { taper, ..thinner }));
        junctions.push(root.at);
        side = -side;
    }
    Crack { shape: Shape::Branched, strands, junctions }
}

/// A strand that tapers at its far end only.
fn joined(course: &[Point], profile: Profile) -> Strand {
    let mut strand = Strand::along(course, profile);
    let length = strand.length();
    for station in strand.stations.iter_mut().filter(|station| station.s < 0.5 * length) {
        station.width = Profile { taper: 0.0, ..profile }.at(station.s, length);
    }
    strand
}

pub fn step(from: Point, angle: f64, length: f64) -> Point {
    [from[0] + length * angle.cos(), from[1] + length * angle.sin()]
}
