//! One region from its pixels to centre lines with widths.

use image::RgbImage;
use rayon::prelude::*;

use super::centreline::{Centred, centre_lines};
use super::evidence::{Evidence, Local};
use super::geometry::{Vec2, distance, from_end, left_of, length, median, scaled, tangent};
use super::graph::Graph;
use super::grey::{self, GreyLips, Light, without_blur};
use super::pruning::prune;
use super::raster::Raster;
use super::regions::Run;
use super::thinning::thin;

/// A branch with the distances to its lips.
#[derive(Debug, Clone, Default)]
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
    /// What the grey levels said, if there is a photograph.
    pub grey: Option<GreyQuality>,
}

/// How much the grey levels of a branch tell.
#[derive(Debug, Clone, Copy)]
pub struct GreyQuality {
    /// Share of the lips that they tell.
    pub told: f64,
    /// Deviation of the photograph's blur in pixels.
    pub blur_px: f64,
    /// Step at the lips in units of the roughness of the surface beside them.
    pub clearness: f64,
}

/// A region, or a crack of several, as lines.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Branches.
    pub branches: Vec<TracedBranch>,
    /// Nodes of the branches.
    pub nodes: Vec<Vec2>,
    /// How many branch ends meet at each node.
    pub degrees: Vec<usize>,
}

impl GreyQuality {
    /// A mean in which `other` has weight `share`.
    pub fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + share * (b - a);
        Self {
            told: mix(self.told, other.told),
            blur_px: mix(self.blur_px, other.blur_px),
            clearness: mix(self.clearness, other.clearness),
        }
    }
}

impl TracedBranch {
    /// Distance between the lips at each point, the lens's blur taken off.
    pub fn widths(&self) -> impl Iterator<Item = f64> + '_ {
        self.lips.iter().map(|[left, right]| match self.grey {
            Some(grey) => without_blur(left + right, grey.blur_px),
            None => left + right,
        })
    }
}

impl Trace {
    /// Length of all branches in pixels.
    pub fn length(&self) -> f64 {
        self.branches.iter().map(|branch| length(&branch.line)).sum()
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
            clear[from_end(line.len(), end, k)] = false;
        }
    }
    if !clear.contains(&true) {
        clear.fill(true);
    }
    TracedBranch { nodes, free, line, lips, clear, grey: None }
}

/// Moves the lips of all branches to where the light of `photo` puts them.
pub fn sharpen(traces: &mut [Trace], photo: &RgbImage) {
    let light = Light::new(photo);
    let branches: Vec<&mut TracedBranch> = traces.iter_mut().flat_map(|trace| &mut trace.branches).collect();
    let seen: Vec<GreyLips> =
        branches.par_iter().map(|branch| grey::lips(&light, &branch.line, &branch.lips)).collect();
    let blur_px = grey::blur(seen.iter().flat_map(|seen| &seen.blurs).copied().collect());
    let shifts: Vec<Option<f64>> =
        seen.iter().zip(&branches).map(|(seen, branch)| grey::shift(seen, &branch.lips)).collect();
    let usual_shift = median(&mut shifts.iter().flatten().copied().collect::<Vec<_>>());
    for ((branch, seen), shift) in branches.into_iter().zip(seen).zip(shifts) {
        let told = seen.lips.iter().flatten().filter(|lip| lip.is_some()).count() as f64;
        let told = told / (2 * seen.lips.len()) as f64;
        branch.lips = grey::completed(&seen, &branch.lips, shift.unwrap_or(usual_shift));
        branch.grey = Some(GreyQuality { told, blur_px, clearness: seen.clearness });
    }
}
