//! Scores of weights on the validation photographs, through the same path as every prediction.

use hairline_kernel::loss::{BceDice, LossSums};

use super::TrainError;
use super::photos::{LabelledPhoto, ValidationSet};
use super::record::FolderScore;
use crate::evaluation::{THRESHOLDS, ThresholdCounts};
use crate::net::NetError;
use crate::segment::Segmenter;
use crate::vision::ProbabilityMap;

/// What validation says of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// Threshold of the best mean F1.
    pub threshold: f32,
    /// That mean over folders.
    pub f1: f32,
    /// Loss, mean over folders.
    pub loss: f32,
    /// Each folder at that threshold.
    pub folders: Vec<FolderScore>,
}

/// Scores `segmenter` on all `sets`, and chooses the threshold.
///
/// # Errors
/// If the network fails.
pub fn validate(segmenter: &Segmenter, loss: &BceDice, sets: &[ValidationSet]) -> Result<Validation, TrainError> {
    let scored = sets.iter().map(|set| score(segmenter, loss, set)).collect::<Result<Vec<_>, _>>()?;
    let mean = |value: &dyn Fn(&Scored) -> f64| scored.iter().map(value).sum::<f64>() / scored.len().max(1) as f64;
    let f1: [f64; THRESHOLDS.len()] = std::array::from_fn(|index| mean(&|scored| scored.f1[index]));
    let best = (0..f1.len()).fold(0, |best, index| if f1[index] > f1[best] { index } else { best });
    let folder = |(set, scored): (&ValidationSet, &Scored)| FolderScore {
        name: set.name.clone(),
        f1: scored.f1[best] as f32,
        loss: scored.loss as f32,
    };
    Ok(Validation {
        threshold: THRESHOLDS[best],
        f1: f1[best] as f32,
        loss: mean(&|scored| scored.loss) as f32,
        folders: sets.iter().zip(&scored).map(folder).collect(),
    })
}

struct Scored {
    f1: [f64; THRESHOLDS.len()],
    loss: f64,
}

fn score(segmenter: &Segmenter, loss: &BceDice, set: &ValidationSet) -> Result<Scored, NetError> {
    let (mut counts, mut sums) = (ThresholdCounts::default(), LossSums::default());
    for photo in &set.photos {
        let map = segmenter.segment(photo.pixels.clone(), |_, _| {})?;
        counts += ThresholdCounts::of(&map, &photo.mask);
        sums = sums + loss_sums(&map, photo);
    }
    Ok(Scored { f1: counts.f1(), loss: loss.value(&sums) })
}

/// The sums of the loss from stored probabilities, whose ends stand for half a step.
fn loss_sums(map: &ProbabilityMap, photo: &LabelledPhoto) -> LossSums {
    let probabilities: Vec<f32> =
        map.values().iter().map(|&v| (f32::from(v) / 65535.0).clamp(7.6e-6, 1.0 - 7.6e-6)).collect();
    let logits: Vec<f32> = probabilities.iter().map(|p| (p / (1.0 - p)).ln()).collect();
    let targets: Vec<f32> = photo.mask.pixels.iter().map(|&on| f32::from(u8::from(on))).collect();
    LossSums::of(&logits, &probabilities, &targets)
}
