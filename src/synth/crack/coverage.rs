//! Exact-area scan conversion: how much of each pixel lies between the lips.
//!
//! The strip between the lips is cut into triangles; sixteen scan lines a pixel each keep
//! the union of their intervals, whose horizontal extent is summed without rounding.

use super::CrackTruth;
use super::path::Point;
use crate::synth::field::{Field, Frame};

/// Scan lines in a pixel.
const LINES: usize = 16;

/// Share of each pixel's area that is inside a crack, 0..1; overlaps count once.
pub fn coverage(frame: Frame, cracks: &[CrackTruth]) -> Field {
    let mut lines: Vec<Vec<(f32, f32)>> = vec![Vec::new(); frame.height * LINES];
    for crack in cracks {
        for pair in crack.vertices.windows(2) {
            let ([la, ra], [lb, rb]) = (pair[0].lips(), pair[1].lips());
            triangle(&mut lines, [la, lb, rb]);
            triangle(&mut lines, [la, rb, ra]);
        }
    }
    let mut field = Field::filled(frame, 0.0);
    for (i, intervals) in lines.iter_mut().enumerate() {
        let row = &mut field.data[i / LINES * frame.width..][..frame.width];
        intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut reached = 0.0_f32;
        for &(from, to) in intervals.iter() {
            let from = from.max(reached);
            if to > from {
                add_interval(row, from, to);
                reached = to;
            }
        }
    }
    field.map(|v| v.min(1.0))
}

/// Records where each scan line crosses a triangle.
fn triangle(lines: &mut [Vec<(f32, f32)>], corners: [Point; 3]) {
    let low = corners.iter().map(|c| c.1).fold(f32::MAX, f32::min);
    let high = corners.iter().map(|c| c.1).fold(f32::MIN, f32::max);
    let scale = LINES as f32;
    let first = (low * scale - 0.5).ceil().max(0.0) as usize;
    let last = (high * scale - 0.5).floor();
    if last < 0.0 {
        return;
    }
    let last = (last as usize + 1).min(lines.len());
    for (i, line) in lines.iter_mut().enumerate().take(last).skip(first) {
        let y = (i as f32 + 0.5) / scale;
        let (mut from, mut to) = (f32::MAX, f32::MIN);
        for k in 0..3 {
            let (a, b) = (corners[k], corners[(k + 1) % 3]);
            if (a.1 <= y) != (b.1 <= y) {
                let x = a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1);
                from = from.min(x);
                to = to.max(x);
            }
        }
        if to > from && to > 0.0 {
            line.push((from.max(0.0), to));
        }
    }
}

fn add_interval(row: &mut [f32], from: f32, to: f32) {
    let to = to.min(row.len() as f32);
    if to <= from {
        return;
    }
    let (first, last) = (from as usize, (to as usize).min(row.len() - 1));
    let weight = 1.0 / LINES as f32;
    for (x, value) in row.iter_mut().enumerate().take(last + 1).skip(first) {
        let share = to.min(x as f32 + 1.0) - from.max(x as f32);
        *value += weight * share.max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::crack::CrackVertex;

    fn straight(from: Point, to: Point, width: f32) -> CrackTruth {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        let vertex = |(x, y): Point| CrackVertex {
            x,
            y,
            left_px: width * 0.5,
            right_px: width * 0.5,
            normal: (dy / length, -dx / length),
        };
        CrackTruth { vertices: vec![vertex(from), vertex(to)], parent: None, end: None }
    }

    #[test]
    fn a_straight_strip_has_its_area() {
        let frame = Frame { width: 60, height: 50 };
        for (to, width) in [((50.0, 10.3), 3.0), ((11.0, 45.0), 0.4), ((44.0, 40.0), 7.3)] {
            let crack = straight((10.0, 10.0), to, width);
            let area: f32 = coverage(frame, std::slice::from_ref(&crack)).data.iter().sum();
            let expected = crack.area_px(60, 50);
            assert!((area / expected - 1.0).abs() < 0.01, "{area} for {expected}");
        }
    }

    #[test]
    fn overlaps_count_once() {
        let frame = Frame { width: 30, height: 30 };
        let a = straight((5.0, 15.0), (25.0, 15.0), 4.0);
        let once: f32 = coverage(frame, std::slice::from_ref(&a)).data.iter().sum();
        let twice: f32 = coverage(frame, &[a.clone(), a]).data.iter().sum();
        assert!((once - twice).abs() < 1e-3);
    }
}
