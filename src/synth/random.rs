//! Value-stable random numbers: one `ChaCha8` stream for each part of a scene.
//!
//! Conversions to floats are written out here because the distributions of the `rand`
//! crate may change their values between releases.

use super::math;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Part of a scene that draws from its own stream, so that a change in one part leaves
/// the others as they were.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Choices for the whole scene.
    Scene = 0,
    /// Wall or road material.
    Surface = 1,
    /// Centre lines, widths and lips of cracks.
    Cracks = 2,
    /// Dust, stains and spalls along cracks.
    Dressing = 3,
    /// Sun, sky and shadows.
    Light = 4,
    /// Leaves, wires, drill holes.
    Distractors = 5,
    /// Lens and sensor.
    Camera = 6,
    /// Joints, kerbs, sealed cracks, growth.
    Seams = 7,
    /// Recesses and the foot of a wall.
    Recesses = 8,
    /// Signs and plates.
    Plates = 9,
}

/// Random stream with the few distributions that scenes need.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Stream of one part of the scene with this seed.
    pub fn new(seed: u64, part: Part) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(part as u64);
        Self(generator)
    }

    /// Stream of its own for every key, whatever the key counts.
    pub fn keyed(key: [u64; 4]) -> Self {
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(key) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// 32 uniform bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in [-1, 1).
    pub fn signed(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Log-uniform in [low, high), both positive: many small, few large.
    pub fn log_range(&mut self, low: f32, high: f32) -> f32 {
        let (a, b) = (math::log2(low), math::log2(high));
        math::exp2(self.range(a, b))
    }

    /// Whole number in [low, high], both included.
    pub fn int(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high - low) + 1;
        low + ((u64::from(self.bits()) * span) >> 32) as u32
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Either -1 or 1.
    pub fn sign(&mut self) -> f32 {
        if self.bits() & 1 == 0 { -1.0 } else { 1.0 }
    }

    /// Near-normal with mean 0 and deviation 1: the sum of four 16-bit uniforms.
    pub fn normal(&mut self) -> f32 {
        const DEVIATION_OF_SUM: f32 = 37_837.0;
        let bits = self.0.next_u64();
        let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        (sum as f32 - 131_070.0) / DEVIATION_OF_SUM
    }

    /// One of several, all equally likely.
    pub fn pick<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.int(0, options.len() as u32 - 1) as usize]
    }

    /// Number of events of a rare kind when `mean` are expected: rounds up by chance.
    pub fn count(&mut self, mean: f32) -> u32 {
        (mean * self.range(0.6, 1.4) + self.unit()) as u32
    }
}

/// Uniform in [0, 1) from the coordinates of a cell (murmur3 finaliser).
pub fn cell_hash(seed: u32, a: i32, b: i32) -> f32 {
    let mut h = seed ^ (a as u32).wrapping_mul(0x9e37_79b1) ^ (b as u32).wrapping_mul(0x85eb_ca77);
    for (shift, factor) in [(16, 0x85eb_ca6b_u32), (13, 0xc2b2_ae35)] {
        h ^= h >> shift;
        h = h.wrapping_mul(factor);
    }
    ((h ^ (h >> 16)) >> 8) as f32 / 16_777_216.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_independent() {
        let mut a = Random::new(7, Part::Surface);
        let mut b = Random::new(7, Part::Surface);
        let mut c = Random::new(7, Part::Cracks);
        let first = a.bits();
        assert_eq!(first, b.bits());
        assert_ne!(first, c.bits());
    }

    #[test]
    fn distributions_keep_their_bounds() {
        let mut random = Random::new(1, Part::Scene);
        let mut sum = 0.0;
        let mut squares = 0.0;
        for _ in 0..20_000 {
            let n = random.normal();
            sum += n;
            squares += n * n;
            assert!((3..=5).contains(&random.int(3, 5)));
            assert!((1.0..8.01).contains(&random.log_range(1.0, 8.0)));
        }
        assert!((sum / 20_000.0).abs() < 0.03);
        assert!((squares / 20_000.0 - 1.0).abs() < 0.05);
    }
}
