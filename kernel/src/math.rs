//! Sigmoid and exponential on vectors. The exponential is Cephes' `expf` (relative error below 2e-7).

use crate::isa::{Algorithm, Isa};
use crate::simd::{BLOCK, Simd};

/// `e^v`, for lanes clamped to −87..=88; NaN stays NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, v: S::V) -> S::V {
    // Adding 1.5 · 2²³ rounds to a whole number.
    let round = s.splat(12_582_912.0);
    let v = s.max(s.splat(-87.0), s.min(s.splat(88.0), v));
    let n = s.sub(s.mul_add(v, s.splat(std::f32::consts::LOG2_E), round), round);
    let r = s.mul_add(n, s.splat(-0.693_359_4), v);
    let r = s.mul_add(n, s.splat(2.121_944_4e-4), r);
    let mut sum = s.splat(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = s.mul_add(sum, r, s.splat(coefficient));
    }
    let e = s.add(s.mul_add(sum, s.mul(r, r), r), s.splat(1.0));
    s.mul(e, s.exp2_whole(n))
}

/// `1 / (1 + e^−v)`.
#[inline(always)]
pub(crate) fn sigmoid_lanes<S: Simd>(s: S, v: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.sub(s.zero(), v))))
}

/// `values` become their sigmoid.
#[inline(always)]
pub(crate) fn sigmoid_slice<S: Simd>(s: S, values: &mut [f32]) {
    let (whole, rest) = values.as_chunks_mut::<BLOCK>();
    for lanes in whole {
        s.store(sigmoid_lanes(s, s.load(lanes)), lanes);
    }
    let mut last = [0.0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    s.store(sigmoid_lanes(s, s.load(&last)), &mut last);
    rest.copy_from_slice(&last[..rest.len()]);
}

/// Replaces logits by probabilities.
pub fn sigmoid(isa: Isa, values: &mut [f32]) {
    isa.run(Sigmoid(values));
}

struct Sigmoid<'a>(&'a mut [f32]);

impl Algorithm for Sigmoid<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        sigmoid_slice(s, self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_is_near_the_f64_one_on_every_isa() {
        for isa in Isa::available() {
            for len in [0, 1, 15, 16, 17, 4001] {
                let inputs: Vec<f32> = (0..len).map(|i| (i as f32 - len as f32 / 2.0) * 0.05).collect();
                let mut values = inputs.clone();
                sigmoid(isa, &mut values);
                for (x, y) in inputs.into_iter().zip(values) {
                    let expected = 1.0 / (1.0 + (-f64::from(x)).exp());
                    assert!((f64::from(y) - expected).abs() <= 4e-7 * expected + 1e-37, "{} {x}: {y}", isa.name());
                }
            }
        }
    }

    #[test]
    fn sigmoid_of_extremes() {
        for isa in Isa::available() {
            let mut values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, 1e9, -1e9];
            sigmoid(isa, &mut values);
            assert!(values[0].is_nan());
            assert_eq!((values[1], values[3], values[4]), (1.0, 0.5, 1.0));
            assert!(values[2].abs() < 1e-37 && values[5].abs() < 1e-37);
        }
    }
}
