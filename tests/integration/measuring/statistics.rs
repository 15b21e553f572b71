//! Means, shares and percentiles with 95 % intervals by resampling, and the lines that state them.

use super::dice::Dice;

const RESAMPLES: usize = 2000;

/// A figure over `n` cases with its 95 % interval.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub value: f64,
    pub low: f64,
    pub high: f64,
    pub n: usize,
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Value that `share` of the values stay below.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    let at = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// `statistic` of whole cases drawn again and again; a case is all that one crack says.
pub fn figure<T: Copy>(cases: &[T], statistic: impl Fn(&[T]) -> f64) -> Figure {
    assert!(!cases.is_empty(), "nothing was measured");
    let mut dice = Dice::new(cases.len() as u64, 77);
    let mut again: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn: Vec<T> = cases.iter().map(|_| dice.one_of(cases)).collect();
            statistic(&drawn)
        })
        .collect();
    again.sort_by(f64::total_cmp);
    let (low, high) = (again[RESAMPLES / 40], again[RESAMPLES - 1 - RESAMPLES / 40]);
    Figure { value: statistic(cases), low, high, n: cases.len() }
}

pub fn mean_figure(values: &[f64]) -> Figure {
    figure(values, mean)
}

/// Percentile of the values of all cracks together; whole cracks are drawn again.
pub fn percentile_figure(cracks: &[Vec<f64>], share: f64) -> Figure {
    let cases: Vec<&[f64]> = cracks.iter().filter(|values| !values.is_empty()).map(Vec::as_slice).collect();
    figure(&cases, |drawn| percentile(&drawn.concat(), share))
}

/// Share of `hits` that are true, with Wilson's interval, which stays honest near 1.
pub fn share_figure(hits: &[bool]) -> Figure {
    const Z2: f64 = 1.96 * 1.96;
    let n = hits.len() as f64;
    let share = hits.iter().filter(|&&hit| hit).count() as f64 / n;
    let middle = (share + Z2 / (2.0 * n)) / (1.0 + Z2 / n);
    let half = (Z2 * (share * (1.0 - share) + Z2 / (4.0 * n)) / n).sqrt() / (1.0 + Z2 / n);
    Figure { value: share, low: middle - half, high: middle + half, n: hits.len() }
}

/// Prints one line of the table; `bar` in words.
pub fn state(name: &str, figure: Figure, bar: &str) {
    let Figure { value, low, high, n } = figure;
    println!("{name}: {value:.4} (95 % {low:.4}–{high:.4}), n = {n}, bar {bar}");
}
