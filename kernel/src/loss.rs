//! Binary cross-entropy with logits plus soft Dice loss (Milletari et al. 2016), forward and backward.
//!
//! `w_b · mean(BCE) + w_d · (1 − (2 Σ p t + ε) / (Σ p + Σ t + ε))`, Dice over all pixels of the batch together.

/// Weights of the two terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BceDice {
    /// Weight of the binary cross-entropy.
    pub bce: f64,
    /// Weight of the Dice loss.
    pub dice: f64,
    /// Keeps Dice defined where there is no crack and none is predicted.
    pub smoothing: f64,
}

impl Default for BceDice {
    fn default() -> Self {
        Self { bce: 1.0, dice: 1.0, smoothing: 1.0 }
    }
}

/// Sums over pixels that the loss is made of. Partial sums add up, in the caller's order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossSums {
    /// Pixels.
    pub count: f64,
    /// Binary cross-entropy.
    pub bce: f64,
    /// Probabilities.
    pub probability: f64,
    /// Targets.
    pub target: f64,
    /// Probabilities times targets.
    pub both: f64,
}

impl std::ops::Add for LossSums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            bce: self.bce + other.bce,
            probability: self.probability + other.probability,
            target: self.target + other.target,
            both: self.both + other.both,
        }
    }
}

impl LossSums {
    /// Sums over logits, their sigmoid, and targets in 0..=1.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn of(logits: &[f32], probabilities: &[f32], targets: &[f32]) -> Self {
        assert!(logits.len() == targets.len() && probabilities.len() == targets.len(), "lengths of the loss");
        let mut sums = Self { count: logits.len() as f64, ..Self::default() };
        for ((&x, &p), &t) in logits.iter().zip(probabilities).zip(targets) {
            // log(1 + e^−|x|) is −ln of the larger of p and 1 − p, which never cancels.
            let softplus = -p.max(1.0 - p).ln();
            sums.bce += f64::from(x.max(0.0) - x * t + softplus);
            sums.probability += f64::from(p);
            sums.target += f64::from(t);
            sums.both += f64::from(p) * f64::from(t);
        }
        sums
    }
}

impl BceDice {
    /// The loss; 0 for no pixels.
    pub fn value(&self, sums: &LossSums) -> f64 {
        if sums.count == 0.0 {
            return 0.0;
        }
        let overlap = (2.0 * sums.both + self.smoothing) / (sums.probability + sums.target + self.smoothing);
        self.bce * sums.bce / sums.count + self.dice * (1.0 - overlap)
    }

    /// Replaces probabilities by the loss's gradients with respect to their logits; `sums` are those of all pixels.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn gradient(&self, sums: &LossSums, targets: &[f32], probabilities: &mut [f32]) {
        assert_eq!(probabilities.len(), targets.len(), "lengths of the loss");
        let union = sums.probability + sums.target + self.smoothing;
        let per_pixel = (self.bce / sums.count) as f32;
        let per_target = (-2.0 * self.dice / union) as f32;
        let constant = (self.dice * (2.0 * sums.both + self.smoothing) / (union * union)) as f32;
        for (p, &t) in probabilities.iter_mut().zip(targets) {
            *p = per_pixel * (*p - t) + (per_target * t + constant) * *p * (1.0 - *p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Numbers;

    fn loss_f64(loss: &BceDice, logits: &[f64], targets: &[f32]) -> f64 {
        let mut sums = LossSums { count: logits.len() as f64, ..LossSums::default() };
        for (&x, &t) in logits.iter().zip(targets) {
            let (p, t) = (1.0 / (1.0 + (-x).exp()), f64::from(t));
            sums.bce += x.max(0.0) - x * t + (-x.abs()).exp().ln_1p();
            sums = sums + LossSums { probability: p, target: t, both: p * t, ..LossSums::default() };
        }
        loss.value(&sums)
    }

    #[test]
    fn value_and_gradient_match_finite_differences() {
        let loss = BceDice { bce: 0.7, dice: 1.3, smoothing: 0.5 };
        for len in [1, 2, 15, 40] {
            let mut numbers = Numbers(len as u64);
            let logits: Vec<f32> = numbers.take(len).iter().map(|x| x * 6.0).collect();
            let targets: Vec<f32> = numbers.take(len).iter().map(|&x| if x > 0.0 { 1.0 } else { 0.0 }).collect();
            let wide: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
            let mut values: Vec<f32> = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
            let sums = LossSums::of(&logits, &values, &targets);
            assert!((loss.value(&sums) - loss_f64(&loss, &wide, &targets)).abs() < 1e-6);
            loss.gradient(&sums, &targets, &mut values);
            for i in 0..len {
                let moved = |by: f64| {
                    let mut logits = wide.clone();
                    logits[i] += by;
                    loss_f64(&loss, &logits, &targets)
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((f64::from(values[i]) - expected).abs() < 1e-6, "{i}: {} {expected}", values[i]);
            }
        }
    }

    #[test]
    fn no_pixels_lose_nothing() {
        assert_eq!(BceDice::default().value(&LossSums::of(&[], &[], &[])), 0.0);
    }
}
