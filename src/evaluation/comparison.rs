//! Two models on the same photographs.

use serde::Serialize;

use super::bootstrap::{RESAMPLES, interval, p_value, resample};
use super::totals::Totals;
use super::{Report, SetScores};

/// How another model does on the same photographs, and whether the difference may be chance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The other model's scores.
    pub against: Box<Report>,
    /// F1 of the first less F1 of the other.
    pub f1_difference: f64,
    /// Its 95 % interval by a paired bootstrap: both models are scored on the same draws.
    pub f1_difference_interval: Option<[f64; 2]>,
    /// Two-sided p value of no difference, of the same bootstrap.
    pub p_value: f64,
    /// Number of draws.
    pub resamples: usize,
}

impl Comparison {
    /// Compares `first` with `other`, which scored the same photographs.
    pub fn new(first: &SetScores, other: &SetScores) -> Self {
        let difference = |a: &Totals, b: &Totals| a.f1() - b.f1();
        let (draws, other_draws) = (resample(&first.units().sums), resample(&other.units().sums));
        let differences: Vec<f64> = draws.iter().zip(&other_draws).map(|(a, b)| difference(a, b)).collect();
        Self {
            against: Box::new(Report::new(other)),
            f1_difference: difference(&first.total(), &other.total()),
            f1_difference_interval: interval(differences.iter().copied()),
            p_value: p_value(&differences),
            resamples: RESAMPLES,
        }
    }
}
