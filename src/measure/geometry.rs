//! Plane vectors, and lines made of points about a pixel apart.

/// A point or direction: column, row.
pub type Vec2 = [f64; 2];

pub fn add(a: Vec2, b: Vec2) -> Vec2 {
    [a[0] + b[0], a[1] + b[1]]
}

pub fn sub(a: Vec2, b: Vec2) -> Vec2 {
    [a[0] - b[0], a[1] - b[1]]
}

pub fn scaled(a: Vec2, factor: f64) -> Vec2 {
    [a[0] * factor, a[1] * factor]
}

pub fn dot(a: Vec2, b: Vec2) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub fn norm(a: Vec2) -> f64 {
    a[0].hypot(a[1])
}

pub fn distance(a: Vec2, b: Vec2) -> f64 {
    norm(sub(a, b))
}

/// `a` at length one; zero stays zero.
pub fn unit(a: Vec2) -> Vec2 {
    let length = norm(a);
    if length > 0.0 { scaled(a, 1.0 / length) } else { a }
}

/// `a` turned by a quarter, to the left of travel as seen with y down.
pub fn left_of(a: Vec2) -> Vec2 {
    [a[1], -a[0]]
}

/// The point that lies `share` of the way from `a` to `b`.
pub fn between(a: Vec2, b: Vec2, share: f64) -> Vec2 {
    add(a, scaled(sub(b, a), share))
}

/// The value at `point`, bilinear between the middles of pixels; `pixel` gives that of a column and row.
pub fn bilinear(point: Vec2, pixel: impl Fn(isize, isize) -> f64) -> f64 {
    let (x, y) = (point[0] - 0.5, point[1] - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (sx, sy) = (x - left, y - top);
    let (left, top) = (left as isize, top as isize);
    let row = |y: isize| (1.0 - sx) * pixel(left, y) + sx * pixel(left + 1, y);
    (1.0 - sy) * row(top) + sy * row(top + 1)
}

/// Index of the item that lies `inward` items from the first (`end` 0) or the last (`end` 1) of `count`.
pub fn from_end(count: usize, end: usize, inward: usize) -> usize {
    if end == 0 { inward } else { count - 1 - inward }
}

/// The unit direction out of the end of a line, from the point `span` points before it.
pub fn outward(line: &[Vec2], end: usize, span: usize) -> Vec2 {
    let at = |inward: usize| line[from_end(line.len(), end, inward)];
    unit(sub(at(0), at(span)))
}

/// Length of a line of points.
pub fn length(line: &[Vec2]) -> f64 {
    line.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
}

/// The same line with points one pixel apart or a little less; both ends stay.
pub fn resampled(line: &[Vec2]) -> Vec<Vec2> {
    let total = length(line);
    let steps = total.ceil().max(1.0) as usize;
    let mut points = Vec::with_capacity(steps + 1);
    let (mut piece, mut behind) = (0, 0.0);
    for i in 0..=steps {
        let wanted = total * i as f64 / steps as f64;
        while piece + 2 < line.len() && behind + distance(line[piece], line[piece + 1]) < wanted {
            behind += distance(line[piece], line[piece + 1]);
            piece += 1;
        }
        let (a, b) = (line[piece], line[(piece + 1).min(line.len() - 1)]);
        let here = distance(a, b);
        points.push(if here > 0.0 { between(a, b, ((wanted - behind) / here).min(1.0)) } else { a });
    }
    points
}

/// The part of a line that is left when `first` and `last` pixels are cut off its ends.
pub fn trimmed(line: &[Vec2], first: f64, last: f64) -> Vec<Vec2> {
    let points = resampled(line);
    let step = length(line) / (points.len() - 1) as f64;
    let skip = |cut: f64| if step > 0.0 { (cut / step).round() as usize } else { 0 };
    let (from, to) = (skip(first), points.len().saturating_sub(skip(last)));
    if from + 1 < to { points[from..to].to_vec() } else { vec![points[points.len() / 2]] }
}

/// A Gaussian of deviation `sigma` samples run along `values`.
///
/// Beyond an end the values are mirrored through it, so that both ends stay
/// and a straight run stays straight.
pub fn smoothed(values: &[f64], sigma: f64) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as isize;
    let count = values.len() as isize;
    if count < 3 || reach == 0 {
        return values.to_vec();
    }
    let weights: Vec<f64> = (-reach..=reach).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let at = |i: isize| -> f64 {
        let (first, last) = (values[0], values[values.len() - 1]);
        match i {
            _ if i < 0 => 2.0 * first - values[(-i).min(count - 1) as usize],
            _ if i >= count => 2.0 * last - values[(2 * (count - 1) - i).max(0) as usize],
            _ => values[i as usize],
        }
    };
    (0..count).map(|i| weights.iter().zip(i - reach..).map(|(w, k)| w * at(k)).sum::<f64>() / total).collect()
}

/// A smoothed line that bends as much as before: what the Gaussian takes off is
/// smoothed and put back (Tukey's twicing), so that waves keep their height.
pub fn smoothed_line(line: &[Vec2], sigma: f64) -> Vec<Vec2> {
    let axis = |k: usize| {
        let values: Vec<f64> = line.iter().map(|point| point[k]).collect();
        let once = smoothed(&values, sigma);
        let lost: Vec<f64> = values.iter().zip(&once).map(|(value, smooth)| value - smooth).collect();
        let back = smoothed(&lost, sigma);
        once.iter().zip(back).map(|(smooth, lost)| smooth + lost).collect::<Vec<_>>()
    };
    axis(0).into_iter().zip(axis(1)).map(|(x, y)| [x, y]).collect()
}

/// The direction of travel at point `i`, from the points up to `reach` before and after.
pub fn tangent(line: &[Vec2], i: usize, reach: usize) -> Vec2 {
    unit(sub(line[(i + reach).min(line.len() - 1)], line[i.saturating_sub(reach)]))
}

/// The running median of `values` over `2 × reach + 1` samples, fewer at the ends.
pub fn running_median(values: &[f64], reach: usize) -> Vec<f64> {
    let mut window = Vec::new();
    (0..values.len())
        .map(|i| {
            let reach = reach.min(i).min(values.len() - 1 - i);
            window.clear();
            window.extend_from_slice(&values[i - reach..=i + reach]);
            median(&mut window)
        })
        .collect()
}

/// The median; zero of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a share `q` of `values` lies; zero of nothing.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let place = q * (values.len() - 1) as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(values.len() - 1);
    values[low] + share * (values[high] - values[low])
}
