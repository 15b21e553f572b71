//! Lips from the grey levels across a crack, to a part of a pixel.
//!
//! On either side the lip is where the light is half way between the darkness
//! inside and the surface beside it, in linear light, because lenses blur light
//! and not sRGB values. Between soft lips that reads too wide where the crack is
//! hardly wider than the blur; the blur is taken from the steepness of all lips
//! of the photograph and its share taken off again.

use image::RgbImage;

use super::geometry::{Vec2, add, bilinear, left_of, median, quantile, running_median, scaled, smoothed, tangent};

/// Distance between samples across the crack, in pixels.
const STEP: f64 = 0.5;
/// Where the surface beside a crack is read: from and to, in pixels beyond the lip.
const BESIDE_PX: [f64; 2] = [2.5, 7.5];
/// How far, at most, the lip may lie from where the evidence puts it: pixels, and share of the half width.
const TOLERANCE: (f64, f64) = (2.5, 0.4);
/// A lip counts when the step there is this many times the surface's own roughness.
const LEAST_CONTRAST: f64 = 2.0;
/// Half width, in samples along the crack, over which profiles are averaged.
const ALONG_SIGMA: f64 = 1.5;
/// Cracks at least this wide tell how sharp the photograph is.
const SHARPNESS_FROM_PX: f64 = 5.0;
/// Blur (Gaussian deviation in pixels) when no crack is wide enough to tell it.
const USUAL_BLUR_PX: f64 = 1.0;
/// Full width at half maximum of a Gaussian in units of its deviation.
const FWHM: f64 = 2.354_82;
/// Exponent by which the half-level width of a blurred bar, its true width and the blur's own add up (within 2 %).
const BLUR_EXPONENT: f64 = 3.5;

/// A photograph's light.
pub struct Light<'a> {
    photo: &'a RgbImage,
    linear: [f64; 256],
}

