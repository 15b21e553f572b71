//! What a photograph resolves, and how its widths may be stated.

use serde::Serialize;
use utoipa::ToSchema;

use super::scale::distance_for;
use super::{Estimate, RESOLVED_PX, Scale};

/// A width and whether the photograph resolves it; if not, it is known from above only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    /// The width with its interval, in the unit that was asked for.
    pub estimate: Estimate,
    /// Whether it is at least [`RESOLVED_PX`] wide.
    pub resolved: bool,
}

impl Width {
    /// A width in pixels.
    pub fn in_px(px: Estimate) -> Self {
        Self { estimate: px, resolved: px.value >= RESOLVED_PX }
    }

    /// A width of `px` pixels in millimetres.
    pub fn in_mm(px: Estimate, scale: &Scale) -> Self {
        Self { estimate: scale.to_mm(px), resolved: px.value >= RESOLVED_PX }
    }

    /// The figure that the width stays below, if no more can be said.
    pub fn upper_bound(&self) -> Option<f64> {
        (!self.resolved).then_some(self.estimate.high)
    }

    /// In words, such as "0.42 mm (0.38 to 0.46 mm)" or "≤ 0.30 mm (estimate 0.21 mm, 0.13 to 0.30 mm)".
    pub fn text(&self, unit: &str) -> String {
        let Estimate { value, low, high } = self.estimate;
        let (value, low, high) = (two_digits(value), two_digits_down(low), two_digits_up(high));
        if self.resolved {
            format!("{value} {unit} ({low} to {high} {unit})")
        } else {
            format!("≤ {high} {unit} (estimate {value} {unit}, {low} to {high} {unit})")
        }
    }
}

/// The scale that places a width near `limit_mm`, in mm/px.
pub fn needed_mm_per_px(limit_mm: f64) -> f64 {
    limit_mm / RESOLVED_PX
}

/// Why widths near a limit cannot be placed, and what helps.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ResolutionAdvice {
    /// The limit in millimetres.
    pub limit_mm: f64,
    /// What one pixel shows, in millimetres.
    pub mm_per_px: f64,
    /// What it may show at most to place the limit.
    pub needed_mm_per_px: f64,
    /// Distance to the surface that reaches it, in metres; absent if the focal length is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closer_than_m: Option<f64>,
    /// The same in words.
    pub text: String,
}

/// Advice for placing widths near `limit_mm`, or nothing where `scale` is fine enough.
///
/// `focal_35mm` is the lens's focal length in mm, as on 35 mm film, if it is known.
pub fn resolution_advice(
    limit_mm: f64,
    scale: &Scale,
    focal_35mm: Option<f64>,
    long_side_px: u32,
) -> Option<ResolutionAdvice> {
    let (mm_per_px, needed) = (scale.mm_per_px, without_noise(needed_mm_per_px(limit_mm)));
    if mm_per_px <= needed * (1.0 + 1e-9) {
        return None;
    }
    let closer_than_m = focal_35mm.map(|focal| without_noise(distance_for(needed, focal, long_side_px)));
    let closer = closer_than_m.map_or_else(
        || "go closer or use a longer lens".to_owned(),
        |metres| format!("go closer than {} m", two_digits_down(metres)),
    );
    let text = format!(
        "a width of {limit_mm} mm cannot be placed at {} mm/px; {} mm/px is needed to place it, {closer}",
        two_digits(mm_per_px),
        two_digits_down(needed),
    );
    Some(ResolutionAdvice { limit_mm, mm_per_px, needed_mm_per_px: needed, closer_than_m, text })
}

/// A third of 0.3 in binary is 0.09999999999999999: twelve decimals are kept.
fn without_noise(value: f64) -> f64 {
    (value * 1e12).round() / 1e12
}

/// Two significant digits, to the nearest.
pub fn two_digits(value: f64) -> String {
    rounded(value, f64::round)
}

/// Two significant digits, never more than `value`.
pub fn two_digits_down(value: f64) -> String {
    rounded(value, |v| (v + NOISE).floor())
}

