//! Cracks: where they run, how wide they are, and what they look like.
//!
//! A crack is a reference line with a distance to the lip on either side. Everything else
//! (mask, shading, relief) is computed from those, so the truth is exact by construction.

pub mod band;
pub mod coverage;
pub mod dress;
mod growth;
mod outline;
pub mod path;
mod stair;
mod taken;

pub use growth::{Habit, grow};

/// One point of a crack's centre line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrackVertex {
    /// Column in pixels; the middle of the first pixel is at 0.5.
    pub x: f32,
    /// Row in pixels; the middle of the first pixel is at 0.5.
    pub y: f32,
    /// Distance to the lip on the left of the direction of travel, in pixels.
    pub left_px: f32,
    /// Distance to the lip on the right of the direction of travel, in pixels.
    pub right_px: f32,
    /// Unit vector towards the left lip.
    pub normal: (f32, f32),
}

impl CrackVertex {
    /// Distance between the lips in pixels.
    pub fn width_px(&self) -> f32 {
        self.left_px + self.right_px
    }

    /// Points on the left and on the right lip.
    pub fn lips(&self) -> [(f32, f32); 2] {
        let (nx, ny) = self.normal;
        [
            (self.x + nx * self.left_px, self.y + ny * self.left_px),
            (self.x - nx * self.right_px, self.y - ny * self.right_px),
        ]
    }
}

/// A point where one crack meets another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Junction {
    /// Index of the other crack.
    pub crack: usize,
    /// Index of the nearest vertex of the other crack.
    pub vertex: usize,
}

/// Known geometry of one crack, a branch counting as a crack of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct CrackTruth {
    /// Centre line, vertices about one pixel apart; the ends may lie some pixels off the frame.
    pub vertices: Vec<CrackVertex>,
    /// The crack that this one branches from; none for a root.
    pub parent: Option<Junction>,
    /// The crack on which this one ends; none for a free tip or the edge of the frame.
    pub end: Option<Junction>,
}

impl CrackTruth {
    /// Length of the centre line in pixels within a picture of the given size.
    pub fn length_px(&self, width: u32, height: u32) -> f32 {
        self.pieces(width, height).map(|(length, _)| length).sum()
    }

    /// Integral of the width along the centre line in square pixels, within a picture.
    pub fn area_px(&self, width: u32, height: u32) -> f32 {
        self.pieces(width, height).map(|(length, w)| length * w).sum()
    }

    /// Length and mean width of each piece of the centre line whose middle is in the picture.
    fn pieces(&self, width: u32, height: u32) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.vertices.windows(2).filter_map(move |pair| {
            let (a, b) = (&pair[0], &pair[1]);
            let (x, y) = (0.5 * (a.x + b.x), 0.5 * (a.y + b.y));
            let inside = x >= 0.0 && y >= 0.0 && x <= width as f32 && y <= height as f32;
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            inside.then(|| {
                let length = (dx * dx + dy * dy).sqrt();
                (length, 0.5 * (a.width_px() + b.width_px()))
            })
        })
    }
}
