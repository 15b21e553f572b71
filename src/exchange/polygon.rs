//! Regions of a mask as polygons along the edges of their pixels, and polygons as pixels.

use super::coco::CocoError;
use super::rle::mark_columns;
use crate::measure::{CrackPixels, Run, regions, runs_of};
use crate::vision::BinaryMask;

struct Marked<'a>(&'a BinaryMask);

impl CrackPixels for Marked<'_> {
    fn size(&self) -> (usize, usize) {
        (self.0.width as usize, self.0.height as usize)
    }

    fn runs(&self, y: usize, runs: &mut Vec<Run>) {
        let width = self.0.width as usize;
        runs_of(&self.0.pixels[y * width..][..width], y, |on| on, runs);
    }
}

/// A connected region of a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Number of pixels.
    pub area: u64,
    /// Left, top, width and height in pixels.
    pub bounds: [u32; 4],
    /// Corners around it, x and y in turn; none if it has holes, which COCO's polygons cannot have.
    pub outline: Option<Vec<u32>>,
    runs: Vec<Run>,
}

impl Region {
    /// The 8-connected regions of `mask`, from top to bottom.
    pub fn all(mask: &BinaryMask) -> Vec<Self> {
        regions(&Marked(mask)).into_iter().map(|runs| Self::new(runs, mask)).collect()
    }

    fn new(runs: Vec<Run>, mask: &BinaryMask) -> Self {
        let left = runs.iter().map(|run| run.from).min().unwrap_or(0);
        let right = runs.iter().map(|run| run.to).max().unwrap_or(0);
        let (top, bottom) = (runs.first().map_or(0, |run| run.y), runs.last().map_or(0, |run| run.y + 1));
        let area = runs.iter().map(|run| (run.to - run.from) as u64).sum();
        let bounds = [left as u32, top as u32, (right - left) as u32, (bottom - top) as u32];
        let outline = outline(&runs, mask);
        Self { area, bounds, outline, runs }
    }

    /// The region alone, in the size of `mask`.
    pub fn mask(&self, mask: &BinaryMask) -> BinaryMask {
        let mut pixels = vec![false; mask.pixels.len()];
        for run in &self.runs {
            pixels[run.y * mask.width as usize..][run.from..run.to].fill(true);
        }
        BinaryMask { pixels, ..*mask }
    }
}

/// Right, down, left, up: clockwise, with the region on the right hand.
const STEPS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// Walks around the region; no outline if that does not pass all of its edges.
///
/// Regions of a mask do not touch, not even at corners, so pixels can be looked up in the mask itself.
fn outline(runs: &[Run], mask: &BinaryMask) -> Option<Vec<u32>> {
    let start = runs.first()?;
    let marked = |x: i64, y: i64| {
        let inside = x >= 0 && y >= 0 && x < i64::from(mask.width) && y < i64::from(mask.height);
        inside && mask.pixels[y as usize * mask.width as usize + x as usize]
    };
    let first = (start.from as i64, start.y as i64);
    let ((mut x, mut y), mut heading) = (first, 0);
    let (mut corners, mut passed) = (vec![first.0 as u32, first.1 as u32], 0_u64);
    loop {
        let (dx, dy) = STEPS[heading];
        (x, y) = (x + dx, y + dy);
        passed += 1;
        // The two pixels ahead of the corner that was reached.
        let (left, right) = match heading {
            0 => ((x, y - 1), (x, y)),
            1 => ((x, y), (x - 1, y)),
            2 => ((x - 1, y), (x - 1, y - 1)),
            _ => ((x - 1, y - 1), (x, y - 1)),
        };
        let next = if marked(left.0, left.1) {
            (heading + 3) % 4
        } else if marked(right.0, right.1) {
            heading
        } else {
            (heading + 1) % 4
        };
        if (x, y) == first && next == 0 {
            break;
        }
        if next != heading {
            corners.extend([x as u32, y as u32]);
        }
        heading = next;
    }
    (passed == edges(runs, &marked)).then_some(corners)
}

/// Number of pixel edges between the region and what is around and in it.
fn edges(runs: &[Run], marked: &impl Fn(i64, i64) -> bool) -> u64 {
    let across = |run: &Run| {
        let y = run.y as i64;
        (run.from..run.to)
            .map(|x| u64::from(!marked(x as i64, y - 1)) + u64::from(!marked(x as i64, y + 1)))
            .sum::<u64>()
    };
    runs.iter().map(|run| 2 + across(run)).sum()
}

/// pycocotools draws polygons on a grid this many times as fine.
const FINE: f64 = 5.0;

