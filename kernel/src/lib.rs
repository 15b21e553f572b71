//! CPU kernels of the segmentation network, on plain slices.
//!
//! An algorithm is written once over the vectors of [`simd::Simd`] and compiled for each instruction set inside the shells
//! of [`isa`]; [`isa::Isa`] picks one at run time. Activations lie in the blocked layout of [`layout`]. Every function
//! works on a strip of rows in the calling thread and sums in a fixed order, so that a caller may cut an image into strips
//! for any number of threads and get the same bits.

pub mod batch_norm;
pub mod conv3x3;
pub mod gate;
pub mod gate_training;
pub mod gradients;
pub mod head;
pub mod isa;
pub mod layout;
pub mod loss;
pub mod math;
pub mod pointwise;
pub mod pool;
pub mod simd;
pub mod stem;
#[cfg(test)]
mod testing;
pub mod transposed;
pub mod winograd;
