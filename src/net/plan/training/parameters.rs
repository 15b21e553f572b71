//! Where each parameter lies in the flat vector, and each batch norm's statistics in theirs.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::net::architecture::Architecture;
use crate::net::state::{StateDict, StateError, Tensor};

/// Names and ranges of all trained parameters and of all running statistics, in the order of the state dict.
#[derive(Debug, Clone)]
pub struct ParameterTable {
    architecture: Architecture,
    parameters: BTreeMap<String, Range<usize>>,
    norms: BTreeMap<String, Range<usize>>,
    len: usize,
    statistics_len: usize,
}

/// Mean and variance of every batch-norm channel, in the order of the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Means.
    pub mean: Vec<f32>,
    /// Variances; those of a batch are unbiased, as PyTorch keeps them.
    pub variance: Vec<f32>,
}

impl Statistics {
    /// Moves running statistics towards those of a batch: PyTorch's `momentum`.
    pub fn update(&mut self, batch: &Self, momentum: f32) {
        let pairs = self.mean.iter_mut().zip(&batch.mean).chain(self.variance.iter_mut().zip(&batch.variance));
        pairs.for_each(|(running, batch)| *running += momentum * (batch - *running));
    }
}

impl ParameterTable {
    /// The table of an architecture.
    pub fn new(architecture: Architecture) -> Self {
        let mut table =
            Self { architecture, parameters: BTreeMap::new(), norms: BTreeMap::new(), len: 0, statistics_len: 0 };
        for (name, shape) in architecture.tensors() {
            let count: usize = shape.iter().product();
            if let Some(norm) = name.strip_suffix(".running_mean") {
                table.norms.insert(norm.to_owned(), table.statistics_len..table.statistics_len + count);
                table.statistics_len += count;
            } else if !name.ends_with(".running_var") {
                table.parameters.insert(name, table.len..table.len + count);
                table.len += count;
            }
        }
        table
    }

    /// Floats of the parameter vector.
    pub fn parameter_count(&self) -> usize {
        self.len
    }

    /// Where the parameter called `name` lies.
    ///
    /// # Panics
    /// When the architecture has no such parameter.
    pub fn range(&self, name: &str) -> Range<usize> {
        self.parameters.get(name).unwrap_or_else(|| panic!("no parameter {name}")).clone()
    }

    /// Where the statistics of the batch norm called `name` lie.
    ///
    /// # Panics
    /// When the architecture has no such batch norm.
    pub fn statistics_range(&self, name: &str) -> Range<usize> {
        self.norms.get(name).unwrap_or_else(|| panic!("no batch norm {name}")).clone()
    }

    /// All parameters with their ranges, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.parameters.iter().map(|(name, range)| (name.as_str(), range.clone()))
    }

    /// Statistics of mean 0 and variance 1.
    pub fn fresh_statistics(&self) -> Statistics {
        Statistics { mean: vec![0.0; self.statistics_len], variance: vec![1.0; self.statistics_len] }
    }

    /// Parameters and running statistics of a state dict.
    ///
    /// # Errors
    /// Names a tensor that is missing.
    pub fn flatten(&self, state: &StateDict) -> Result<(Vec<f32>, Statistics), StateError> {
        let (mut parameters, mut statistics) = (vec![0.0; self.len], self.fresh_statistics());
        for (name, range) in &self.parameters {
            parameters[range.clone()].copy_from_slice(&state.get(name)?.data);
        }
        for (name, range) in &self.norms {
            statistics.mean[range.clone()].copy_from_slice(&state.get(&format!("{name}.running_mean"))?.data);
            statistics.variance[range.clone()].copy_from_slice(&state.get(&format!("{name}.running_var"))?.data);
        }
        Ok((parameters, statistics))
    }

    /// The state dict of parameters and running statistics.
    pub fn unflatten(&self, parameters: &[f32], statistics: &Statistics) -> StateDict {
        let mut state = StateDict::default();
        for (name, shape) in self.architecture.tensors() {
            let data = if let Some(norm) = name.strip_suffix(".running_mean") {
                &statistics.mean[self.statistics_range(norm)]
            } else if let Some(norm) = name.strip_suffix(".running_var") {
                &statistics.variance[self.statistics_range(norm)]
            } else {
                &parameters[self.range(&name)]
            };
            state.insert(name, Tensor { shape, data: data.to_vec() });
        }
        state
    }
}
