//! Scores of weights on the validation photographs, through the same path as every prediction.

use hairline_kernel::loss::{BceDice, LossSums};

use super::TrainError;
use super::cores::best_core;
use super::photos::{LabelledPhoto, ValidationSet};
use super::record::{CalibrationRecord, FolderScore};
use crate::evaluation::{Calibration, LevelHistogram, best_temperature, best_threshold, negative_log_likelihood};
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
    let (mut levels, mut losses) = (Vec::with_capacity(sets.len()), Vec::with_capacity(sets.len()));
    for set in sets {
        let mut sums = LossSums::default();
        levels.push(levels_of(segmenter, set, |map, photo| sums = sums + loss_sums(map, photo))?);
        losses.push(loss.value(&sums));
    }
    let (threshold, f1) = best_threshold(&levels);
    let folder = |((set, levels), &loss): ((&ValidationSet, &LevelHistogram), &f64)| FolderScore {
        name: set.name.clone(),
        f1: levels.counts(threshold).scores().f1 as f32,
        loss: loss as f32,
    };
    Ok(Validation {
        threshold,
        f1: f1 as f32,
        loss: mean(losses.iter().copied()) as f32,
        folders: sets.iter().zip(&levels).zip(&losses).map(folder).collect(),
    })
}

/// Finds the temperature of the least negative log likelihood on `sets`, then the threshold of the best mean F1, then
/// the [core](best_core).
///
/// `at` gives the network at a temperature and threshold. Probabilities are tempered after blending, which differs from what the tempered
/// model answers only where tiles overlap, and there by less than they differ from each other.
///
/// # Errors
/// If the network fails.
pub fn calibrate(
    at: impl Fn(f32, f32) -> Result<Segmenter, TrainError>,
    sets: &[ValidationSet],
) -> Result<CalibrationRecord, TrainError> {
    let as_trained = at(1.0, 0.5)?;
    let raw = sets.iter().map(|set| levels_of(&as_trained, set, |_, _| {})).collect::<Result<Vec<_>, _>>()?;
    let temperature = best_temperature(&raw);
    let tempered: Vec<LevelHistogram> = raw.iter().map(|levels| levels.tempered(temperature)).collect();
    let (threshold, _) = best_threshold(&tempered);
    let [with, without] = best_core(&at(temperature, threshold)?, sets)?;
    let likelihood = |temperature: f32| {
        mean(raw.iter().map(|levels| negative_log_likelihood(levels, f64::from(temperature)))) as f32
    };
    let error = |sets: &[LevelHistogram]| mean(sets.iter().map(|levels| Calibration::of(levels).ece)) as f32;
    Ok(CalibrationRecord {
        temperature,
        threshold,
        core: with.core,
        val_f1: with.f1 as f32,
        val_f1_without_core: without.f1 as f32,
        val_alarm_share: with.alarm_share.map(|share| share as f32),
        val_alarm_share_without_core: without.alarm_share.map(|share| share as f32),
        val_nll: likelihood(temperature),
        val_nll_at_temperature_1: likelihood(1.0),
        val_ece: error(&tempered),
        val_ece_at_temperature_1: error(&raw),
    })
}

/// All pixels of a set by probability; each photograph's map is shown to `observer`.
fn levels_of(
    segmenter: &Segmenter,
    set: &ValidationSet,
    mut observer: impl FnMut(&ProbabilityMap, &LabelledPhoto),
) -> Result<LevelHistogram, NetError> {
    let mut levels = LevelHistogram::default();
    for photo in &set.photos {
        let map = segmenter.segment(photo.pixels.clone(), |_, _| {})?;
        levels.add(&map, &photo.mask);
        observer(&map, photo);
    }
    Ok(levels)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1);
    values.sum::<f64>() / count as f64
}

/// The sums of the loss from stored probabilities, whose ends stand for half a step.
fn loss_sums(map: &ProbabilityMap, photo: &LabelledPhoto) -> LossSums {
    let probabilities: Vec<f32> =
        map.values().iter().map(|&v| (f32::from(v) / 65535.0).clamp(7.6e-6, 1.0 - 7.6e-6)).collect();
    let logits: Vec<f32> = probabilities.iter().map(|p| (p / (1.0 - p)).ln()).collect();
    let targets: Vec<f32> = photo.mask.pixels.iter().map(|&on| f32::from(u8::from(on))).collect();
    LossSums::of(&logits, &probabilities, &targets)
}
