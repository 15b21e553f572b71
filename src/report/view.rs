//! Cracks and photographs as they are handed on: named, rounded, with units.

use serde::Serialize;

use super::figure::{Figure, area_mm2, bounds_px, round, round_direction, round_px, round_to_six_digits, total_length};
use super::simplify::simplify;
use crate::measure::{Branch, CrackKind, CrackMeasurement, CrackSurvey, RESOLVED_PX, Scale, ScaleSource};

/// Said wherever figures are.
pub const CAVEAT: &str = "Measured from a photograph, for a person who knows the structure. \
    Limits of standards are context, no verdict on safety.";

/// What the standards and the resolution say of one crack, joined to its figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// What can be said of widths at this scale.
    pub widths_note: Option<String>,
    /// One entry for each standard that was asked.
    pub severity: Vec<SeverityView>,
}

/// The row of a standard that a crack falls into.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SeverityView {
    /// Standard with its edition.
    pub standard: String,
    /// Exposure or kind of structure that its row is for.
    pub class: String,
    /// What the row says.
    pub level: String,
}

/// A branch's centre line.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Polyline {
    /// Column, row and width in pixels, each; points that a straight piece
    /// reproduces to 0.25 px are left out.
    pub points: Vec<[f64; 3]>,
}

/// How much of the surface one pixel shows, and how that is known.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ScaleView {
    /// Millimetres on the surface for one pixel.
    pub mm_per_px: f64,
    /// Half the 95 % interval of `mm_per_px`, as a share of it.
    pub relative_error: f64,
    /// `given`, `two_points` or `focal_length`.
    pub source: &'static str,
    /// Focal length in mm, as on 35 mm film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_35mm: Option<f64>,
    /// Distance from the camera to the surface in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<f64>,
}

/// One crack. Intervals are 95 %; fields in millimetres are there with a scale only.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct CrackView {
    /// Its number on the photograph, from 1; the longest comes first.
    pub number: u32,
    /// Course.
    pub kind: CrackKind,
    /// Direction in degrees, 0..180, counter-clockwise from the x axis as seen.
    pub orientation_deg: f64,
    /// Length of all branches together.
    pub length_px: Figure,
    /// Length of all branches together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_mm: Option<Figure>,
    /// Mean width along the centre line.
    pub width_mean_px: Figure,
    /// Mean width along the centre line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_mean_mm: Option<Figure>,
    /// Median width.
    pub width_median_px: Figure,
    /// Median width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_median_mm: Option<Figure>,
    /// Width that 95 % of the length stays below.
    pub width_p95_px: Figure,
    /// Width that 95 % of the length stays below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_p95_mm: Option<Figure>,
    /// Largest local width.
    pub width_max_px: Figure,
    /// Largest local width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_max_mm: Option<Figure>,
    /// Where that is: column and row.
    pub width_max_at_px: [f64; 2],
    /// Whether the mean width is more than the blur of a lens: at least 3 px.
    pub resolved: bool,
    /// Area between the lips in square pixels.
    pub area_px2: f64,
    /// Area between the lips in square millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_mm2: Option<f64>,
    /// Number of points where branches meet.
    pub junctions: usize,
    /// Number of stretches between tips and junctions.
    pub branches: usize,
    /// Left, top, right and bottom in pixels.
    pub bounds_px: [f64; 4],
    /// What can be said of widths at this scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths_note: Option<String>,
    /// Rows of standards that the crack falls into.
    pub severity: Vec<SeverityView>,
    /// Centre lines, longest first.
    pub polylines: Vec<Polyline>,
}

/// All cracks of one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SurveyView {
    /// Width of the photograph in pixels, upright.
    pub photo_width_px: u32,
    /// Height of the photograph in pixels, upright.
    pub photo_height_px: u32,
    /// Probability from which on a pixel counts as crack.
    pub threshold: f64,
    /// How much of the surface one pixel shows, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleView>,
    /// Length of all cracks.
    pub total_length_px: Figure,
    /// Length of all cracks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_length_mm: Option<Figure>,
    /// Length of cracks per area: metres in a square metre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_per_m: Option<f64>,
    /// Length of cracks per area in 1/px; left out with a scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_per_px: Option<f64>,
    /// Area of all cracks in square pixels.
    pub crack_area_px2: f64,
    /// Area of all cracks in square millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crack_area_mm2: Option<f64>,
    /// Marks too short to be measured.
    pub specks: u32,
    /// What the figures are not.
    pub caveat: &'static str,
    /// The cracks, longest first.
    pub cracks: Vec<CrackView>,
}

impl SurveyView {
    /// `survey` in pixels and, with a scale, in millimetres; `verdict` says what standards make of each crack.
    pub fn new(survey: &CrackSurvey, scale: Option<&Scale>, verdict: impl Fn(&CrackMeasurement) -> Verdict) -> Self {
        let total = total_length(&survey.cracks);
        let area_px2: f64 = survey.cracks.iter().map(|crack| crack.area_px2).sum();
        let density_per_px = survey.density_per_px();
        Self {
            photo_width_px: survey.photo_width_px,
            photo_height_px: survey.photo_height_px,
            threshold: round(f64::from(survey.threshold), 6),
            scale: scale.map(ScaleView::new),
            total_length_px: Figure::px(total),
            total_length_mm: scale.map(|scale| Figure::mm(total, scale)),
            density_per_m: scale.map(|scale| round(density_per_px / scale.mm_per_px * 1000.0, 3)),
            density_per_px: scale.is_none().then(|| round_to_six_digits(density_per_px)),
            crack_area_px2: round_px(area_px2),
            crack_area_mm2: scale.map(|scale| area_mm2(area_px2, scale)),
            specks: survey.specks,
            caveat: CAVEAT,
            cracks: survey.cracks.iter().map(|crack| CrackView::new(crack, scale, verdict(crack))).collect(),
        }
    }
}

