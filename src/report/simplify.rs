//! Centre lines with fewer points that say the same to a quarter of a pixel.

use crate::measure::CentrePoint;

/// What a left-out point may be off the line between its neighbours, in place
/// and in width alike; below what the measuring itself can tell.
pub const TOLERANCE_PX: f64 = 0.25;

/// `points` without those that straight pieces of evenly changing width
/// reproduce to [`TOLERANCE_PX`] (Douglas and Peucker); both ends stay.
pub fn simplify(points: &[CentrePoint]) -> Vec<CentrePoint> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut kept = vec![false; points.len()];
    kept[0] = true;
    kept[last] = true;
    let mut pieces = vec![(0, last)];
    while let Some((from, to)) = pieces.pop() {
        if let Some((at, distance)) = farthest(points, from, to)
            && distance > TOLERANCE_PX
        {
            kept[at] = true;
            pieces.extend([(from, at), (at, to)]);
        }
    }
    points.iter().zip(kept).filter_map(|(point, kept)| kept.then_some(*point)).collect()
}

/// The point between `from` and `to` that is farthest off the piece between them, and how far.
fn farthest(points: &[CentrePoint], from: usize, to: usize) -> Option<(usize, f64)> {
    let off = |at: usize| (at, distance(points[at], points[from], points[to]));
    (from + 1..to).map(off).max_by(|a, b| a.1.total_cmp(&b.1))
}

fn distance(point: CentrePoint, from: CentrePoint, to: CentrePoint) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let squared = dx * dx + dy * dy;
    // A branch that closes on itself has no direction from end to end.
    let along = if squared > 0.0 { ((point.x - from.x) * dx + (point.y - from.y) * dy) / squared } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    let aside = (point.x - from.x - along * dx).hypot(point.y - from.y - along * dy);
    let wider = (point.width_px - from.width_px - along * (to.width_px - from.width_px)).abs();
    aside.max(wider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(width_px: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Vec<CentrePoint> {
        (0..=200).map(f64::from).map(|x| CentrePoint { x, y: y(x), width_px: width_px(x) }).collect()
    }

    #[test]
    fn a_straight_wedge_needs_its_two_ends() {
        let points = line(|x| 2.0 + 0.05 * x, |x| 0.5 * x);
        assert_eq!(simplify(&points), [points[0], points[200]]);
    }

    #[test]
    fn what_is_left_out_lies_on_what_stays() {
        let points = line(|x| 4.0 + (x / 9.0).cos(), |x| 12.0 * (x / 20.0).sin());
        let kept = simplify(&points);
        assert!(kept.len() > 10 && kept.len() < 100, "{} points", kept.len());
        for point in &points {
            let nearest = kept.windows(2).map(|piece| distance(*point, piece[0], piece[1])).fold(f64::MAX, f64::min);
            assert!(nearest <= TOLERANCE_PX, "{point:?} is {nearest} px off");
        }
    }

    #[test]
    fn a_sudden_width_on_a_straight_line_stays() {
        let points = line(|x| if x == 100.0 { 9.0 } else { 3.0 }, |_| 5.0);
        assert!(simplify(&points).iter().any(|point| point.width_px == 9.0));
    }

    #[test]
    fn a_ring_stays_round() {
        let around = |i: i32| f64::from(i) * std::f64::consts::TAU / 60.0;
        let ring: Vec<_> = (0..=60)
            .map(|i| CentrePoint { x: 20.0 * around(i).cos(), y: 20.0 * around(i).sin(), width_px: 3.0 })
            .collect();
        assert!(simplify(&ring).len() > 12);
        assert!(simplify(&[]).is_empty());
    }
}
