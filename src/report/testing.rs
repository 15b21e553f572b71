//! A survey made by hand, for the tests of this room.

use super::{SeverityView, Verdict};
use crate::measure::{Branch, CentrePoint, CrackKind, CrackMeasurement, CrackSurvey, Estimate, Scale, ScaleSource};

/// A quarter of a millimetre for one pixel, known to 2 %.
pub fn scale() -> Scale {
    Scale { mm_per_px: 0.25, relative_error: 0.02, source: ScaleSource::TwoPoints }
}

/// Two cracks on a photograph of 400 × 300 px: a branched one and a thin straight one.
pub fn survey() -> CrackSurvey {
    CrackSurvey {
        photo_width_px: 400,
        photo_height_px: 300,
        threshold: 0.35,
        cracks: vec![branched(), thin()],
        specks: 3,
    }
}

/// What a standard might say of a crack.
pub fn verdict(crack: &CrackMeasurement) -> Verdict {
    let severity = SeverityView {
        standard: "ACI 224R-01".to_owned(),
        class: "dry air".to_owned(),
        level: "above 0.41 mm".to_owned(),
    };
    let thin = crack.width_mean_px.value < 3.0;
    Verdict {
        widths_note: thin.then(|| "≤ 0.75 mm".to_owned()),
        severity: if thin { Vec::new() } else { vec![severity] },
    }
}

/// A stem of 200 px that widens from 4 to 6 px, and two arms that fork from its end.
fn branched() -> CrackMeasurement {
    CrackMeasurement {
        number: 1,
        kind: CrackKind::Branched,
        orientation_deg: 179.96,
        length_px: Estimate::around(300.0, 4.0),
        width_mean_px: Estimate::around(5.0, 0.4),
        width_median_px: Estimate::around(5.0, 0.4),
        width_p95_px: Estimate::around(5.906, 0.5),
        width_max_px: Estimate::around(6.0, 0.6),
        width_max_at: [250.5, 150.5],
        area_px2: 1500.0,
        branches: vec![
            line([50.5, 150.5], [250.5, 150.5], [4.0, 6.0]),
            line([250.5, 150.5], [290.5, 120.5], [6.0, 4.0]),
            line([250.5, 150.5], [290.5, 180.5], [6.0, 4.0]),
        ],
        junctions: vec![[250.5, 150.5]],
    }
}

/// 100 px upright, too thin to be told from blur.
fn thin() -> CrackMeasurement {
    CrackMeasurement {
        number: 2,
        kind: CrackKind::Transverse,
        orientation_deg: 90.0,
        length_px: Estimate::around(100.0, 3.0),
        width_mean_px: Estimate { value: 1.233, low: 0.0, high: 3.0 },
        width_median_px: Estimate { value: 1.2, low: 0.0, high: 3.0 },
        width_p95_px: Estimate { value: 1.3, low: 0.0, high: 3.0 },
        width_max_px: Estimate { value: 1.4, low: 0.0, high: 3.0 },
        width_max_at: [350.5, 60.5],
        area_px2: 123.3,
        branches: vec![line([350.5, 20.5], [350.5, 120.5], [1.2, 1.2])],
        junctions: Vec::new(),
    }
}

/// A straight branch with a point for each pixel.
fn line(from: [f64; 2], to: [f64; 2], width_px: [f64; 2]) -> Branch {
    let steps = (to[0] - from[0]).hypot(to[1] - from[1]).round() as usize;
    let between = |a: f64, b: f64, step: usize| a + (b - a) * step as f64 / steps as f64;
    let point = |step| CentrePoint {
        x: between(from[0], to[0], step),
        y: between(from[1], to[1], step),
        width_px: between(width_px[0], width_px[1], step),
    };
    Branch { points: (0..=steps).map(point).collect() }
}
