//! 95 % intervals of lengths and widths.
//!
//! Four things make a figure uncertain: pixels are counted and not continuous
//! (sampling), the lens rounds the lips (blur), a lip is where somebody draws
//! the line between dark and light (threshold), and the light beside a crack
//! may be no lip at all (worn edges, dirt). The scale's own error joins when
//! millimetres are asked for. The constants were set by looking at
//! drawn photographs and at labels that people drew; docs/measuring.md tells
//! how well they hold on others.

use super::evidence::Evidence;
use super::geometry::{Vec2, add, from_end, length, outward, scaled, smoothed};
use super::survey::Estimate;
use super::trace::{GreyQuality, Trace};

/// 97.5 % point of the normal distribution.
const Z95: f64 = 1.96;

/// Half the interval of a mean width from a label: pixels that are counted or not, and ragged rims.
const LABEL_MEAN_PX: f64 = 0.25;
/// What people who draw lips by hand disagree by.
const LIP_PX: f64 = 0.7;
/// Share of the blur's deviation that stays in a width after it was taken off.
const BLUR_SHARE: f64 = 0.3;
/// Half interval of lips that the light does not tell.
const GUESSED_PX: f64 = 1.5;
/// Half interval as a share of the width, below and above: worn lips look dark, so the truth is rather narrower.
const WIDTH_SHARES: [f64; 2] = [0.18, 0.12];
/// Length along a crack, in pixels, over which errors of local widths hang together.
const CORRELATION_PX: f64 = 6.0;

/// How sure the widths of a crack are.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    /// Half interval of means, below and above.
    mean: [f64; 2],
    /// Half interval of a single place beyond that of means.
    local: f64,
}

impl Widths {
    /// The uncertainty of the widths of `trace`, `mean_px` wide on average.
    pub fn new(trace: &Trace, mean_px: f64) -> Self {
        let noise = noise(trace);
        let count: usize = trace.branches.iter().map(|branch| branch.line.len()).sum();
        let sampling = Z95 * noise / (count as f64 / CORRELATION_PX).max(1.0).sqrt();
        let mean = match quality(trace) {
            Some(grey) => grey_systematic(grey, mean_px).map(|systematic| systematic.hypot(sampling)),
            None => [LABEL_MEAN_PX.hypot(sampling); 2],
        };
        Self { mean, local: Z95 * noise }
    }

    /// A mean or median of these widths with its interval.
    pub fn mean(&self, value: f64) -> Estimate {
        Estimate { value, low: (value - self.mean[0]).max(0.0), high: value + self.mean[1] }
    }

    /// The width at one place with its interval.
    pub fn local(&self, value: f64) -> Estimate {
        let [below, above] = self.mean.map(|half| half.hypot(self.local));
        Estimate { value, low: (value - below).max(0.0), high: value + above }
    }
}

/// Deviation of local widths from their smoothed course, in pixels.
fn noise(trace: &Trace) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for branch in &trace.branches {
        let raw: Vec<f64> = branch.widths().collect();
        let smooth = smoothed(&raw, CORRELATION_PX / 2.0);
        sum += raw.iter().zip(smooth).map(|(raw, smooth)| (raw - smooth).powi(2)).sum::<f64>();
        count += raw.len() as f64;
    }
    (sum / f64::max(count, 1.0)).sqrt()
}

/// What the grey levels tell of the whole crack.
fn quality(trace: &Trace) -> Option<GreyQuality> {
    let mut seen = 0.0;
    trace.branches.iter().filter_map(|branch| Some((branch.grey?, branch.line.len() as f64))).fold(
        None,
        |all: Option<GreyQuality>, (grey, count)| {
            seen += count;
            Some(all.map_or(grey, |all| all.mixed(grey, count / seen)))
        },
    )
}

