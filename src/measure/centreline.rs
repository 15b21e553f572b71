//! From the pixels of a branch to its centre line: smoothed, moved half way
//! between the lips, led into tips and junctions.

use super::evidence::Local;
use super::geometry::{
    Vec2, add, dot, from_end, left_of, length, norm, outward, resampled, running_median, scaled, smoothed,
    smoothed_line, sub, tangent, trimmed, unit,
};
use super::graph::{Graph, Node};

/// Rounds of moving the line between its lips; the second sees straighter normals.
const ROUNDS: usize = 2;

/// A branch whose line is not yet tied to its nodes.
#[derive(Debug, Clone)]
pub struct Centred {
    /// Nodes of the graph at its ends.
    pub nodes: [usize; 2],
    /// Whether each end is a free tip.
    pub free: [bool; 2],
    /// Points one pixel apart, without what lies inside junctions and rounded tips.
    pub line: Vec<Vec2>,
    /// Typical half width in pixels.
    pub radius: f64,
}

/// The centre lines of all branches of a region, joined at its junctions.
pub fn centre_lines(graph: &mut Graph, local: &Local) -> Vec<Centred> {
    let degrees = graph.degrees();
    let mut branches: Vec<Centred> = graph
        .edges
        .iter()
        .map(|edge| {
            let free = edge.nodes.map(|node| degrees[node] == 1);
            centred(&edge.line, edge.nodes, free, &graph.nodes, local)
        })
        .collect();
    settle_junctions(&mut graph.nodes, &branches);
    for branch in &mut branches {
        tie(branch, &graph.nodes, &degrees, local);
    }
    branches
}

fn centred(pixels: &[Vec2], nodes: [usize; 2], free: [bool; 2], all: &[Node], local: &Local) -> Centred {
    let typical = local.region.typical_radius(pixels);
    let rough = smoothed_line(pixels, 1.5 + 0.3 * typical);
    let total = length(&rough);
    let inside = |end: usize| {
        let node = all[nodes[end]];
        let cut = if free[end] { node.radius.max(0.5 * typical) } else { 1.2 * node.radius };
        cut.min(0.35 * total)
    };
    let mut line = if nodes[0] == nodes[1] && !free[0] && total > 40.0 {
        resampled(&rough)
    } else {
        trimmed(&rough, inside(0), inside(1))
    };
    for _ in 0..ROUNDS {
        line = between_lips(&line, typical, local);
    }
    Centred { nodes, free, line, radius: typical }
}

/// Moves every point half way between the lips.
fn between_lips(line: &[Vec2], radius: f64, local: &Local) -> Vec<Vec2> {
    let reach = 1 + radius.round() as usize;
    let shifts: Vec<(Vec2, f64)> = (0..line.len())
        .map(|i| {
            let across = left_of(tangent(line, i, reach));
            let far = 2.0 * radius + 4.0;
            let left = local.lip(line[i], across, far);
            let right = local.lip(line[i], scaled(across, -1.0), far);
            (across, (0.5 * (left - right)).clamp(-radius, radius))
        })
        .collect();
    let amounts: Vec<f64> = shifts.iter().map(|(_, shift)| *shift).collect();
    let amounts = smoothed(&running_median(&amounts, 2), 1.0);
    let moved: Vec<Vec2> = line
        .iter()
        .zip(&shifts)
        .zip(amounts)
        .map(|((p, (across, _)), shift)| add(*p, scaled(*across, shift)))
        .collect();
    resampled(&smoothed_line(&moved, 2.0 + 0.15 * radius))
}

/// Moves each junction to where the lines of its branches meet (least squares).
fn settle_junctions(nodes: &mut [Node], branches: &[Centred]) {
    let mut normal_equations = vec![([0.0; 3], [0.0; 2]); nodes.len()];
    for branch in branches {
        for end in [0, 1] {
            let node = branch.nodes[end];
            if branch.free[end] || branch.line.len() < 3 {
                continue;
            }
            let (point, direction) = heading(branch, end);
            let normal = left_of(direction);
            let offset = dot(normal, point);
            let (matrix, right) = &mut normal_equations[node];
            matrix[0] += normal[0] * normal[0];
            matrix[1] += normal[0] * normal[1];
            matrix[2] += normal[1] * normal[1];
            *right = add(*right, scaled(normal, offset));
        }
    }
    for (node, ([xx, xy, yy], right)) in nodes.iter_mut().zip(normal_equations) {
        // A little weight on the skeleton's own point holds what parallel lines leave open.
        const HOLD: f64 = 0.05;
        let (xx, yy) = (xx + HOLD, yy + HOLD);
        let right = add(right, scaled(node.at, HOLD));
        let determinant = xx * yy - xy * xy;
        let met = [(yy * right[0] - xy * right[1]) / determinant, (xx * right[1] - xy * right[0]) / determinant];
        let step = sub(met, node.at);
        let limit = 1.5 * node.radius;
        node.at = add(node.at, scaled(unit(step), norm(step).min(limit)));
    }
}

/// Where a branch's line ends, and its direction outward there.
fn heading(branch: &Centred, end: usize) -> (Vec2, Vec2) {
    let line = &branch.line;
    let span = ((2.0 * branch.radius + 4.0).round() as usize).clamp(1, line.len() - 1);
    (line[from_end(line.len(), end, 0)], outward(line, end, span))
}

/// Leads the ends of a branch into its junctions and out to its tips.
fn tie(branch: &mut Centred, nodes: &[Node], degrees: &[usize], local: &Local) {
    let mut ends = [None, None];
    for end in [0, 1] {
        let node = branch.nodes[end];
        if degrees[node] > 2 {
            ends[end] = Some(nodes[node].at);
        } else if branch.free[end] && branch.line.len() > 1 {
            let (tip, direction) = heading(branch, end);
            let reach = 3.0 * branch.radius + nodes[node].radius + 6.0;
            ends[end] = Some(add(tip, scaled(direction, local.run_out(tip, direction, reach))));
        }
    }
    if branch.nodes[0] == branch.nodes[1] && degrees[branch.nodes[0]] == 2 {
        ends[1] = branch.line.first().copied();
    }
    if let Some(first) = ends[0] {
        branch.line.insert(0, first);
    }
    branch.line.extend(ends[1]);
    if branch.line.len() < 2 || length(&branch.line) < 1e-6 {
        branch.line = branch.nodes.map(|node| nodes[node].at).to_vec();
    }
    branch.line = resampled(&branch.line);
}