impl<'a> Light<'a> {
    /// The light of an sRGB photograph.
    pub fn new(photo: &'a RgbImage) -> Self {
        let linear = std::array::from_fn(|v| {
            let v = v as f64 / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        Self { photo, linear }
    }

    /// Luminance of a pixel, 0..1 (Rec. 709); beyond the frame that of the nearest one.
    fn pixel(&self, x: isize, y: isize) -> f64 {
        let (width, height) = self.photo.dimensions();
        let (x, y) = (x.clamp(0, width as isize - 1) as u32, y.clamp(0, height as isize - 1) as u32);
        let [r, g, b] = self.photo.get_pixel(x, y).0.map(|v| self.linear[usize::from(v)]);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Luminance anywhere, bilinear.
    pub fn at(&self, point: Vec2) -> f64 {
        bilinear(point, |x, y| self.pixel(x, y))
    }
}

/// What the light says of the lips of one branch.
#[derive(Debug, Clone)]
pub struct GreyLips {
    /// Distance to the left and to the right lip at each point; none where the light does not tell.
    pub lips: Vec<[Option<f64>; 2]>,
    /// Estimates of the blur from wide, clear lips: Gaussian deviations in pixels.
    pub blurs: Vec<f64>,
    /// Typical step at a lip in units of the surface's roughness.
    pub clearness: f64,
}

/// Light across a branch: a row for each of its points.
struct Profiles {
    rows: Vec<Vec<f64>>,
    /// Index of the sample on the centre line.
    middle: usize,
}

impl Profiles {
    fn new(light: &Light, line: &[Vec2], reach: usize, half_px: f64) -> Self {
        let middle = (half_px / STEP).ceil() as usize;
        let rows: Vec<Vec<f64>> = (0..line.len())
            .map(|i| {
                let across = left_of(tangent(line, i, reach));
                let offset = |k: usize| (k as f64 - middle as f64) * STEP;
                (0..=2 * middle).map(|k| light.at(add(line[i], scaled(across, offset(k))))).collect()
            })
            .collect();
        let columns: Vec<Vec<f64>> = (0..=2 * middle)
            .map(|k| smoothed(&rows.iter().map(|row| row[k]).collect::<Vec<_>>(), ALONG_SIGMA))
            .collect();
        let rows = (0..line.len()).map(|i| columns.iter().map(|column| column[i]).collect()).collect();
        Self { rows, middle }
    }

    /// Light at row `i`, `s` pixels to the left (`side` 1) or right (−1) of the centre line.
    fn at(&self, i: usize, side: f64, s: f64) -> f64 {
        let row = &self.rows[i];
        let place = (self.middle as f64 + side * s / STEP).clamp(0.0, row.len() as f64 - 1.0);
        let (low, share) = (place.floor() as usize, place.fract());
        row[low] + share * (row[(low + 1).min(row.len() - 1)] - row[low])
    }

    fn samples(&self, i: usize, side: f64, from: f64, to: f64) -> impl Iterator<Item = f64> + '_ {
        let count = ((to - from) / STEP).max(0.0) as usize;
        (0..=count).map(move |k| self.at(i, side, from + k as f64 * STEP))
    }
}

/// Looks for the lips of `line` near where the evidence puts them (`near`, left and right of each point).
pub fn lips(light: &Light, line: &[Vec2], near: &[[f64; 2]]) -> GreyLips {
    let mut halves: Vec<f64> = near.iter().flatten().copied().collect();
    let widest = quantile(&mut halves, 0.98);
    let reach = 1 + median(&mut halves).round() as usize;
    let profiles = Profiles::new(light, line, reach, widest + TOLERANCE.0 + BESIDE_PX[1]);
    let roughness = roughness(&profiles, near);
    let mut blurs = Vec::new();
    let mut clearness = Vec::new();
    let mut lips = Vec::with_capacity(line.len());
    for (i, near) in near.iter().enumerate() {
        let found: [Option<Lip>; 2] = std::array::from_fn(|k| lip(&profiles, i, [1.0, -1.0][k], near[k], roughness));
        if let [Some(left), Some(right)] = &found
            && left.at + right.at >= SHARPNESS_FROM_PX
        {
            blurs.extend([left.blur, right.blur]);
        }
        clearness.extend(found.iter().map(|lip| lip.as_ref().map_or(0.0, |lip| lip.step / roughness.max(1e-6))));
        lips.push(found.map(|lip| lip.map(|lip| lip.at)));
    }
    GreyLips { lips, blurs, clearness: median(&mut clearness) }
}

/// Deviation of the surface's light beside the crack, robustly.
fn roughness(profiles: &Profiles, near: &[[f64; 2]]) -> f64 {
    let mut deviations = Vec::new();
    for (i, near) in near.iter().enumerate().step_by(3) {
        for (side, lip) in [1.0, -1.0].into_iter().zip(near) {
            let mut beside: Vec<f64> = profiles.samples(i, side, lip + BESIDE_PX[0], lip + BESIDE_PX[1]).collect();
            let middle = median(&mut beside);
            deviations.extend(beside.iter().map(|value| (value - middle).abs()));
        }
    }
    1.4826 * median(&mut deviations)
}

/// One lip in the light.
struct Lip {
    at: f64,
    step: f64,
    blur: f64,
}

fn lip(profiles: &Profiles, i: usize, side: f64, near: f64, roughness: f64) -> Option<Lip> {
    let mut beside: Vec<f64> = profiles.samples(i, side, near + BESIDE_PX[0], near + BESIDE_PX[1]).collect();
    let surface = median(&mut beside);
    let inner = near.max(STEP);
    // The darkest place may lie a little beyond a centre line that is not quite in the middle.
    let (from, darkest) = profiles
        .samples(i, side, -0.5 * inner.min(2.0), inner)
        .enumerate()
        .map(|(k, value)| (k as f64 * STEP - 0.5 * inner.min(2.0), value))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let step = surface - darkest;
    if step < LEAST_CONTRAST * roughness || step < 0.05 * surface {
        return None;
    }
    let limit = near + TOLERANCE.0 + TOLERANCE.1 * near;
    let at = crossing(profiles, i, side, (from, limit), darkest + 0.5 * step)?;
    if (at - near).abs() > TOLERANCE.0 + TOLERANCE.1 * near {
        return None;
    }
    let slope = (profiles.at(i, side, at + STEP) - profiles.at(i, side, at - STEP)) / (2.0 * STEP);
    let blur = step / (slope.max(1e-9) * (2.0 * std::f64::consts::PI).sqrt());
    Some(Lip { at, step, blur })
}

/// Where the light first rises to `level` on the way out.
fn crossing(profiles: &Profiles, i: usize, side: f64, (from, to): (f64, f64), level: f64) -> Option<f64> {
    let mut before = profiles.at(i, side, from);
    let steps = ((to - from) / STEP).ceil().max(0.0) as usize;
    for k in 1..=steps {
        let s = from + k as f64 * STEP;
        let here = profiles.at(i, side, s);
        if here >= level {
            return Some(s - STEP * (here - level) / (here - before).max(1e-12));
        }
        before = here;
    }
    None
}

/// The blur of a photograph from its lips: the sharper third, because ragged lips look soft.
pub fn blur(mut estimates: Vec<f64>) -> f64 {
    if estimates.len() < 20 { USUAL_BLUR_PX } else { quantile(&mut estimates, 0.3).clamp(0.4, 4.0) }
}

/// The true width of a bar that reads `half_level_px` wide at half its depth through a lens of `blur`.
pub fn without_blur(half_level_px: f64, blur: f64) -> f64 {
    let own = (FWHM * blur).powf(BLUR_EXPONENT);
    let rest = half_level_px.powf(BLUR_EXPONENT) - own;
    // Below a third of the blur's own width nothing is told any more.
    rest.max((FWHM * blur / 3.0).powf(BLUR_EXPONENT)).powf(1.0 / BLUR_EXPONENT).min(half_level_px)
}

/// Lips at every point: those from the light, and between them the evidence's, moved outward by `shift` pixels.
pub fn completed(grey: &GreyLips, near: &[[f64; 2]], shift: f64) -> Vec<[f64; 2]> {
    let side = |k: usize| {
        let raw: Vec<f64> =
            grey.lips.iter().zip(near).map(|(lip, near)| lip[k].unwrap_or((near[k] + shift).max(0.2))).collect();
        running_median(&raw, 2)
    };
    side(0).into_iter().zip(side(1)).map(|(left, right)| [left, right]).collect()
}

/// How far the light moves the lips of a branch outward, if it tells enough of them.
pub fn shift(grey: &GreyLips, near: &[[f64; 2]]) -> Option<f64> {
    const LEAST: usize = 10;
    let mut shifts: Vec<f64> = grey
        .lips
        .iter()
        .zip(near)
        .flat_map(|(lip, near)| [lip[0].map(|l| l - near[0]), lip[1].map(|l| l - near[1])])
        .flatten()
        .collect();
    (shifts.len() >= LEAST).then(|| median(&mut shifts))
}