/// Two significant digits, never less than `value`.
pub fn two_digits_up(value: f64) -> String {
    rounded(value, |v| (v - NOISE).ceil())
}

/// Binary fractions miss decimal ones by less than this; 0.30 stays 0.30 and does not become 0.31.
const NOISE: f64 = 1e-9;

fn rounded(value: f64, round: impl Fn(f64) -> f64) -> String {
    if !value.is_finite() || value <= 0.0 {
        return "0".into();
    }
    let step = |of: f64| 10f64.powi(of.log10().floor() as i32 - 1);
    let unit = step(value);
    let kept = round(value / unit) * unit;
    // 0.0996 becomes 0.10, which has one digit less behind the point.
    let decimals = (-step(kept * (1.0 + NOISE)).log10().round()).max(0.0) as usize;
    format!("{kept:.decimals$}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_have_two_digits() {
        for (value, nearest, down, up) in [
            (0.3, "0.30", "0.30", "0.30"),
            (0.301, "0.30", "0.30", "0.31"),
            (0.0996, "0.10", "0.099", "0.10"),
            (1.1, "1.1", "1.1", "1.1"),
            (0.57, "0.57", "0.57", "0.57"),
            (9.96, "10", "9.9", "10"),
            (123.0, "120", "120", "130"),
            (0.0, "0", "0", "0"),
        ] {
            assert_eq!([two_digits(value), two_digits_down(value), two_digits_up(value)], [nearest, down, up]);
        }
    }

    #[test]
    fn thin_cracks_are_known_from_above_only() {
        let scale = Scale::given(0.1, 0.0).unwrap();
        let thin = Width::in_mm(Estimate { value: 2.1, low: 1.3, high: 2.96 }, &scale);
        assert_eq!(thin.text("mm"), "≤ 0.30 mm (estimate 0.21 mm, 0.13 to 0.30 mm)");
        assert!((thin.upper_bound().unwrap() - 0.296).abs() < 1e-12);
        let wide = Width::in_mm(Estimate { value: 4.2, low: 3.8, high: 4.6 }, &scale);
        assert_eq!(wide.text("mm"), "0.42 mm (0.38 to 0.46 mm)");
        assert_eq!(wide.upper_bound(), None);
        assert_eq!(Width::in_px(Estimate::around(3.0, 0.5)).text("px"), "3.0 px (2.5 to 3.5 px)");
    }

    #[test]
    fn advice_tells_how_close_to_go() {
        let scale = Scale::from_focal_length(26.0, 1.2, 4000).unwrap();
        let advice = resolution_advice(0.3, &scale, Some(26.0), 4000).unwrap();
        assert_eq!(
            advice.text,
            "a width of 0.3 mm cannot be placed at 0.42 mm/px; 0.10 mm/px is needed to place it, go closer than 0.28 m"
        );
        let at_that_distance = Scale::from_focal_length(26.0, advice.closer_than_m.unwrap(), 4000).unwrap();
        assert_eq!(resolution_advice(0.3, &at_that_distance, Some(26.0), 4000), None);
        let without_lens = resolution_advice(0.3, &scale, None, 4000).unwrap();
        assert!(without_lens.text.ends_with("go closer or use a longer lens"));
    }

    proptest! {
        #[test]
        fn bounds_are_never_rounded_to_the_wrong_side(value in 1e-4..1e5f64) {
            let parse = |text: String| text.parse::<f64>().unwrap();
            let (down, near, up) = (parse(two_digits_down(value)), parse(two_digits(value)), parse(two_digits_up(value)));
            prop_assert!(down <= value * (1.0 + 1e-9) && value <= up * (1.0 + 1e-9), "{down} {value} {up}");
            prop_assert!((near / value - 1.0).abs() <= 0.0501, "{near} {value}");
            prop_assert!(up / value < 1.11 && down / value > 0.89, "{down} {value} {up}");
        }
    }
}
