//! Direction and kind of a crack.

use super::geometry::{Vec2, norm, sub};
use super::survey::CrackKind;

/// Half the sector, in degrees, within which a crack follows a side of the photograph.
const SECTOR_DEG: f64 = 22.5;
/// A crack whose side branches have less than this share of its length is one line.
const SIDE_SHARE: f64 = 0.15;
/// Independent loops from which on a crack is a network.
const LOOPS_OF_A_MAP: usize = 2;

/// Mean direction of lines in degrees, 0..180, counter-clockwise from the x axis
/// as seen; each step counts by its length (mean of doubled angles, Mardia 1972).
pub fn orientation_deg<'a>(lines: impl Iterator<Item = &'a [Vec2]>) -> f64 {
    let (mut cosine, mut sine) = (0.0, 0.0);
    for step in lines.flat_map(|line| line.windows(2)).map(|pair| sub(pair[1], pair[0])) {
        // y points down in the picture.
        let doubled = 2.0 * (-step[1]).atan2(step[0]);
        cosine += norm(step) * doubled.cos();
        sine += norm(step) * doubled.sin();
    }
    (0.5 * sine.atan2(cosine)).to_degrees().rem_euclid(180.0)
}

/// What the kind of a crack depends on.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Mean direction in degrees.
    pub orientation_deg: f64,
    /// Points where branches meet.
    pub junctions: usize,
    /// Loops that do not contain each other.
    pub loops: usize,
    /// Length of all branches in pixels.
    pub length_px: f64,
    /// Length of the longest way along them in pixels.
    pub main_px: f64,
    /// Whether the photograph is wider than high.
    pub landscape: bool,
}

/// The kind of a crack.
pub fn kind(shape: Shape) -> CrackKind {
    if shape.loops >= LOOPS_OF_A_MAP {
        return CrackKind::Map;
    }
    if shape.junctions > 0 && 1.0 - shape.main_px / shape.length_px.max(1e-9) > SIDE_SHARE {
        return CrackKind::Branched;
    }
    let off_horizontal = shape.orientation_deg.min(180.0 - shape.orientation_deg);
    let off_long_side = if shape.landscape { off_horizontal } else { 90.0 - off_horizontal };
    match off_long_side {
        _ if off_long_side <= SECTOR_DEG => CrackKind::Longitudinal,
        _ if off_long_side >= 90.0 - SECTOR_DEG => CrackKind::Transverse,
        _ => CrackKind::Diagonal,
    }
}
