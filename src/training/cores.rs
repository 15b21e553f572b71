//! The choice of the probability that a short region has to reach somewhere to count as crack.

use super::photos::ValidationSet;
use crate::evaluation::{ConfusionCounts, TileCounts};
use crate::net::NetError;
use crate::segment::{CoreRule, Segmenter};
use crate::vision::BinaryMask;

/// The cores among which one is chosen, each above the one before; 0 asks for nothing.
const CORES: [f32; 10] = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995];
/// How much F1 a false alarm on every crack-free tile would weigh.
const ALARM_COST: f64 = 0.2;

/// What a core gives on the validation photographs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoreScore {
    /// The core.
    pub core: f32,
    /// Pixel-exact F1, mean over sets.
    pub f1: f64,
    /// Share of all crack-free tiles with a false alarm; `None` where there are no such tiles.
    pub alarm_share: Option<f64>,
}

impl CoreScore {
    fn value(&self) -> f64 {
        self.f1 - ALARM_COST * self.alarm_share.unwrap_or(0.0)
    }
}

/// The core of the best mean F1 less a fifth of the share of false alarms, and the scores without one; of equals, the
/// lowest. `segmenter` has its final temperature and threshold, and asks for no core.
///
/// # Errors
/// If the network fails.
pub fn best_core(segmenter: &Segmenter, sets: &[ValidationSet]) -> Result<[CoreScore; 2], NetError> {
    let threshold = segmenter.model().metadata.threshold;
    let mut f1 = [0.0; CORES.len()];
    let mut tiles = [TileCounts::default(); CORES.len()];
    for set in sets {
        let mut counts = [ConfusionCounts::default(); CORES.len()];
        for photo in &set.photos {
            let mut map = segmenter.segment(photo.pixels.clone(), |_, _| {})?;
            for (index, core) in CORES.into_iter().enumerate() {
                CoreRule { threshold, core }.apply(&mut map);
                let mask = BinaryMask::from_probabilities(&map, threshold);
                counts[index] += ConfusionCounts::of(&mask, &photo.mask);
                tiles[index] += TileCounts::of(&mask, &photo.mask);
            }
        }
        for (sum, counts) in f1.iter_mut().zip(counts) {
            *sum += counts.scores().f1 / sets.len() as f64;
        }
    }
    let scores: [CoreScore; CORES.len()] = std::array::from_fn(|index| CoreScore {
        core: CORES[index],
        f1: f1[index],
        alarm_share: tiles[index].alarm_share(),
    });
    Ok([best(&scores), scores[0]])
}

/// Of equals, the first.
fn best(scores: &[CoreScore; CORES.len()]) -> CoreScore {
    scores.iter().fold(scores[0], |best, &score| if score.value() > best.value() { score } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_worth_a_share_of_the_alarms_that_it_prevents() {
        let scores = |changes: &[(usize, f64, f64)]| {
            let mut scores = CORES.map(|core| CoreScore { core, f1: 0.7, alarm_share: Some(0.2) });
            for &(index, f1, share) in changes {
                (scores[index].f1, scores[index].alarm_share) = (f1, Some(share));
            }
            scores
        };
        assert_eq!(best(&scores(&[])).core, 0.0, "of equals, the lowest");
        assert_eq!(best(&scores(&[(5, 0.69, 0.14)])).core, 0.9, "0.01 of F1 for 0.06 of the tiles");
        assert_eq!(best(&scores(&[(5, 0.69, 0.16)])).core, 0.0, "0.01 of F1 for 0.04 of the tiles");
        let without_tiles = CORES.map(|core| CoreScore { core, f1: f64::from(core), alarm_share: None });
        assert_eq!(best(&without_tiles).core, 0.995);
    }
}
