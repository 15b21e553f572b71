//! Drawn photographs with cracks of known geometry.
pub mod dataset;
pub mod samples;
