//! Short regions without a certain core are no cracks.
//!
//! Hysteresis thresholding after Canny (1986), for what is short: a short region of crack pixels counts only where the
//! network is nearly certain somewhere in it. Pores, shadows and stains give short streaks of middling probability; a fine
//! crack may be as faint, but it goes on.

use rayon::prelude::*;

use crate::measure::{CrackPixels, Run, regions, runs_of};
use crate::net::ModelMetadata;
use crate::vision::ProbabilityMap;

/// Regions whose bounding box has at least this diagonal, in pixels of the photograph, need no core. Of 60, 80, 100 and 120
/// with each core, this one lost the least F1 on validation for the false alarms that it prevents.
const LONG_PX: f64 = 120.0;

/// Lowers what is short and has no core in the answers of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoreRule {
    /// Probability from which on a pixel counts as crack.
    pub threshold: f32,
    /// Probability that a short region of such pixels has to reach somewhere.
    pub core: f32,
}

/// The pixels of a map that reach a level.
struct Reaching<'a> {
    map: &'a ProbabilityMap,
    level: u16,
}

impl CrackPixels for Reaching<'_> {
    fn size(&self) -> (usize, usize) {
        (self.map.width() as usize, self.map.height() as usize)
    }

    fn runs(&self, y: usize, runs: &mut Vec<Run>) {
        let width = self.map.width() as usize;
        runs_of(&self.map.values()[y * width..][..width], y, |value| value >= self.level, runs);
    }
}

impl CoreRule {
    /// The rule of a model; `None` where it asks for no core.
    pub fn of(metadata: &ModelMetadata) -> Option<Self> {
        let ModelMetadata { threshold, core, .. } = *metadata;
        (core > threshold).then_some(Self { threshold, core })
    }

    /// Lowers the short 8-connected regions at the model's threshold that nowhere reach `core` to just below that
    /// threshold, where they remain to be seen by who asks for less.
    pub fn apply(self, map: &mut ProbabilityMap) {
        let (level, core) = (ProbabilityMap::level(self.threshold), ProbabilityMap::level(self.core));
        let width = map.width() as usize;
        let place = |run: &Run| run.y * width + run.from..run.y * width + run.to;
        let values = map.values();
        let weak: Vec<Vec<Run>> = regions(&Reaching { map, level })
            .into_par_iter()
            .filter(|runs| diagonal_px(runs) < LONG_PX)
            .filter(|runs| !runs.iter().any(|run| values[place(run)].iter().any(|&value| value >= core)))
            .collect();
        for run in weak.iter().flatten() {
            map.values_mut()[place(run)].fill(level.saturating_sub(1));
        }
    }
}

/// Of the bounding box of runs from top to bottom.
fn diagonal_px(runs: &[Run]) -> f64 {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return 0.0 };
    let left = runs.iter().map(|run| run.from).min().unwrap_or(first.from);
    let right = runs.iter().map(|run| run.to).max().unwrap_or(first.to);
    ((right - left) as f64).hypot((last.y + 1 - first.y) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_regions_stay_only_with_a_core() {
        let picture = ["55.....", "..9..4.", ".......", "556.555"];
        let value = |c: u8| if c == b'.' { 0 } else { ProbabilityMap::quantise(f32::from(c - b'0') / 10.0) };
        let values = picture.iter().flat_map(|row| row.bytes().map(value)).collect();
        let mut map = ProbabilityMap::new(7, 4, values);
        CoreRule { threshold: 0.45, core: 0.9 }.apply(&mut map);
        let kept: Vec<String> = map
            .rows()
            .map(|row| row.iter().map(|&v| if v >= ProbabilityMap::level(0.45) { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(kept, ["##.....", "..#....", ".......", "......."]);
        assert_eq!(map.values()[12], ProbabilityMap::quantise(0.4), "what was below the threshold is as it was");
        assert_eq!(map.values()[21], ProbabilityMap::level(0.45) - 1, "who asks for less sees it again");
        CoreRule { threshold: 1e-6, core: 0.95 }.apply(&mut map);
        assert!(map.values().iter().all(|&value| value == 0), "below the lowest level there is none");
    }

    #[test]
    fn long_regions_need_no_core() {
        let faint = ProbabilityMap::quantise(0.6);
        let staircase = |steps: usize| {
            let mut map = ProbabilityMap::new(90, 90, vec![0; 8100]);
            (0..steps).for_each(|step| map.values_mut()[91 * step] = faint);
            CoreRule { threshold: 0.5, core: 0.9 }.apply(&mut map);
            map.values().iter().filter(|&&value| value == faint).count()
        };
        assert_eq!(
            (staircase(84), staircase(85)),
            (0, 85),
            "84 steps are 118.8 px from corner to corner, 85 are 120.2 px"
        );
    }
}
