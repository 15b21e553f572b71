//! Signed distance to the lips of many strands, and masks from it.

use hairline::vision::BinaryMask;

use super::shapes::{Point, Station, Strand};

/// Side of a search cell in pixels.
const CELL: f64 = 8.0;
/// How far beyond the lips distances are told.
pub const REACH_PX: f64 = 6.0;
/// Points per pixel and axis where a lip passes through it.
const SAMPLES: usize = 8;
/// Half the diagonal of a pixel: further from the lips it is all in or all out.
const HALF_DIAGONAL: f64 = 0.7072;

#[derive(Debug, Clone, Copy)]
struct Piece {
    a: Station,
    b: Station,
    strand: u32,
    first: bool,
    last: bool,
}

/// Where a point lies relative to the nearest crack.
#[derive(Debug, Clone, Copy)]
pub struct Foot {
    /// Distance to the lips, negative between them.
    pub signed: f64,
    /// Position along the strand, and the width there.
    pub s: f64,
    pub width: f64,
    /// Which strand.
    pub strand: usize,
}

pub struct Outline {
    columns: usize,
    rows: usize,
    pieces: Vec<Piece>,
    cells: Vec<Vec<u32>>,
}

impl Outline {
    pub fn new<'a>(width: u32, height: u32, strands: impl IntoIterator<Item = &'a Strand>) -> Self {
        let columns = (f64::from(width) / CELL).ceil() as usize;
        let rows = (f64::from(height) / CELL).ceil() as usize;
        let mut outline = Self { columns, rows, pieces: Vec::new(), cells: vec![Vec::new(); columns * rows] };
        for (index, strand) in strands.into_iter().enumerate() {
            let count = strand.stations.len() - 1;
            for (i, pair) in strand.stations.windows(2).enumerate() {
                let (first, last) = (i == 0, i + 1 == count);
                outline.add(Piece { a: pair[0], b: pair[1], strand: index as u32, first, last });
            }
        }
        outline
    }

    fn add(&mut self, piece: Piece) {
        let reach = 0.5 * piece.a.width.max(piece.b.width) + REACH_PX;
        let span = |axis: usize, count: usize| {
            let (a, b) = (piece.a.at[axis], piece.b.at[axis]);
            let cell = |at: f64| (at / CELL).floor().clamp(0.0, count as f64) as usize;
            let beyond = a.max(b) + reach < 0.0;
            cell(a.min(b) - reach)..if beyond { 0 } else { (cell(a.max(b) + reach) + 1).min(count) }
        };
        for row in span(1, self.rows) {
            for column in span(0, self.columns) {
                self.cells[row * self.columns + column].push(self.pieces.len() as u32);
            }
        }
        self.pieces.push(piece);
    }

    fn cell_of(&self, [x, y]: Point) -> &[u32] {
        let clamped = |at: f64, count: usize| ((at / CELL).max(0.0) as usize).min(count - 1);
        &self.cells[clamped(y, self.rows) * self.columns + clamped(x, self.columns)]
    }

    /// Whether no lip is near the pixel's cell.
    pub fn is_far(&self, point: Point) -> bool {
        self.cell_of(point).is_empty()
    }

    /// The deepest of all strands at `point`, if any is near.
    pub fn foot(&self, point: Point) -> Option<Foot> {
        self.foot_among(self.cell_of(point), point)
    }

    /// The pieces that can be nearest to a point of the pixel with this `middle`, strand by strand.
    pub fn candidates(&self, middle: Point) -> Vec<u32> {
        let cell = self.cell_of(middle);
        let strand = |index: &u32| self.pieces[*index as usize].strand;
        let mut kept = Vec::new();
        for group in cell.chunk_by(|a, b| strand(a) == strand(b)) {
            let away = |index: &u32| self.pieces[*index as usize].foot(middle).0;
            let distances: Vec<f64> = group.iter().map(away).collect();
            let least = distances.iter().copied().fold(f64::MAX, f64::min);
            // Half a diagonal away, the nearest may be further and another nearer by as much.
            let near = group.iter().zip(distances).filter(|(_, away)| *away <= least + 2.0 * HALF_DIAGONAL);
            kept.extend(near.map(|(index, _)| *index));
        }
        kept
    }

    /// [`Self::foot`], where only these pieces count.
    pub fn foot_among(&self, pieces: &[u32], point: Point) -> Option<Foot> {
        let mut best: Option<Foot> = None;
        let mut nearest: Option<(f64, Foot)> = None;
        let mut strand = u32::MAX;
        for &index in pieces {
            let piece = &self.pieces[index as usize];
            if piece.strand != strand {
                best = deeper(best, nearest.take());
                strand = piece.strand;
            }
            let (away, foot) = piece.foot(point);
            if nearest.is_none_or(|(least, _)| away < least) {
                nearest = Some((away, foot));
            }
        }
        deeper(best, nearest)
    }

    pub fn is_inside(&self, point: Point) -> bool {
        self.foot(point).is_some_and(|foot| foot.signed <= 0.0)
    }

    /// Share of the pixel between lips.
    pub fn coverage(&self, column: u32, row: u32) -> f64 {
        let (x, y) = (f64::from(column), f64::from(row));
        let middle = [x + 0.5, y + 0.5];
        match self.foot(middle) {
            None => return 0.0,
            Some(foot) if foot.signed > HALF_DIAGONAL => return 0.0,
            Some(foot) if foot.signed < -HALF_DIAGONAL => return 1.0,
            Some(_) => {}
        }
        let candidates = self.candidates(middle);
        let offset = |i: usize| (i as f64 + 0.5) / SAMPLES as f64;
        let inside = |i: &usize| {
            let point = [x + offset(i % SAMPLES), y + offset(i / SAMPLES)];
            self.foot_among(&candidates, point).is_some_and(|foot| foot.signed <= 0.0)
        };
        (0..SAMPLES * SAMPLES).filter(inside).count() as f64 / (SAMPLES * SAMPLES) as f64
    }

    /// Pixels of which at least half lies between lips.
    pub fn mask(&self, width: u32, height: u32) -> BinaryMask {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        BinaryMask { width, height, pixels: pixels.map(|(x, y)| self.coverage(x, y) >= 0.5).collect() }
    }
}

fn deeper(best: Option<Foot>, other: Option<(f64, Foot)>) -> Option<Foot> {
    match (best, other) {
        (Some(best), Some((_, foot))) => Some(if foot.signed < best.signed { foot } else { best }),
        (best, other) => best.or(other.map(|(_, foot)| foot)),
    }
}

impl Piece {
    /// Distance from the piece, and where that is; square ends reach no further than the centre line.
    fn foot(&self, point: Point) -> (f64, Foot) {
        let Self { a, b, .. } = self;
        let along = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
        let to = [point[0] - a.at[0], point[1] - a.at[1]];
        let length = (b.s - a.s).max(1e-9);
        let projected = (along[0] * to[0] + along[1] * to[1]) / length;
        let lateral = (along[0] * to[1] - along[1] * to[0]).abs() / length;
        let beyond = (-projected).max(projected - length).max(0.0);
        let away = lateral.hypot(beyond);
        let share = (projected / length).clamp(0.0, 1.0);
        let (s, width) = (a.s + share * length, a.width + share * (b.width - a.width));
        let at_end = (self.first && projected < 0.0) || (self.last && projected > length);
        let from_lips = if at_end { (lateral - 0.5 * width).max(beyond) } else { away - 0.5 * width };
        (away, Foot { signed: from_lips, s, width, strand: self.strand as usize })
    }
}
