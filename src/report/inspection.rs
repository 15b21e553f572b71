//! A survey joined with what scale, lens and standard say of it.

use serde::Serialize;

use super::geojson::CameraPosition;
use super::{SeverityView, SurveyView, Verdict};
use crate::measure::{
    CrackMeasurement, CrackSurvey, JudgedWidth, RESOLVED_PX, ResolutionAdvice, Scale, Standard, WITHOUT_SCALE, Width,
    resolution_advice,
};
use crate::vision::Capture;

/// The standard whose classes stand beside the widths.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct StandardView {
    /// How it is asked for.
    pub id: String,
    /// Its name and table.
    pub title: String,
    /// Which edition the figures are from.
    pub edition: String,
    /// What it holds for.
    pub material: String,
    /// Which width of a crack it judges.
    pub width: JudgedWidth,
    /// What its figures do not say.
    pub caveat: String,
    /// What was not checked at the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Everything that is said of the cracks in one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Inspection {
    /// The figures.
    #[serde(flatten)]
    pub survey: SurveyView,
    /// The standard that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard: Option<StandardView>,
    /// Why the standard says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_verdict: Option<&'static str>,
    /// Limits of the standard that this photograph cannot place, and what helps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolution: Vec<ResolutionAdvice>,
}

impl Inspection {
    /// Joins them; `focal_35mm` is the focal length of the photograph's lens in mm, as on 35 mm film, if it is known.
    pub fn new(
        survey: &CrackSurvey,
        scale: Option<&Scale>,
        standard: Option<&Standard>,
        focal_35mm: Option<f64>,
    ) -> Self {
        let long_side_px = survey.photo_width_px.max(survey.photo_height_px);
        let resolution = match (scale, standard) {
            (Some(scale), Some(standard)) => standard
                .limits_mm()
                .into_iter()
                .filter_map(|limit| resolution_advice(limit, scale, focal_35mm, long_side_px))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            survey: SurveyView::new(survey, scale, |crack| verdict(crack, scale, standard)),
            standard: standard.map(StandardView::new),
            no_verdict: (standard.is_some() && scale.is_none()).then_some(WITHOUT_SCALE),
            resolution,
        }
    }
}

impl StandardView {
    fn new(standard: &Standard) -> Self {
        Self {
            id: standard.id.clone(),
            title: standard.title.clone(),
            edition: standard.edition.clone(),
            material: standard.material.clone(),
            width: standard.width,
            caveat: standard.caveat.clone(),
            remark: standard.remark.clone(),
        }
    }
}

/// Where the camera was, if the photograph's file says so.
pub fn camera_position(capture: &Capture) -> Option<CameraPosition> {
    let place = capture.place?;
    CameraPosition::new(place.latitude_deg, place.longitude_deg, place.direction_deg).ok()
}

fn verdict(crack: &CrackMeasurement, scale: Option<&Scale>, standard: Option<&Standard>) -> Verdict {
    let mut verdict = Verdict { widths_note: widths_note(crack, scale), severity: Vec::new() };
    if let (Some(scale), Some(standard)) = (scale, standard) {
        let judged = standard.verdict(crack, scale);
        verdict.severity.extend(judged.rows.into_iter().map(|row| SeverityView {
            standard: format!("{} ({})", judged.standard, judged.edition),
            class: row.exposure,
            level: row.text,
        }));
    }
    verdict
}

/// Widths that the photograph does not resolve are known from above only.
fn widths_note(crack: &CrackMeasurement, scale: Option<&Scale>) -> Option<String> {
    let said: Vec<String> = [("mean width", crack.width_mean_px), ("maximum width", crack.width_max_px)]
        .into_iter()
        .map(|(name, px)| (name, scale.map_or_else(|| Width::in_px(px), |scale| Width::in_mm(px, scale))))
        .filter(|(_, width)| !width.resolved)
        .map(|(name, width)| format!("{name} {}", width.text(if scale.is_some() { "mm" } else { "px" })))
        .collect();
    (!said.is_empty()).then(|| format!("{}: narrower than {RESOLVED_PX} px, not resolved", said.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{scale, survey};
    use super::*;
    use crate::measure::Standards;

    fn inspect(scale: Option<&Scale>, standard: &str) -> Inspection {
        let standard = Standards::built_in().choose(standard).unwrap();
        Inspection::new(&survey(), scale, Some(&standard), Some(26.0))
    }

    #[test]
    fn with_a_scale_every_crack_has_its_class() {
        let inspection = inspect(Some(&scale()), "aashto-mbei-rc");
        for crack in &inspection.survey.cracks {
            assert_eq!(crack.severity.len(), 1);
            assert_eq!(crack.severity[0].standard, "aashto-mbei-rc (2nd edition, 2019)");
            assert!(crack.severity[0].level.contains("CS"), "{:?}", crack.severity);
            assert_eq!(crack.width_mean_px.value < RESOLVED_PX, crack.widths_note.is_some());
        }
        assert_eq!(inspection.no_verdict, None);
        // 0.25 mm/px places 1.27 mm, but not 0.30 mm.
        assert_eq!(inspection.resolution.iter().map(|a| a.limit_mm).collect::<Vec<_>>(), [0.30]);
        assert!(inspection.resolution[0].closer_than_m.is_some());
    }

    #[test]
    fn without_a_scale_the_reason_is_said() {
        let inspection = inspect(None, "aci-224r-01");
        assert!(inspection.survey.cracks.iter().all(|crack| crack.severity.is_empty()));
        assert_eq!(inspection.no_verdict, Some(WITHOUT_SCALE));
        assert!(inspection.resolution.is_empty());
        let note = inspection.survey.cracks[1].widths_note.clone().unwrap();
        assert!(note.contains(" px (estimate ") && !note.contains("mm"), "{note}");
    }
}
