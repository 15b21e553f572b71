//! Figures of one crack.

use super::course::{Shape, kind, longest_way, orientation_deg};
use super::evidence::Evidence;
use super::geometry::{Vec2, quantile, smoothed};
use super::intervals::{Widths, length_px};
use super::regions::CrackPixels;
use super::survey::{Branch, CentrePoint, CrackMeasurement};
use super::trace::{Trace, TracedBranch};

/// Marks shorter than this, in pixels, are specks.
const SHORTEST_CRACK_PX: f64 = 12.0;
/// Marks less than this many times as long as wide are specks, too.
const LEAST_SLENDERNESS: f64 = 1.5;
/// Deviation, in pixels along the crack, of the Gaussian that local widths are averaged with.
const LOCAL_SIGMA_PX: f64 = 1.5;

/// The figures of a crack; none if it is a speck.
pub fn crack(trace: &Trace, evidence: Evidence) -> Option<CrackMeasurement> {
    let total = trace.length();
    let smooth: Vec<Vec<f64>> = trace.branches.iter().map(local_widths).collect();
    let mut clear = clear_widths(trace, &smooth);
    let mean = clear.iter().sum::<f64>() / clear.len().max(1) as f64;
    if total < SHORTEST_CRACK_PX || total < LEAST_SLENDERNESS * mean {
        return None;
    }
    let (widest, width_max_at) = widest(trace, &smooth);
    let widths = Widths::new(trace, mean);
    let junctions = junctions(trace);
    let orientation_deg = orientation_deg(trace.branches.iter().map(|branch| branch.line.as_slice()));
    let (width, height) = evidence.size();
    let shape = Shape {
        orientation_deg,
        junctions: junctions.len(),
        loops: trace.loops(),
        length_px: total,
        main_px: longest_way(trace),
        landscape: width >= height,
    };
    let mut branches: Vec<Branch> =
        trace.branches.iter().zip(&smooth).map(|(b, widths)| points(&b.line, widths)).collect();
    branches.sort_by_key(|branch| std::cmp::Reverse(branch.points.len()));
    Some(CrackMeasurement {
        number: 0,
        kind: kind(shape),
        orientation_deg,
        length_px: length_px(trace, total, mean, evidence),
        width_mean_px: widths.mean(mean),
        width_median_px: widths.mean(quantile(&mut clear, 0.5)),
        width_p95_px: widths.local(quantile(&mut clear, 0.95)),
        width_max_px: widths.local(widest),
        width_max_at,
        area_px2: mean * total,
        branches,
        junctions,
    })
}

fn local_widths(branch: &TracedBranch) -> Vec<f64> {
    let raw: Vec<f64> = branch.widths().collect();
    smoothed(&raw, LOCAL_SIGMA_PX).into_iter().map(|width| width.max(0.0)).collect()
}

/// Local widths clear of junctions, tips and bridges; all of them if none is.
fn clear_widths(trace: &Trace, smooth: &[Vec<f64>]) -> Vec<f64> {
    let clear = trace.branches.iter().zip(smooth).flat_map(|(b, widths)| b.clear.iter().zip(widths));
    let widths: Vec<f64> = clear.filter(|(clear, _)| **clear).map(|(_, width)| *width).collect();
    if widths.is_empty() { smooth.iter().flatten().copied().collect() } else { widths }
}

fn widest(trace: &Trace, smooth: &[Vec<f64>]) -> (f64, Vec2) {
    let places = trace.branches.iter().zip(smooth).flat_map(|(branch, widths)| {
        let clear = branch.clear.iter().zip(&branch.line).zip(widths);
        clear.map(|((clear, at), width)| (*clear, *width, *at))
    });
    let widest = places.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    widest.map_or((0.0, [0.0; 2]), |(_, width, at)| (width, at))
}

fn points(line: &[Vec2], widths: &[f64]) -> Branch {
    Branch { points: line.iter().zip(widths).map(|(&[x, y], &width_px)| CentrePoint { x, y, width_px }).collect() }
}

fn junctions(trace: &Trace) -> Vec<Vec2> {
    trace.nodes.iter().zip(&trace.degrees).filter(|(_, degree)| **degree > 2).map(|(at, _)| *at).collect()
}
