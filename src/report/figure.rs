//! Numbers as they are written down: rounded to what they are worth.

use serde::Serialize;

use crate::measure::{Branch, CrackMeasurement, Estimate, Scale};

/// A figure with its 95 % interval, in the unit that its name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Figure {
    /// Best estimate.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Figure {
    /// An estimate in pixels, to 0.01 px.
    pub fn px(estimate: Estimate) -> Self {
        Self::rounded(estimate, round_px)
    }

    /// An estimate in pixels, given in millimetres to 0.001 mm.
    pub fn mm(estimate: Estimate, scale: &Scale) -> Self {
        Self::rounded(scale.to_mm(estimate), round_mm)
    }

    fn rounded(estimate: Estimate, round: fn(f64) -> f64) -> Self {
        Self { value: round(estimate.value), low: round(estimate.low), high: round(estimate.high) }
    }
}

/// Pixels, to 0.01.
pub fn round_px(px: f64) -> f64 {
    round(px, 2)
}

/// Millimetres, to 0.001.
pub fn round_mm(mm: f64) -> f64 {
    round(mm, 3)
}

/// A direction in degrees to 0.1, 0 up to but not including 180.
pub fn round_direction(deg: f64) -> f64 {
    round(deg, 1).rem_euclid(180.0)
}

/// `number` to so many decimal places.
pub fn round(number: f64, places: i32) -> f64 {
    let factor = 10_f64.powi(places);
    (number * factor).round() / factor
}

/// `number` to six digits, wherever its decimal point is.
pub fn round_to_six_digits(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    round(number, 5 - number.abs().log10().floor() as i32)
}

/// Sum of the lengths in pixels; errors of different cracks are independent.
pub fn total_length(cracks: &[CrackMeasurement]) -> Estimate {
    let value: f64 = cracks.iter().map(|crack| crack.length_px.value).sum();
    let below = cracks.iter().map(|crack| crack.length_px.value - crack.length_px.low).fold(0.0, f64::hypot);
    let above = cracks.iter().map(|crack| crack.length_px.high - crack.length_px.value).fold(0.0, f64::hypot);
    Estimate { value, low: (value - below).max(0.0), high: value + above }
}

/// An area in square pixels, given in square millimetres to 0.001 mm².
pub fn area_mm2(px2: f64, scale: &Scale) -> f64 {
    round_mm(px2 * scale.mm_per_px * scale.mm_per_px)
}

/// Left, top, right and bottom of the centre lines with half their width to each side.
pub fn bounds_px(branches: &[Branch]) -> [f64; 4] {
    let points = || branches.iter().flat_map(|branch| &branch.points);
    if points().next().is_none() {
        return [0.0; 4];
    }
    let least =
        |of: fn(f64, f64, f64) -> f64| points().map(|p| of(p.x, p.y, p.width_px / 2.0)).fold(f64::MAX, f64::min);
    let [left, top] = [least(|x, _, half| x - half), least(|_, y, half| y - half)];
    let [right, bottom] = [-least(|x, _, half| -x - half), -least(|_, y, half| -y - half)];
    [left.max(0.0), top.max(0.0), right, bottom].map(round_px)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_that_rounds_to_half_a_turn_is_none() {
        assert_eq!(round_direction(179.96), 0.0);
        assert_eq!(round_direction(179.94), 179.9);
        assert_eq!(round_direction(12.34), 12.3);
    }

    #[test]
    fn small_and_large_scales_keep_six_digits() {
        assert_eq!(round_to_six_digits(0.000_123_456_78), 0.000_123_457);
        assert_eq!(round_to_six_digits(1_234.567_89), 1234.57);
        assert_eq!(round_to_six_digits(0.25), 0.25);
        assert_eq!(round_to_six_digits(0.0), 0.0);
    }
}