/// Marks the inside of a polygon, x and y in turn, by the rule of pycocotools' `rleFrPoly`.
///
/// # Errors
/// If it has fewer than three corners, or one of them lies outside the photograph.
pub fn mark_polygon(polygon: &[f64], mask: &mut BinaryMask) -> Result<(), CocoError> {
    if polygon.len() < 6 || !polygon.len().is_multiple_of(2) {
        return Err(CocoError::Polygon(format!("it has {} numbers; three corners are six", polygon.len())));
    }
    let (width, height) = (f64::from(mask.width), f64::from(mask.height));
    // Annotators round to half a pixel beyond the border.
    let is_inside = |at: &&[f64]| (-1.0..=width + 1.0).contains(&at[0]) && (-1.0..=height + 1.0).contains(&at[1]);
    if let Some(out) = polygon.chunks_exact(2).find(|at| !is_inside(at)) {
        return Err(CocoError::Polygon(format!("its corner ({}, {}) lies outside the photograph", out[0], out[1])));
    }
    let fine = |v: f64| (FINE * v + 0.5) as i64;
    let corners: Vec<(i64, i64)> = polygon.chunks_exact(2).map(|at| (fine(at[0]), fine(at[1]))).collect();
    let mut crossings = Vec::new();
    let mut before = None;
    for (i, &from) in corners.iter().enumerate() {
        line(from, corners[(i + 1) % corners.len()], |point| {
            if let Some(last) = before.replace(point) {
                crossings.extend(crossing(last, point, mask.width, mask.height));
            }
        });
    }
    crossings.sort_unstable();
    for pair in crossings.chunks(2) {
        mark_columns(mask, pair[0], pair.get(1).copied().unwrap_or(mask.pixels.len() as u64));
    }
    Ok(())
}

/// The points of the fine grid from one corner to the next.
fn line(from: (i64, i64), to: (i64, i64), mut visit: impl FnMut((i64, i64))) {
    let (dx, dy) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
    let flat = dx >= dy;
    let flip = if flat { from.0 > to.0 } else { from.1 > to.1 };
    let (start, end) = if flip { (to, from) } else { (from, to) };
    let length = dx.max(dy);
    let slope = match (flat, length) {
        (_, 0) => 0.0,
        (true, _) => (end.1 - start.1) as f64 / length as f64,
        (false, _) => (end.0 - start.0) as f64 / length as f64,
    };
    for step in 0..=length {
        let t = if flip { length - step } else { step };
        if flat {
            visit((t + start.0, (start.1 as f64 + slope * t as f64 + 0.5) as i64));
        } else {
            visit(((start.0 as f64 + slope * t as f64 + 0.5) as i64, t + start.1));
        }
    }
}

/// Where the border enters or leaves a column of pixels, counted column by column.
fn crossing(a: (i64, i64), b: (i64, i64), width: u32, height: u32) -> Option<u64> {
    if a.0 == b.0 {
        return None;
    }
    let left = if b.0 < a.0 { b.0 } else { b.0 - 1 };
    let column = (left as f64 + 0.5) / FINE - 0.5;
    if column.floor() != column || column < 0.0 || column > f64::from(width) - 1.0 {
        return None;
    }
    let row = ((a.1.min(b.1) as f64 + 0.5) / FINE - 0.5).clamp(0.0, f64::from(height)).ceil();
    Some(column as u64 * u64::from(height) + row as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(rows: &[&str]) -> BinaryMask {
        let pixels = rows.iter().flat_map(|row| row.bytes().map(|c| c == b'#')).collect();
        BinaryMask { width: rows[0].len() as u32, height: rows.len() as u32, pixels }
    }

    fn drawn(outline: &[u32], like: &BinaryMask) -> BinaryMask {
        let mut back = BinaryMask { pixels: vec![false; like.pixels.len()], ..*like };
        mark_polygon(&outline.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), &mut back).unwrap();
        back
    }

    #[test]
    fn a_region_becomes_its_corners() {
        let square = mask(&["....", ".##.", ".##.", "...."]);
        let regions = Region::all(&square);
        assert_eq!(regions[0].outline.as_deref(), Some([1, 1, 3, 1, 3, 3, 1, 3].as_slice()));
        assert_eq!((regions[0].area, regions[0].bounds), (4, [1, 1, 2, 2]));
        let ring = mask(&["###", "#.#", "###"]);
        assert_eq!(Region::all(&ring)[0].outline, None, "polygons have no holes");
        let pinched = mask(&["##.", "#.#", ".#."]);
        assert!(Region::all(&pinched)[0].outline.is_none(), "what corners close is a hole too");
    }

    proptest! {
        #[test]
        fn outlines_drawn_again_are_the_mask(width in 1..24_u32, pixels in prop::collection::vec(prop::bool::weighted(0.4), 24..300)) {
            let height = pixels.len() as u32 / width;
            let mask = BinaryMask { width, height, pixels: pixels[..(width * height) as usize].to_vec() };
            let mut back = BinaryMask { pixels: vec![false; mask.pixels.len()], ..mask };
            for region in Region::all(&mask) {
                let part = match &region.outline {
                    Some(outline) => drawn(outline, &mask),
                    None => region.mask(&mask),
                };
                prop_assert_eq!(part.count(), region.area);
                back.pixels.iter_mut().zip(part.pixels).for_each(|(on, also)| *on |= also);
            }
            prop_assert_eq!(back, mask);
        }
    }

    #[test]
    fn polygons_that_are_none_are_refused() {
        let mut mask = mask(&["....", "...."]);
        for bad in [
            &[1.0, 1.0, 2.0, 2.0][..],
            &[0.0; 7],
            &[0.0, 0.0, 9.0, 0.0, 1.0, 1.0],
            &[0.0, 0.0, f64::NAN, 0.0, 1.0, 1.0],
        ] {
            assert!(matches!(mark_polygon(bad, &mut mask), Err(CocoError::Polygon(_))), "{bad:?}");
        }
    }
}
