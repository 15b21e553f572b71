//! Figures of one crack with their intervals.

use super::course::{Shape, kind, orientation_deg};
use super::geometry::{Vec2, length, quantile, smoothed};
use super::survey::{Branch, CentrePoint, CrackMeasurement, Estimate};
use super::trace::{Trace, TracedBranch};

/// Marks shorter than this, in pixels, are specks.
const SHORTEST_CRACK_PX: f64 = 12.0;
/// Marks less than this many times as long as wide are specks, too.
const LEAST_SLENDERNESS: f64 = 1.5;

/// The figures of a crack that consists of `traces`; none if it is a speck.
pub fn crack(traces: &[Trace], landscape: bool) -> Option<CrackMeasurement> {
    let branches: Vec<&TracedBranch> = traces.iter().flat_map(|trace| &trace.branches).collect();
    let length_px: f64 = branches.iter().map(|branch| length(&branch.line)).sum();
    let mut widths = Vec::new();
    let (mut widest, mut widest_at) = (0.0, [0.0; 2]);
    let mut lines = Vec::new();
    for branch in &branches {
        let raw: Vec<f64> = branch.widths().collect();
        let smooth = smoothed(&raw, 1.5);
        for (i, &width) in smooth.iter().enumerate().filter(|(i, _)| branch.clear[*i]) {
            widths.push(width);
            if width > widest {
                (widest, widest_at) = (width, branch.line[i]);
            }
        }
        lines.push(Branch { points: points(&branch.line, &smooth) });
    }
    let mean = widths.iter().sum::<f64>() / widths.len().max(1) as f64;
    if length_px < SHORTEST_CRACK_PX || length_px < LEAST_SLENDERNESS * mean {
        return None;
    }
    let junctions: Vec<Vec2> = traces.iter().flat_map(junctions).collect();
    let orientation_deg = orientation_deg(branches.iter().map(|branch| branch.line.as_slice()));
    let main_px = lines.iter().map(|branch| branch.points.len() as f64).fold(0.0, f64::max);
    let shape = Shape { orientation_deg, junctions: junctions.len(), loops: 0, length_px, main_px, landscape };
    lines.sort_by_key(|branch| std::cmp::Reverse(branch.points.len()));
    Some(CrackMeasurement {
        number: 0,
        kind: kind(shape),
        orientation_deg,
        length_px: Estimate::around(length_px, 0.01 * length_px + 1.0),
        width_mean_px: Estimate::around(mean, 0.3),
        width_median_px: Estimate::around(quantile(&mut widths, 0.5), 0.3),
        width_p95_px: Estimate::around(quantile(&mut widths, 0.95), 0.5),
        width_max_px: Estimate::around(widest, 0.5),
        width_max_at: widest_at,
        area_px2: mean * length_px,
        branches: lines,
        junctions,
    })
}

fn points(line: &[Vec2], widths: &[f64]) -> Vec<CentrePoint> {
    line.iter().zip(widths).map(|(&[x, y], &width_px)| CentrePoint { x, y, width_px: width_px.max(0.0) }).collect()
}

fn junctions(trace: &Trace) -> impl Iterator<Item = Vec2> + '_ {
    trace.nodes.iter().zip(&trace.degrees).filter(|(_, degree)| **degree > 2).map(|(at, _)| *at)
}
