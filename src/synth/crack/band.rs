//! What lies near a crack: for each pixel the nearest stretch of crack and its position across it.

use super::{CrackTruth, CrackVertex};
use crate::synth::field::Frame;

/// A pixel's place relative to the nearest crack.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// Distance to the lip in pixels, negative inside.
    pub edge: f32,
    /// Position between the lips: 1 on the left lip, -1 on the right.
    pub across: f32,
    /// Distance between the lips in pixels.
    pub width: f32,
    /// Unit vector towards the left lip.
    pub normal: (f32, f32),
    /// Index of the crack.
    pub crack: u32,
    /// Position along the crack in vertices.
    pub along: f32,
}

impl Near {
    /// Place of a point relative to a vertex; `number` is that of the crack and of the vertex.
    fn new(v: &CrackVertex, point: (f32, f32), number: (usize, usize)) -> Self {
        let (dx, dy) = (point.0 - v.x, point.1 - v.y);
        let side = dx * v.normal.0 + dy * v.normal.1;
        let ahead = -dx * v.normal.1 + dy * v.normal.0;
        let lip = if side > 0.0 { v.left_px } else { v.right_px };
        Self {
            edge: (dx * dx + dy * dy).sqrt() - lip,
            across: (side / lip.max(0.1)).clamp(-1.0, 1.0),
            width: v.width_px(),
            normal: v.normal,
            crack: number.0 as u32,
            along: number.1 as f32 + ahead,
        }
    }
}

/// Pixels within reach of a crack, in row order, as index and place.
pub fn band(frame: Frame, cracks: &[CrackTruth], reach: f32) -> Vec<(usize, Near)> {
    const NONE: u32 = u32::MAX;
    let mut slot = vec![NONE; frame.area()];
    let mut found: Vec<(usize, Near)> = Vec::new();
    for (number, crack) in cracks.iter().enumerate() {
        for (i, v) in crack.vertices.iter().enumerate() {
            let radius = v.left_px.max(v.right_px) + reach;
            let (x0, x1, y0, y1) = frame.window(v.x, v.y, radius);
            for y in y0..y1 {
                for x in x0..x1 {
                    let point = (x as f32 + 0.5, y as f32 + 0.5);
                    let near = Near::new(v, point, (number, i));
                    if near.edge > reach {
                        continue;
                    }
                    let index = y * frame.width + x;
                    match slot[index] {
                        NONE => {
                            slot[index] = found.len() as u32;
                            found.push((index, near));
                        }
                        s if found[s as usize].1.edge > near.edge => found[s as usize].1 = near,
                        _ => {}
                    }
                }
            }
        }
    }
    found.sort_by_key(|f| f.0);
    found
}
