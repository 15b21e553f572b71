//! What the page says of measured cracks: figures in words, with their unit and 95 % interval.

use askama::Template;
use uuid::Uuid;

use crate::measure::{
    CrackMeasurement, Estimate, JudgedWidth, RESOLVED_PX, Scale, ScaleRequest, ScaleSource, Standard, Width,
    two_digits, two_digits_down, two_digits_up,
};
use crate::report::{CrackView, SeverityView, StandardView, kind_name};
use crate::web::api::cracks::{CrackQuery, Found};
use crate::web::scale::SCALE_PARAMETERS;
use crate::web::{ApiError, WebState};

/// Everything below the photograph.
#[derive(Debug)]
pub struct CracksPanel {
    pub id: Uuid,
    pub name: String,
    /// Whether the address names what is shown, so that it comes before what the browser remembers.
    pub asked: bool,
    pub threshold: f64,
    /// `mm` or `px`.
    pub unit: &'static str,
    pub total_length: ShownFigure,
    pub density: String,
    pub specks: u32,
    pub scale: Option<ShownScale>,
    /// The scale as a query, each name and value behind an ampersand.
    pub scale_query: String,
    pub scale_fields: Vec<(&'static str, f64)>,
    /// Focal length in mm, as on 35 mm film, if the file tells it.
    pub focal_35mm: Option<f64>,
    pub standard_id: String,
    pub standards: Vec<StandardChoice>,
    pub standard: Option<StandardView>,
    pub judged: &'static str,
    pub exposures: String,
    pub no_verdict: Option<&'static str>,
    pub advice: Vec<String>,
    pub caveat: &'static str,
    /// From how many pixels on a width is resolved.
    pub resolved_px: f64,
    pub rows: Vec<CrackRow>,
    pub problem: Option<Problem>,
}

/// A figure as it stands in a cell.
#[derive(Debug)]
pub struct ShownFigure {
    /// The figure, or what it stays below, with its unit.
    pub text: String,
    /// Its interval, with the estimate where the figure is a bound.
    pub beside: String,
    /// What it is sorted by.
    pub value: f64,
}

/// How much of the surface one pixel shows.
#[derive(Debug)]
pub struct ShownScale {
    pub mm_per_px: f64,
    pub relative_error: f64,
    pub text: String,
}

/// A standard, or one row of it, that can be chosen.
#[derive(Debug)]
pub struct StandardChoice {
    pub id: String,
    pub label: String,
}

/// One crack.
#[derive(Debug)]
pub struct CrackRow {
    pub number: u32,
    pub kind: &'static str,
    pub length: ShownFigure,
    pub mean: ShownFigure,
    pub max: ShownFigure,
    pub orientation_deg: f64,
    /// Rows of the standard, all in one line.
    pub levels: String,
    pub severity: Vec<SeverityView>,
}

/// A refusal, and beside which field it is shown.
#[derive(Debug, Template)]
#[template(source = "{{ text }}", ext = "html")]
pub struct Problem {
    /// `given`, `distance`, `points` or `other`.
    pub place: &'static str,
    pub text: String,
}

impl Problem {
    /// Finds the place by the field that was wrong.
    pub fn new(error: &ApiError) -> Self {
        let field = error.field.as_deref().unwrap_or_default().trim_start_matches("query.");
        let place = match field {
            "mm_per_px" => "given",
            "distance_m" => "distance",
            "x1,y1,x2,y2" => "points",
            field if SCALE_PARAMETERS.contains(&field) => "points",
            _ => "other",
        };
        let limit = error.limit_text();
        let text = if limit.is_empty() { error.detail.clone() } else { format!("{} Limit: {limit}.", error.detail) };
        Self { place, text }
    }
}

impl CracksPanel {
    /// What was found, as `query` asked for it.
    pub fn new(state: &WebState, found: &Found, query: &CrackQuery) -> Self {
        let (survey, scale) = (&found.inspection.survey, found.scale.as_ref());
        let unit = if scale.is_some() { "mm" } else { "px" };
        let total = survey.total_length_mm.unwrap_or(survey.total_length_px);
        let total = Estimate { value: total.value, low: total.low, high: total.high };
        let cracks = found.measured.survey.cracks.iter().zip(&survey.cracks);
        let scale_fields = scale_fields(query.scale.as_ref());
        Self {
            id: found.prediction.id,
            name: found.prediction.file_name.clone(),
            asked: false,
            threshold: survey.threshold,
            unit,
            total_length: length(total, unit),
            density: density(survey.density_per_m, survey.density_per_px),
            specks: survey.specks,
            scale: scale.map(ShownScale::new),
            scale_query: scale_fields.iter().map(|(name, value)| format!("&{name}={value}")).collect(),
            scale_fields,
            focal_35mm: found.measured.capture.focal_35mm,
            standard_id: query.standard_id.clone(),
            standards: state.standards.iter().flat_map(choices).collect(),
            standard: found.inspection.standard.clone(),
            judged: match found.inspection.standard.as_ref().map(|standard| standard.width) {
                Some(JudgedWidth::Mean) => "mean",
                Some(JudgedWidth::Maximum) | None => "maximum",
            },
            exposures: exposures(state, &query.standard_id),
            no_verdict: found.inspection.no_verdict,
            advice: found.inspection.resolution.iter().map(|advice| advice.text.clone()).collect(),
            caveat: survey.caveat,
            resolved_px: RESOLVED_PX,
            rows: cracks.map(|(crack, view)| CrackRow::new(crack, view, scale)).collect(),
            problem: None,
        }
    }

