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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_cuts_at_the_same_level() {
        for hundredths in 1..100u16 {
            let in_script = (f64::from(hundredths) / 100.0 * 65535.0).round() as u16;
            let text = format!("0.{hundredths:02}");
            assert_eq!(ProbabilityMap::level(text.parse().unwrap()), in_script, "{text}");
        }
    }
}
