//! What a label of a photograph would teach the next training.
//!
//! benefit = 0.5 × uncertainty + 0.3 × disagreement + 0.2 × novelty, each from 0 to 1:
//! - *uncertainty*: how undecided the latest prediction is, as the prediction states it;
//! - *disagreement*: 1 − Dice of the masks of the two latest model versions that saw the photograph, 0 if only one did;
//! - *novelty*: distance of the perceptual hash to the nearest photograph with a label, over 32, at most 1; 32 of 64 bits
//!   differ between photographs that have nothing in common.

/// What is known of a photograph without a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
    /// Of the latest prediction, 0 to 1; none without a prediction.
    pub uncertainty: Option<f64>,
    /// Between the two latest model versions, 0 to 1; none if only one saw it.
    pub disagreement: Option<f64>,
    /// Bits to the nearest photograph with a label; none if there is none.
    pub nearest_bits: Option<u32>,
}

/// The benefit with its parts, each already weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Benefit {
    uncertainty: f64,
    disagreement: f64,
    novelty: f64,
}

/// Hashes of photographs that have nothing in common differ in this many bits.
const UNRELATED_BITS: f64 = 32.0;

impl Benefit {
    /// Weighs what is known. Without a prediction the photograph is as uncertain as can be.
    pub fn of(signals: Signals) -> Self {
        let novelty = signals.nearest_bits.map_or(1.0, |bits| (f64::from(bits) / UNRELATED_BITS).min(1.0));
        Self {
            uncertainty: 0.5 * signals.uncertainty.unwrap_or(1.0).clamp(0.0, 1.0),
            disagreement: 0.3 * signals.disagreement.unwrap_or(0.0).clamp(0.0, 1.0),
            novelty: 0.2 * novelty,
        }
    }

    /// The sum, 0 to 1.
    pub fn total(&self) -> f64 {
        self.uncertainty + self.disagreement + self.novelty
    }
}

impl Signals {
    /// In words, what weighs most first; parts that weigh next to nothing are left out.
    pub fn words(&self) -> String {
        /// Parts below this weight are not worth a word.
        const LEAST: f64 = 0.03;
        let benefit = Benefit::of(*self);
        let mut parts = Vec::new();
        match self.uncertainty {
            Some(value) => parts.push((benefit.uncertainty, format!("the model is unsure ({:.0} %)", 100.0 * value))),
            None => parts.push((benefit.uncertainty, "no model has seen it".into())),
        }
        if let Some(value) = self.disagreement {
            parts.push((benefit.disagreement, format!("two models disagree ({:.0} %)", 100.0 * value)));
        }
        let novel = match self.nearest_bits {
            Some(bits) => format!("it is unlike the photographs that have labels ({bits} of 64 bits differ)"),
            None => "no photograph has a label yet".into(),
        };
        parts.push((benefit.novelty, novel));
        parts.retain(|(weight, _)| *weight >= LEAST);
        parts.sort_by(|a, b| b.0.total_cmp(&a.0));
        let words: Vec<String> = parts.into_iter().map(|(_, words)| words).collect();
        if words.is_empty() {
            "the model is sure, and photographs like it have labels".into()
        } else {
            words.join("; ")
        }
    }
}
