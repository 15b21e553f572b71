//! A probability for every pixel of a photograph.

/// Probabilities of one photograph, row by row.
///
/// Kept as `round(p × 65535)`: half the memory of f32, finer than any
/// threshold that is asked for, and what the 16-bit PNG holds. A pixel counts
/// as crack when its value is at least [`ProbabilityMap::level`] of the
/// threshold, here and in the page's script alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbabilityMap {
    width: u32,
    height: u32,
    values: Vec<u16>,
}

impl ProbabilityMap {
    /// A map of `width × height` values.
    ///
    /// # Panics
    /// If the number of values is another.
    pub fn new(width: u32, height: u32, values: Vec<u16>) -> Self {
        assert_eq!(values.len(), width as usize * height as usize);
        Self { width, height, values }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All values, row by row.
    pub fn values(&self) -> &[u16] {
        &self.values
    }

    /// All values, row by row, to be changed.
    pub fn values_mut(&mut self) -> &mut [u16] {
        &mut self.values
    }

    /// The rows, top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = &[u16]> {
        self.values.chunks_exact(self.width.max(1) as usize)
    }

    /// The stored value of a probability.
    pub fn quantise(probability: f32) -> u16 {
        (probability.clamp(0.0, 1.0) * 65535.0).round() as u16
    }

    /// The least stored value that counts as crack at `threshold`.
    pub fn level(threshold: f32) -> u16 {
        Self::quantise(threshold)
    }

    /// Number of crack pixels at `threshold`.
    pub fn crack_pixels(&self, threshold: f32) -> u64 {
        let level = Self::level(threshold);
        self.values.iter().map(|&v| u64::from(v >= level)).sum()
    }

    /// Share of crack pixels at `threshold`, 0..1.
    pub fn crack_ratio(&self, threshold: f32) -> f64 {
        self.crack_pixels(threshold) as f64 / (self.values.len().max(1) as f64)
    }

    /// How far the mask at `threshold` is expected to be from the truth, 0 (sure) to 1.
    ///
    /// It is the Dice loss that the probabilities themselves foretell: were each of them right, a mask of `M` pixels
    /// with the sum `I` of probabilities inside it would share `I` pixels with a truth of `S`, the sum over the
    /// photograph; the figure is `1 − 2I / (S + M)`. A mask full of probabilities near one half, and crack left out
    /// just below the threshold, both raise it. A mean over all pixels would only tell how much crack there is, since
    /// nearly all are sure background. Probabilities below a tenth are background and not summed; as many
    /// sure pixels as three ten-thousandths of the photograph are added, so that a few doubtful pixels on a clean wall stay few.
    pub fn uncertainty(&self, threshold: f32) -> f64 {
        let (level, floor) = (Self::level(threshold), Self::quantise(UNCERTAIN_FROM));
        let (mut expected, mut inside, mut marked) = (0u64, 0u64, 0u64);
        for &value in self.values.iter().filter(|&&value| value >= floor.min(level)) {
            expected += u64::from(value);
            if value >= level {
                inside += u64::from(value);
                marked += 65_535;
            }
        }
        let sure = 65_535.0 * SURE_SHARE * self.values.len().max(1) as f64;
        1.0 - (2.0 * inside as f64 + sure) / (expected as f64 + marked as f64 + sure)
    }
}

/// Least probability that counts into [`ProbabilityMap::uncertainty`].
const UNCERTAIN_FROM: f32 = 0.1;
/// Share of the photograph that is added as sure to [`ProbabilityMap::uncertainty`].
const SURE_SHARE: f64 = 3e-4;

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of 100 × 100 whose first pixels have these probabilities.
    fn uncertainty(first: &[(usize, f32)]) -> f64 {
        let mut values = Vec::new();
        for &(count, probability) in first {
            values.extend(std::iter::repeat_n(ProbabilityMap::quantise(probability), count));
        }
        values.resize(10_000, 0);
        ProbabilityMap::new(100, 100, values).uncertainty(0.5)
    }

    #[test]
    fn uncertainty_ranks_by_the_expected_error_of_the_mask() {
        assert_eq!(uncertainty(&[]), 0.0);
        assert_eq!(uncertainty(&[(300, 1.0)]), 0.0);
        assert!((uncertainty(&[(3_000, 0.5)]) - (1.0 - 2.0 * 0.5 / 1.5)).abs() < 0.001, "Dice of a coin's mask");
        let rising = [
            uncertainty(&[(300, 0.97)]),
            uncertainty(&[(300, 0.97), (60, 0.3)]),
            uncertainty(&[(300, 0.8), (60, 0.3)]),
            uncertainty(&[(300, 0.55), (60, 0.3)]),
            uncertainty(&[(300, 0.45)]),
        ];
        assert!(rising.is_sorted() && rising[0] < 0.03 && rising[4] > 0.9, "{rising:?}");
        assert!(uncertainty(&[(1, 0.45)]) < uncertainty(&[(30, 0.45)]), "one doubtful pixel is no crack");
        assert!(uncertainty(&[(9_000, 0.05)]) == 0.0, "background is not doubt");
    }

    #[test]
    fn the_page_cuts_at_the_same_level() {
        for hundredths in 1..100u16 {
            let in_script = (f64::from(hundredths) / 100.0 * 65535.0).round() as u16;
            let text = format!("0.{hundredths:02}");
            assert_eq!(ProbabilityMap::level(text.parse().unwrap()), in_script, "{text}");
        }
    }
}