    /// What was wrong at `place`, if anything was.
    pub fn problem_at(&self, place: &str) -> &str {
        self.problem.as_ref().filter(|problem| problem.place == place).map_or("", |problem| problem.text.as_str())
    }

    /// Whether the control of the scale has something to tell.
    pub fn scale_is_wrong(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.place != "other")
    }
}

impl CrackRow {
    fn new(crack: &CrackMeasurement, view: &CrackView, scale: Option<&Scale>) -> Self {
        let unit = if scale.is_some() { "mm" } else { "px" };
        let shown =
            |px: Estimate| width(&scale.map_or_else(|| Width::in_px(px), |scale| Width::in_mm(px, scale)), unit);
        let mut levels: Vec<&str> = view.severity.iter().map(|row| row.level.as_str()).collect();
        levels.dedup();
        Self {
            number: view.number,
            kind: kind_name(view.kind),
            length: length(scale.map_or(crack.length_px, |scale| scale.to_mm(crack.length_px)), unit),
            mean: shown(crack.width_mean_px),
            max: shown(crack.width_max_px),
            orientation_deg: view.orientation_deg,
            levels: levels.join(" · "),
            severity: view.severity.clone(),
        }
    }
}

impl ShownScale {
    fn new(scale: &Scale) -> Self {
        let source = match scale.source {
            ScaleSource::Given => "as given".to_owned(),
            ScaleSource::TwoPoints => "from two points".to_owned(),
            ScaleSource::FocalLength { focal_35mm, distance_m } => {
                format!("from a lens of {focal_35mm} mm at {distance_m} m")
            }
        };
        let (mm_per_px, percent) = (significant(scale.mm_per_px), two_digits(scale.relative_error * 100.0));
        let text = format!("{mm_per_px} mm/px ± {percent} %, {source}");
        Self { mm_per_px: scale.mm_per_px, relative_error: scale.relative_error, text }
    }
}

