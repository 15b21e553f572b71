//! One region from its pixels to centre lines with widths.

use super::centreline::{Centred, centre_lines};
use super::evidence::{Evidence, Local};
use super::geometry::{Vec2, distance, left_of, scaled, tangent};
use super::graph::Graph;
use super::pruning::prune;
use super::raster::Raster;
use super::regions::Run;
use super::thinning::thin;

/// A branch with the distances to its lips.
#[derive(Debug, Clone)]
pub struct TracedBranch {
    /// Nodes at its ends, as the trace counts them.
    pub nodes: [usize; 2],
    /// Whether each end is a free tip.
    pub free: [bool; 2],
    /// Points one pixel apart.
    pub line: Vec<Vec2>,
    /// Distance to the left and to the right lip at each point, in pixels.
    pub lips: Vec<[f64; 2]>,
    /// Whether a point is clear of junctions and tips, so that its width means something.
    pub clear: Vec<bool>,
}

/// A region as lines.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Branches.
    pub branches: Vec<TracedBranch>,
    /// Nodes of the branches.
    pub nodes: Vec<Vec2>,
    /// How many branch ends meet at each node.
    pub degrees: Vec<usize>,
}

impl TracedBranch {
    /// Distance between the lips at each point.
    pub fn widths(&self) -> impl Iterator<Item = f64> + '_ {
        self.lips.iter().map(|[left, right]| left + right)
    }
}

/// Traces the region made of `runs`.
pub fn trace(runs: &[Run], evidence: Evidence) -> Trace {
    let region = Raster::new(runs);
    let mut skeleton = region.clone();
    thin(&mut skeleton);
    let mut graph = Graph::new(&region, &skeleton);
    drop(skeleton);
    prune(&mut graph);
    let local = Local { region: &region, evidence };
    let branches = centre_lines(&mut graph, &local);
    let degrees = graph.degrees();
    let branches = branches.into_iter().map(|branch| with_lips(branch, &graph, &degrees, &local)).collect();
    Trace { branches, nodes: graph.nodes.iter().map(|node| node.at).collect(), degrees }
}

fn with_lips(branch: Centred, graph: &Graph, degrees: &[usize], local: &Local) -> TracedBranch {
    let Centred { nodes, free, line, radius } = branch;
    let reach = 1 + radius.round() as usize;
    let far = 2.0 * radius + 4.0;
    let lips: Vec<[f64; 2]> = (0..line.len())
        .map(|i| {
            let across = left_of(tangent(&line, i, reach));
            [local.lip(line[i], across, far), local.lip(line[i], scaled(across, -1.0), far)]
        })
        .collect();
    let is_clear = |point: &Vec2| {
        nodes.iter().all(|&node| {
            let keep = if degrees[node] > 2 { 1.5 * graph.nodes[node].radius + 1.0 } else { 0.0 };
            distance(*point, graph.nodes[node].at) >= keep
        })
    };
    let mut clear: Vec<bool> = line.iter().map(is_clear).collect();
    for (end, free) in free.into_iter().enumerate() {
        let skip = if free { (1.0 + 0.5 * radius).round() as usize } else { 0 };
        for k in 0..skip.min(line.len() / 4) {
            let i = if end == 0 { k } else { line.len() - 1 - k };
            clear[i] = false;
        }
    }
    if !clear.contains(&true) {
        clear.fill(true);
    }
    TracedBranch { nodes, free, line, lips, clear }
}
