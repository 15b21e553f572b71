//! What the measuring is worth, on pictures that nothing was tuned on.
//!
//! `renderer` draws cracks of known course and width; `bars` measures the true
//! masks, `chain` the photographs through the shipped model, and both hold the
//! errors to bounds. docs/measuring.md has the figures.

mod bars;
pub mod cases;
mod chain;
mod checks;
pub mod dice;
mod lens;
mod networks;
mod outline;
pub mod renderer;
pub mod shapes;
mod speed;
pub mod statistics;
mod surfaces;
mod truth;
