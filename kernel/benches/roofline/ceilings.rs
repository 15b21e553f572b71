//! What one core can do: multiply-adds in registers, and reading memory.

use std::hint::black_box;

use hairline_kernel::isa::{Algorithm, Isa};
use hairline_kernel::simd::{Lanes, Simd};

use crate::seconds;

const ROUNDS: usize = 1 << 20;
/// Independent sums; few enough for the registers, enough to hide the latency of a multiply-add.
const SUMS: usize = 6;
/// Far more than any cache holds.
const VECTORS: usize = 1 << 22;

struct MultiplyAdd(f32);

impl Algorithm for MultiplyAdd {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let (factor, mut sums) = (s.splat(self.0), [s.zero(); SUMS]);
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = s.mul_add(*sum, factor, factor);
            }
        }
        let mut all = s.zero();
        for sum in sums {
            all = s.add(all, sum);
        }
        s.sum(all)
    }
}

/// Floating-point operations a second.
pub fn peak(isa: Isa) -> f64 {
    let time = seconds(|| {
        black_box(isa.run(MultiplyAdd(black_box(0.5))));
    });
    (2 * 16 * SUMS * ROUNDS) as f64 / time
}

struct Read<'a>(&'a [Lanes]);

impl Algorithm for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let mut sums = [s.zero(); 4];
        for four in self.0.as_chunks::<4>().0 {
            for (sum, lanes) in sums.iter_mut().zip(four) {
                *sum = s.add(*sum, s.load(lanes));
            }
        }
        let mut all = s.zero();
        for sum in sums {
            all = s.add(all, sum);
        }
        s.sum(all)
    }
}

/// Bytes read from memory a second.
pub fn bandwidth(isa: Isa) -> f64 {
    let memory: Vec<Lanes> = vec![[1.0; 16]; VECTORS];
    let time = seconds(|| {
        black_box(isa.run(Read(black_box(&memory))));
    });
    size_of_val(memory.as_slice()) as f64 / time
}
