//! Many requests, one network.
//!
//! A photograph is admitted by its header, decoded, cut into tiles and put
//! into a ring from which the workers take one tile of each photograph in
//! turn. Whoever drops the ticket is not computed for any more.

mod admission;
mod adopt;
mod predictor;
mod ring;
mod worker;

pub use admission::{Admission, Overloaded};
pub use adopt::adopt_old;
pub use predictor::{PredictError, Predicted, Predictor, PredictorSettings, Upload};
pub use ring::{Progress, Stage, WorkError};

#[cfg(test)]
mod tests;
