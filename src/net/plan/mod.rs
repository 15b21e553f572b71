//! The Attention U-Net on the kernels: a plan for inference and a whole training step.
//!
//! Both begin with a [`StateDict`](super::StateDict). [`InferencePlan`] folds batch norms into the convolutions and packs all weights once;
//! any number of threads then share it, each call with a [`Workspace`] of its own. All work runs in the rayon pool of the
//! caller, and gives the same bits for any number of threads.

mod activation;
mod inference;
mod parallel;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod testing;
mod training;

pub use activation::{Activation, Workspace};
pub use inference::InferencePlan;
pub use training::{Batch, Norms, ParameterTable, Statistics, StepResult, TrainStep};