/// Systematic half intervals of a mean width from grey levels, below and above.
fn grey_systematic(grey: GreyQuality, mean_px: f64) -> [f64; 2] {
    let guessed = 1.0 - grey.told;
    let common = LIP_PX.hypot(BLUR_SHARE * grey.blur_px).hypot(GUESSED_PX * guessed);
    WIDTH_SHARES.map(|share| common.hypot(share * mean_px))
}

/// Deviations of a length.
struct Lengths {
    /// Where a tip is found: pixels, and share of the width.
    tip: (f64, f64),
    /// Smoothing and course, as a share of the length.
    course: f64,
    /// What a junction adds or takes, as a share of the width.
    junction: f64,
}

/// From a label.
const FROM_LABEL: Lengths = Lengths { tip: (0.5, 0.06), course: 0.003, junction: 0.15 };
/// From probabilities, whose ends and side branches are a matter of the model's taste.
const FROM_MODEL: Lengths = Lengths { tip: (2.0, 0.2), course: 0.03, junction: 0.4 };
/// A crack this clear is seen to its ends; of fainter ones the more may be missing the fainter they are.
const CLEAR: f64 = 12.0;
/// What may be missing at each end of a crack half as clear, in pixels, as long as it is not more than is seen.
const UNSEEN_PX: f64 = 60.0;
/// Tips this near to the frame end because the photograph does.
const FRAME_PX: f64 = 3.0;
/// The tip of a prediction may lie where the evidence is this many times the threshold, or this share of it.
const TIP_EVIDENCE: [f64; 2] = [0.25, 1.6];
/// How far that is looked for, in pixels.
const TIP_REACH_PX: f64 = 40.0;

/// A length with its interval.
pub fn length_px(trace: &Trace, value: f64, width_px: f64, evidence: Evidence) -> Estimate {
    let junctions = trace.degrees.iter().filter(|degree| **degree > 2).count() as f64;
    let (mut tips, mut open, mut beyond, mut short) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    for branch in &trace.branches {
        for end in [0, 1].into_iter().filter(|&end| branch.free[end]) {
            tips += 1.0;
            let tip = branch.line[from_end(branch.line.len(), end, 0)];
            open += f64::from(u8::from(!evidence.is_at_frame(tip, FRAME_PX)));
            if let Evidence::Probabilities(..) = evidence {
                let [out, back] = tip_range(&branch.line, end, evidence);
                (beyond, short) = (beyond.hypot(out), short.hypot(back));
            }
        }
    }
    let Lengths { tip, course, junction } = match evidence {
        Evidence::Label(_) => FROM_LABEL,
        Evidence::Probabilities(..) => FROM_MODEL,
    };
    let variance = tips * (tip.0 + tip.1 * width_px).powi(2)
        + (course * value).powi(2)
        + junctions * (junction * width_px).powi(2);
    let sampling = Z95 * variance.sqrt();
    let faint = quality(trace).map_or(0.0, |grey| (CLEAR / grey.clearness.max(1.0) - 1.0).max(0.0));
    let missing = faint * value.min(open * UNSEEN_PX);
    Estimate {
        value,
        low: (value - sampling.hypot(short)).max(0.0),
        high: value + sampling.hypot(beyond).hypot(missing),
    }
}

/// How far beyond its tip a branch may go on, and how far before it it may end.
fn tip_range(line: &[Vec2], end: usize, evidence: Evidence) -> [f64; 2] {
    let last = line.len() - 1;
    let at = |back: usize| line[from_end(line.len(), end, back)];
    let outward = outward(line, end, last.min(12));
    let strength = |point: Vec2| evidence.strength(point);
    let out = (1..TIP_REACH_PX as usize)
        .take_while(|&s| strength(add(at(0), scaled(outward, s as f64))) >= TIP_EVIDENCE[0])
        .count();
    let back = (0..(TIP_REACH_PX as usize).min(last)).take_while(|&s| strength(at(s)) < TIP_EVIDENCE[1]).count();
    let total = length(line);
    [out as f64, (back as f64).min(0.5 * total)]
}