/// Four digits, without zeros at the end: people compare it with what they gave.
fn significant(value: f64) -> String {
    let places = (3 - value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn width(width: &Width, unit: &str) -> ShownFigure {
    let Estimate { value, low, high } = width.estimate;
    let (middle, low, high) = (two_digits(value), two_digits_down(low), two_digits_up(high));
    if width.resolved {
        ShownFigure { text: format!("{middle}\u{a0}{unit}"), beside: format!("{low}–{high}"), value }
    } else {
        let beside = format!("estimate\u{a0}{middle}, {low}–{high}");
        ShownFigure { text: format!("≤\u{a0}{high}\u{a0}{unit}"), beside, value }
    }
}

fn length(estimate: Estimate, unit: &str) -> ShownFigure {
    let Estimate { value, low, high } = estimate;
    let places = if value >= 100.0 { 0 } else { 1 };
    let factor = 10_f64.powi(places);
    // Outwards, so that the interval never gets narrower than it is.
    let (low, high) = ((low * factor).floor() / factor, (high * factor).ceil() / factor);
    let places = places as usize;
    let text = format!("{value:.places$}\u{a0}{unit}");
    ShownFigure { text, beside: format!("{low:.places$}–{high:.places$}"), value }
}

fn density(per_m: Option<f64>, per_px: Option<f64>) -> String {
    match (per_m, per_px) {
        (Some(density), _) => format!("{}\u{a0}m/m²", two_digits(density)),
        (None, Some(density)) => format!("{}\u{a0}px per 1000\u{a0}px²", two_digits(density * 1000.0)),
        (None, None) => String::new(),
    }
}

fn scale_fields(request: Option<&ScaleRequest>) -> Vec<(&'static str, f64)> {
    match request {
        None => Vec::new(),
        Some(&ScaleRequest::MmPerPx(value)) => vec![("mm_per_px", value)],
        Some(&ScaleRequest::DistanceM(value)) => vec![("distance_m", value)],
        Some(&ScaleRequest::Points { a, b, distance_mm }) => {
            vec![("x1", a[0]), ("y1", a[1]), ("x2", b[0]), ("y2", b[1]), ("distance_mm", distance_mm)]
        }
    }
}

/// The standard as a whole, and each of its rows if there are several.
fn choices(standard: &Standard) -> Vec<StandardChoice> {
    let name = standard.title.split([',', ':']).next().unwrap_or_default();
    let rows = standard.rows.iter().filter(|_| standard.rows.len() > 1).map(|row| StandardChoice {
        id: format!("{}/{}", standard.id, row.id),
        label: format!("{name} · {}", row.exposure),
    });
    let whole = if standard.rows.len() > 1 { "all exposures" } else { standard.material.as_str() };
    std::iter::once(StandardChoice { id: standard.id.clone(), label: format!("{name} · {whole}") })
        .chain(rows)
        .collect()
}

/// What the rows of the chosen standard hold for.
fn exposures(state: &WebState, asked: &str) -> String {
    let chosen = state.standards.choose_if_asked(asked).ok().flatten();
    let names: Vec<String> = chosen.into_iter().flat_map(|s| s.rows).map(|row| row.exposure).collect();
    names.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_say_whether_they_are_resolved() {
        let scale = Scale::given(0.1, 0.0).unwrap();
        let shown = |value, low, high| width(&Width::in_mm(Estimate { value, low, high }, &scale), "mm");
        let wide = shown(4.2, 3.8, 4.6);
        assert_eq!((wide.text.as_str(), wide.beside.as_str()), ("0.42\u{a0}mm", "0.38–0.46"));
        let thin = shown(2.1, 1.3, 2.96);
        assert_eq!(thin.text, "≤\u{a0}0.30\u{a0}mm");
        assert_eq!(thin.beside, "estimate\u{a0}0.21, 0.13–0.30");
    }

    #[test]
    fn intervals_of_lengths_are_rounded_outwards() {
        let shown = length(Estimate { value: 482.4, low: 470.6, high: 494.2 }, "mm");
        assert_eq!((shown.text.as_str(), shown.beside.as_str()), ("482\u{a0}mm", "470–495"));
        let short = length(Estimate { value: 12.34, low: 11.99, high: 13.01 }, "px");
        assert_eq!((short.text.as_str(), short.beside.as_str()), ("12.3\u{a0}px", "11.9–13.1"));
    }

    #[test]
    fn scales_are_written_as_they_were_given() {
        for (value, text) in [(0.5, "0.5"), (0.123_456, "0.1235"), (25.0, "25"), (1000.0, "1000"), (0.001, "0.001")] {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn every_way_to_a_scale_has_its_place_for_what_is_wrong() {
        let at = |field: &str| Problem::new(&ApiError::not_found("It is wrong.").field(field)).place;
        assert_eq!(
            [at("query.mm_per_px"), at("query.distance_m"), at("query.x1,y1,x2,y2")],
            ["given", "distance", "points"]
        );
        assert_eq!([at("query.y2"), at("query.distance_mm"), at("query.standard")], ["points", "points", "other"]);
    }
}
