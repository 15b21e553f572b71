//! Pictures: decoding, tiling, probability maps and the pictures made of them.

pub mod colour;
pub mod decode;
pub mod encode;
pub mod exif;
pub mod hash;
pub mod jpeg;
pub mod mask;
pub mod probability_map;
pub mod thumbnail;
pub mod tiling;

pub use colour::Colour;
pub use decode::{DecodeError, DecodeLimits, Photo, PhotoHeader};
pub use exif::{Capture, Place};
pub use hash::PerceptualHash;
pub use mask::BinaryMask;
pub use probability_map::ProbabilityMap;
pub use tiling::{Axis, Tile, TileGrid};
