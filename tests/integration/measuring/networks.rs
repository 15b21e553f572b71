//! Networks of straight strands whose T, Y and X junctions lie well apart.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::dice::Dice;
use super::shapes::{Crack, Point, Profile, Shape, Strand, between, distance, step};

/// Least distance between strands that do not meet, in widths and pixels.
const APART: (f64, f64) = (2.5, 8.0);

#[derive(Debug, Clone, Copy)]
enum Junction {
    T,
    Y,
    X,
}

/// Where a straight strand will run.
#[derive(Debug, Clone, Copy)]
struct Plan {
    from: Point,
    to: Point,
}

/// One main line, one to four junctions on it and on what grew from it.
pub fn network(dice: &mut Dice, length: f64, width: f64) -> Crack {
    let wanted = dice.whole(1, 4);
    let angle = dice.between(0.0, TAU);
    let mut plans = vec![Plan { from: [0.0, 0.0], to: step([0.0, 0.0], angle, length) }];
    let mut junctions: Vec<Point> = Vec::new();
    for _ in 0..200 {
        if junctions.len() == wanted {
            break;
        }
        let host = dice.whole(0, plans.len() - 1);
        let kind = dice.one_of(&[Junction::T, Junction::Y, Junction::X]);
        let (junction, arms) = grow(dice, plans[host], kind, length);
        if fits(&plans, host, (junction, &arms), &junctions, width) {
            junctions.push(junction);
            plans.extend(arms);
        }
    }
    let profile = Profile::constant(width);
    let strands = plans.iter().map(|plan| Strand::along(&[plan.from, plan.to], profile)).collect();
    Crack { shape: Shape::Network, strands, junctions }
}

/// Where the junction lies on `host`, and the strands it adds.
fn grow(dice: &mut Dice, host: Plan, kind: Junction, length: f64) -> (Point, Vec<Plan>) {
    let angle = (host.to[1] - host.from[1]).atan2(host.to[0] - host.from[0]);
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let turn = side * (FRAC_PI_2 + dice.between(-0.6, 0.6));
    let mut arm = || length * dice.between(0.25, 0.6);
    let (one, other) = (arm(), arm());
    let on_line = between(host.from, host.to, dice.between(0.1, 0.9));
    match kind {
        Junction::T => (on_line, vec![Plan { from: on_line, to: step(on_line, angle + turn, one) }]),
        Junction::X => {
            let (from, to) = (step(on_line, angle + turn, -other), step(on_line, angle + turn, one));
            (on_line, vec![Plan { from, to }])
        }
        Junction::Y => {
            let (left, right) = (dice.between(0.5, 0.9), dice.between(0.5, 0.9));
            let arms = [(left, one), (-right, other)];
            (host.to, arms.map(|(open, reach)| Plan { from: host.to, to: step(host.to, angle + open, reach) }).to_vec())
        }
    }
}

fn fits(plans: &[Plan], host: usize, new: (Point, &[Plan]), junctions: &[Point], width: f64) -> bool {
    let (junction, arms) = new;
    let apart = APART.0 * width + APART.1;
    let far_from_others = junctions.iter().all(|&other| distance(other, junction) > 2.0 * apart);
    let tips = plans.iter().flat_map(|plan| [plan.from, plan.to]);
    let far_from_tips = tips.clone().all(|tip| tip == junction || distance(tip, junction) > apart + width);
    let long = arms.iter().all(|arm| distance(arm.from, junction).max(distance(arm.to, junction)) > 2.0 * apart);
    let clear = plans
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != host)
        .all(|(_, plan)| arms.iter().all(|arm| gap(*plan, *arm) > apart));
    far_from_others && far_from_tips && long && clear
}

/// Distance between two pieces, by points along both.
fn gap(a: Plan, b: Plan) -> f64 {
    let points = |plan: Plan| (0..=60).map(move |i| between(plan.from, plan.to, f64::from(i) / 60.0));
    points(a).flat_map(|p| points(b).map(move |q| distance(p, q))).fold(f64::MAX, f64::min)
}
