//! Blur of an open aperture (a disc) or of a shaken hand (a line, softened across).

use super::dice::Dice;

/// Samples per pixel and axis of what the lens looks at.
pub const FINE: usize = 4;

#[derive(Debug, Clone, Copy)]
pub enum Lens {
    /// Radius of the circle of confusion in pixels.
    Defocus { radius: f64 },
    /// Length and direction of the movement, half-width of the tent across it.
    Motion { length: f64, angle: f64, tent: f64 },
}

impl Lens {
    pub fn draw(dice: &mut Dice) -> Self {
        if dice.chance(0.6) {
            Self::Defocus { radius: dice.between(0.5, 2.5) }
        } else {
            let angle = dice.between(0.0, std::f64::consts::PI);
            Self::Motion { length: dice.between(0.5, 2.5), angle, tent: dice.between(0.6, 1.4) }
        }
    }

    fn density(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Defocus { radius } => f64::from(u8::from(x.hypot(y) <= radius)),
            Self::Motion { length, angle, tent } => {
                let (sine, cosine) = angle.sin_cos();
                let (along, across) = (x * cosine + y * sine, y * cosine - x * sine);
                // The ends of the movement are as soft as its sides.
                let beyond = (along.abs() - 0.5 * length).max(0.0);
                (1.0 - across.abs() / tent).max(0.0) * (1.0 - beyond / tent).max(0.0)
            }
        }
    }

    /// How far light spreads at most, in pixels.
    pub fn reach(self) -> f64 {
        match self {
            Self::Defocus { radius } => radius,
            Self::Motion { length, tent, .. } => 0.5 * length + 1.5 * tent,
        }
    }

    /// Weights of fine samples around a pixel's middle: the lens, then the area of the pixel; their sum is 1.
    fn weights(self) -> (usize, Vec<f32>) {
        const PARTS: usize = 3;
        let fine = FINE as f64;
        // Offsets of fine samples from the middle of a pixel are odd halves.
        let half = ((self.reach() + 0.5) * fine).ceil() as usize + 1;
        let side = 2 * half;
        let mut weights = vec![0.0_f64; side * side];
        for (i, weight) in weights.iter_mut().enumerate() {
            let at = |k: usize| (k as f64 + 0.5 - half as f64) / fine;
            let (x, y) = (at(i % side), at(i / side));
            let parts = FINE * PARTS;
            let offset = |k: usize| (k as f64 + 0.5) / parts as f64 - 0.5;
            *weight = (0..parts * parts).map(|k| self.density(x + offset(k % parts), y + offset(k / parts))).sum();
        }
        let sum: f64 = weights.iter().sum();
        (half, weights.iter().map(|weight| (weight / sum) as f32).collect())
    }

    /// The pixels' values of a picture in fine samples; only those `near` something.
    pub fn blurred(self, fine: &[f32], size: (usize, usize), near: impl Fn(usize, usize) -> bool) -> Vec<f32> {
        let (half, weights) = self.weights();
        let (side, columns, rows) = (2 * half, size.0 * FINE, size.1 * FINE);
        let mut picture = vec![0.0; size.0 * size.1];
        for (i, value) in picture.iter_mut().enumerate() {
            let (x, y) = (i % size.0, i / size.0);
            if !near(x, y) {
                continue;
            }
            let (left, top) = (x * FINE + FINE / 2, y * FINE + FINE / 2);
            for (k, line) in weights.chunks_exact(side).enumerate() {
                let Some(row) = (top + k).checked_sub(half).filter(|row| *row < rows) else { continue };
                let from = left.saturating_sub(half);
                let to = (left + half).min(columns);
                let skipped = from + half - left;
                let seen = &fine[row * columns..][from..to];
                *value += seen.iter().zip(&line[skipped..]).map(|(a, b)| a * b).sum::<f32>();
            }
        }
        picture
    }
}
