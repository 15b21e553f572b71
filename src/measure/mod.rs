//! From a probability map to cracks with length, width and direction.
//!
//! Regions of crack pixels are thinned to skeletons (`thinning`), read as graphs
//! (`graph`, `pruning`), and their branches moved half way between the lips
//! (`centreline`). Widths come from the lips, where there is a photograph from
//! its grey levels; every figure carries its 95 % interval.

mod centreline;
mod course;
mod evidence;
mod follow;
mod gaps;
mod geometry;
mod graph;
mod grey;
mod intervals;
mod pruning;
mod raster;
mod regions;
mod resolution;
mod scale;
mod scale_request;
mod standards;
mod statistics;
mod survey;
mod thinning;
mod trace;

pub use resolution::{ResolutionAdvice, Width, resolution_advice, two_digits, two_digits_down, two_digits_up};
pub use scale::{DISTANCE_M, GIVEN_RELATIVE_ERROR, MM_PER_PX, Scale, ScaleError, ScaleSource};
pub use scale_request::{NoScale, ScaleRequest};
pub use standards::{Class, JudgedWidth, Row, RowVerdict, Standard, Standards, StandardsError, Verdict, WITHOUT_SCALE};
pub use survey::{Branch, CentrePoint, CrackKind, CrackMeasurement, CrackSurvey, Estimate};
pub use thinning::skeleton;

use image::RgbImage;
use rayon::prelude::*;

use crate::vision::{BinaryMask, ProbabilityMap};
use evidence::Evidence;
pub use regions::{CrackPixels, Run, regions, runs_of};
use trace::Trace;

/// Widths below this many pixels cannot be told from the lens's blur: they are
/// given as an upper bound.
pub const RESOLVED_PX: f64 = 3.0;

/// Measures the cracks that `map` shows at `threshold`, their lips to a part of
/// a pixel from the grey levels of `photo`.
///
/// # Panics
/// If the two have different sizes.
pub fn survey(photo: &RgbImage, map: &ProbabilityMap, threshold: f32) -> CrackSurvey {
    assert_eq!(photo.dimensions(), (map.width(), map.height()));
    let level = ProbabilityMap::level(threshold).max(1);
    measured(Evidence::Probabilities(map, level), Some(photo), threshold)
}

/// Measures the cracks of a label, without a photograph.
pub fn survey_mask(mask: &BinaryMask) -> CrackSurvey {
    measured(Evidence::Label(mask), None, 0.5)
}

/// Pieces shorter than this many pixels are specks that join nothing.
const SHORTEST_PIECE_PX: f64 = 5.0;

/// What covers more of the photograph than this is no crack.
pub const LARGEST_SHARE: f64 = 0.4;

fn measured(evidence: Evidence, photo: Option<&RgbImage>, threshold: f32) -> CrackSurvey {
    let (width, height) = evidence.size();
    let mut regions = regions(&evidence);
    let all = regions.len();
    let area = |runs: &[Run]| runs.iter().map(|run| run.to - run.from).sum::<usize>() as f64;
    regions.retain(|runs| area(runs) <= LARGEST_SHARE * (width * height) as f64);
    let mut traces: Vec<Trace> = regions.par_iter().map(|runs| trace::trace(runs, evidence)).collect();
    traces.retain(|trace| trace.length() >= SHORTEST_PIECE_PX);
    let mut specks = all - traces.len();
    if let Some(photo) = photo {
        follow::follow(&mut traces, photo, evidence);
        trace::sharpen(&mut traces, photo);
    }
    let joined = gaps::joined(traces, evidence);
    let found = joined.len();
    let mut cracks: Vec<CrackMeasurement> =
        joined.par_iter().filter_map(|trace| statistics::crack(trace, evidence)).collect();
    specks += found - cracks.len();
    cracks.sort_by(|a, b| b.length_px.value.total_cmp(&a.length_px.value));
    for (number, crack) in (1..).zip(&mut cracks) {
        crack.number = number;
    }
    CrackSurvey {
        photo_width_px: width as u32,
        photo_height_px: height as u32,
        threshold,
        cracks,
        specks: specks as u32,
    }
}

#[cfg(test)]
mod tests;
