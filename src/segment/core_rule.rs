//! Regions without a certain core are no cracks.
//!
//! Hysteresis thresholding after Canny (1986): a region of crack pixels counts only where the network is nearly certain
//! somewhere in it. Joints, shadows and stains are outlined at middling probabilities; a crack has a core.

use rayon::prelude::*;

use crate::measure::{CrackPixels, Run, regions, runs_of};
use crate::net::ModelMetadata;
use crate::vision::ProbabilityMap;

/// Lowers what has no core in the answers of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoreRule {
    /// Probability from which on a pixel counts as crack.
    pub threshold: f32,
    /// Probability that a region of such pixels has to reach somewhere.
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

    /// Lowers the 8-connected regions at the model's threshold that nowhere reach `core` to just below that threshold,
    /// where they remain to be seen by who asks for less.
    pub fn apply(self, map: &mut ProbabilityMap) {
        let (level, core) = (ProbabilityMap::level(self.threshold), ProbabilityMap::level(self.core));
        let width = map.width() as usize;
        let place = |run: &Run| run.y * width + run.from..run.y * width + run.to;
        let values = map.values();
        let weak: Vec<Vec<Run>> = regions(&Reaching { map, level })
            .into_par_iter()
            .filter(|runs| !runs.iter().any(|run| values[place(run)].iter().any(|&value| value >= core)))
            .collect();
        for run in weak.iter().flatten() {
            map.values_mut()[place(run)].fill(level.saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_with_a_core_stay() {
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
}