impl CrackView {
    /// `crack` in pixels and, with a scale, in millimetres.
    pub fn new(crack: &CrackMeasurement, scale: Option<&Scale>, verdict: Verdict) -> Self {
        let mm = |px| scale.map(|scale| Figure::mm(px, scale));
        Self {
            number: crack.number,
            kind: crack.kind,
            orientation_deg: round_direction(crack.orientation_deg),
            length_px: Figure::px(crack.length_px),
            length_mm: mm(crack.length_px),
            width_mean_px: Figure::px(crack.width_mean_px),
            width_mean_mm: mm(crack.width_mean_px),
            width_median_px: Figure::px(crack.width_median_px),
            width_median_mm: mm(crack.width_median_px),
            width_p95_px: Figure::px(crack.width_p95_px),
            width_p95_mm: mm(crack.width_p95_px),
            width_max_px: Figure::px(crack.width_max_px),
            width_max_mm: mm(crack.width_max_px),
            width_max_at_px: crack.width_max_at.map(round_px),
            resolved: crack.width_mean_px.value >= RESOLVED_PX,
            area_px2: round_px(crack.area_px2),
            area_mm2: scale.map(|scale| area_mm2(crack.area_px2, scale)),
            junctions: crack.junctions.len(),
            branches: crack.branches.len(),
            bounds_px: bounds_px(&crack.branches),
            widths_note: verdict.widths_note,
            severity: verdict.severity,
            polylines: crack.branches.iter().map(Polyline::new).collect(),
        }
    }
}

impl ScaleView {
    fn new(scale: &Scale) -> Self {
        let (source, focal_35mm, distance_m) = match scale.source {
            ScaleSource::Given => ("given", None, None),
            ScaleSource::TwoPoints => ("two_points", None, None),
            ScaleSource::FocalLength { focal_35mm, distance_m } => ("focal_length", Some(focal_35mm), Some(distance_m)),
        };
        Self {
            mm_per_px: round_to_six_digits(scale.mm_per_px),
            relative_error: round(scale.relative_error, 6),
            source,
            focal_35mm,
            distance_m,
        }
    }
}

impl Polyline {
    fn new(branch: &Branch) -> Self {
        let points = simplify(&branch.points);
        Self { points: points.iter().map(|p| [p.x, p.y, p.width_px].map(round_px)).collect() }
    }
}

/// What a course is called in files, as in JSON.
pub fn kind_name(kind: CrackKind) -> &'static str {
    match kind {
        CrackKind::Longitudinal => "longitudinal",
        CrackKind::Transverse => "transverse",
        CrackKind::Diagonal => "diagonal",
        CrackKind::Branched => "branched",
        CrackKind::Map => "map",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{scale, survey, verdict};
    use super::*;

    #[test]
    fn one_crack_in_json() {
        let view = SurveyView::new(&survey(), Some(&scale()), verdict);
        insta::assert_json_snapshot!(view.cracks[0]);
    }

    #[test]
    fn a_photograph_in_json_with_and_without_a_scale() {
        let photograph = |scale: Option<&Scale>| {
            let mut view = SurveyView::new(&survey(), scale, |_| Verdict::default());
            view.cracks.clear();
            view
        };
        insta::assert_json_snapshot!("with_a_scale", photograph(Some(&scale())));
        insta::assert_json_snapshot!("without_a_scale", photograph(None));
    }

    #[test]
    fn without_a_scale_nothing_is_said_in_millimetres() {
        let view = SurveyView::new(&survey(), None, |_| Verdict::default());
        let text = serde_json::to_string(&view).unwrap();
        assert!(text.contains("width_mean_px") && !text.contains("_mm"), "{text}");
    }

    #[test]
    fn kinds_are_called_as_in_json() {
        use CrackKind::{Branched, Diagonal, Longitudinal, Map, Transverse};
        for kind in [Longitudinal, Transverse, Diagonal, Branched, Map] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind_name(kind));
        }
    }

    #[test]
    fn millimetres_come_from_the_unrounded_pixels() {
        let view = SurveyView::new(&survey(), Some(&scale()), verdict);
        let crack = &view.cracks[1];
        assert_eq!(crack.width_mean_px.value, 1.23);
        assert_eq!(crack.width_mean_mm.unwrap().value, 0.308, "1.233 px of 0.25 mm");
        assert!(!crack.resolved && view.cracks[0].resolved);
    }

    #[test]
    fn a_photograph_without_cracks_has_no_length() {
        let mut empty = survey();
        empty.cracks.clear();
        let view = SurveyView::new(&empty, Some(&scale()), verdict);
        assert_eq!(view.total_length_mm, Some(Figure { value: 0.0, low: 0.0, high: 0.0 }));
        assert_eq!(view.density_per_m, Some(0.0));
    }
}
