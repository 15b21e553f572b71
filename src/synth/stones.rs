//! Packed stones: a Worley diagram with weighted sites on a jittered grid.

use super::field::Frame;
use super::random::Random;

/// One stone of a packing.
#[derive(Clone, Copy, Debug)]
pub struct Stone {
    /// Centre in pixels.
    pub centre: (f32, f32),
    /// Extra reach over its neighbours, in pixels.
    pub reach: f32,
    /// Four uniform numbers in [0, 1) for colour, height and tilt.
    pub dice: [f32; 4],
}

/// The two stones that hold a point.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Nearest stone.
    pub first: Stone,
    /// Next nearest stone.
    pub second: Stone,
    /// Distance to the border between them in pixels.
    pub border: f32,
}

/// Stones over a frame and a margin around it.
#[derive(Clone, Debug)]
pub struct Stones {
    cell: f32,
    columns: usize,
    rows: usize,
    stones: Vec<Stone>,
}

impl Stones {
    /// Scatters stones about `cell` pixels apart; `unevenness` (0..1) spreads their sizes.
    pub fn scatter(random: &mut Random, frame: Frame, cell: f32, unevenness: f32) -> Self {
        let columns = (frame.width as f32 / cell) as usize + 5;
        let rows = (frame.height as f32 / cell) as usize + 5;
        let stones = (0..columns * rows)
            .map(|i| {
                let (column, row) = ((i % columns) as f32 - 1.0, (i / columns) as f32 - 1.0);
                let x = (column - 0.5 + random.range(0.05, 0.95)) * cell;
                let y = (row - 0.5 + random.range(0.05, 0.95)) * cell;
                let size = random.signed();
                Stone {
                    centre: (x, y),
                    reach: size * size * size * unevenness * cell * 0.5,
                    dice: [random.unit(), random.unit(), random.unit(), random.unit()],
                }
            })
            .collect();
        Self { cell, columns, rows, stones }
    }

    /// Spacing of the stones in pixels.
    pub fn cell(&self) -> f32 {
        self.cell
    }

    /// The stones that hold a point; points off the frame use the nearest stones there are.
    pub fn hold(&self, x: f32, y: f32) -> Hold {
        let column = (x / self.cell + 1.5).floor().max(0.0) as usize;
        let row = (y / self.cell + 1.5).floor().max(0.0) as usize;
        let column = column.clamp(1, self.columns - 2);
        let row = row.clamp(1, self.rows - 2);
        let mut best = [(f32::MAX, 0), (f32::MAX, 0)];
        for r in row - 1..=row + 1 {
            let start = r * self.columns + column - 1;
            for (i, stone) in self.stones[start..start + 3].iter().enumerate() {
                let (dx, dy) = (x - stone.centre.0, y - stone.centre.1);
                let distance = (dx * dx + dy * dy).sqrt() - stone.reach;
                if distance < best[0].0 {
                    best = [(distance, start + i), best[0]];
                } else if distance < best[1].0 {
                    best[1] = (distance, start + i);
                }
            }
        }
        let (first, second) = (self.stones[best[0].1], self.stones[best[1].1]);
        Hold { first, second, border: (best[1].0 - best[0].0) * 0.5 }
    }

    /// Moves a point towards the border between the two stones that hold it.
    ///
    /// `pull` is 0 for no motion, 1 for the whole way.
    pub fn towards_border(&self, x: f32, y: f32, pull: f32) -> (f32, f32) {
        let hold = self.hold(x, y);
        let (dx, dy) = (hold.second.centre.0 - hold.first.centre.0, hold.second.centre.1 - hold.first.centre.1);
        let apart = (dx * dx + dy * dy).sqrt().max(1e-3);
        let step = pull * hold.border.min(self.cell) / apart;
        (x + dx * step, y + dy * step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::random::Part;

    #[test]
    fn moving_to_the_border_shrinks_the_distance() {
        let frame = Frame { width: 90, height: 70 };
        let mut random = Random::new(5, Part::Surface);
        let stones = Stones::scatter(&mut random, frame, 9.0, 0.5);
        let (mut before, mut after) = (0.0, 0.0);
        for i in 0..200 {
            let (x, y) = ((i * 37 % 90) as f32, (i * 53 % 70) as f32);
            let (nx, ny) = stones.towards_border(x, y, 1.0);
            before += stones.hold(x, y).border;
            after += stones.hold(nx, ny).border;
        }
        assert!(after < before * 0.4, "{before} -> {after}");
    }
}
