//! Which places cracks have taken, so that a later crack stops where it meets an earlier one.

use super::path::{MARGIN, Point, distance};
use super::{CrackTruth, CrackVertex, Junction};
use crate::synth::field::Frame;

/// Which vertex of which crack holds each small square of the frame.
pub struct Taken {
    columns: usize,
    rows: usize,
    cells: Vec<Option<Junction>>,
}

impl Taken {
    const CELL: f32 = 3.0;

    /// An empty map of a frame and its margin.
    pub fn new(frame: Frame) -> Self {
        let columns = ((frame.width as f32 + 2.0 * MARGIN) / Self::CELL) as usize + 2;
        let rows = ((frame.height as f32 + 2.0 * MARGIN) / Self::CELL) as usize + 2;
        Self { columns, rows, cells: vec![None; columns * rows] }
    }

    fn cell(&self, x: f32, y: f32) -> Option<usize> {
        let (cx, cy) = ((x + MARGIN) / Self::CELL, (y + MARGIN) / Self::CELL);
        let inside = cx >= 0.0 && cy >= 0.0;
        let (cx, cy) = (cx as usize, cy as usize);
        (inside && cx < self.columns && cy < self.rows).then(|| cy * self.columns + cx)
    }

    /// Enters the vertices of a crack.
    pub fn claim(&mut self, vertices: &[CrackVertex], crack: usize) {
        for (vertex, v) in vertices.iter().enumerate() {
            if let Some(cell) = self.cell(v.x, v.y) {
                self.cells[cell] = Some(Junction { crack, vertex });
            }
        }
    }

    /// Cuts a line where it first meets another crack, after it has left its parent.
    pub fn cut(&self, line: &mut Vec<Point>, parent: Option<Junction>, cracks: &[CrackTruth]) -> Option<Junction> {
        let start = *line.first()?;
        let clear = parent.map_or(0.0, |p| 8.0 + 2.0 * cracks[p.crack].vertices[p.vertex].width_px());
        let meets = |p: &Point| {
            let hit = self.cells[self.cell(p.0, p.1)?]?;
            let own = parent.is_some_and(|q| q.crack == hit.crack);
            (!own || distance(*p, start) > clear).then_some(hit)
        };
        let (at, hit) = line.iter().enumerate().find_map(|(i, p)| Some((i, meets(p)?)))?;
        let vertex = &cracks[hit.crack].vertices[hit.vertex];
        line.truncate(at);
        line.push((vertex.x, vertex.y));
        Some(hit)
    }
}
