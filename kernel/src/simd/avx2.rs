//! Two 256-bit registers per vector.

use std::arch::x86_64::*;

use super::{Lanes, Simd};
use crate::isa::Avx2Fma;

/// Lanes 0–7 and 8–15.
#[derive(Clone, Copy)]
pub struct Pair(__m256, __m256);

macro_rules! lanewise {
    ($f:ident, $($v:ident),+) => {
        // SAFETY: `self` proves that the processor has AVX2 and FMA.
        unsafe { Pair($f($($v.0),+), $f($($v.1),+)) }
    };
}

impl Simd for Avx2Fma {
    type V = Pair;

    // Twelve of the sixteen registers accumulate; the others hold weights and a broadcast.
    const TILE: usize = 6;

    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        // SAFETY: `self` proves that the processor has AVX2.
        let v = unsafe { _mm256_set1_ps(x) };
        Pair(v, v)
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Pair {
        let from = from.as_ptr();
        // SAFETY: `self` proves AVX2, and `from` points to sixteen floats.
        unsafe { Pair(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    fn store(self, v: Pair, to: &mut Lanes) {
        let to = to.as_mut_ptr();
        // SAFETY: `self` proves AVX2, and `to` points to sixteen floats that are ours alone.
        unsafe {
            _mm256_storeu_ps(to, v.0);
            _mm256_storeu_ps(to.add(8), v.1);
        }
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_add_ps, a, b)
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_sub_ps, a, b)
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_mul_ps, a, b)
    }

    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_div_ps, a, b)
    }

    #[inline(always)]
    fn mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        lanewise!(_mm256_fmadd_ps, a, b, c)
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_max_ps, a, b)
    }

    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        lanewise!(_mm256_min_ps, a, b)
    }

    #[inline(always)]
    fn select_gt(self, a: Pair, b: Pair, yes: Pair, no: Pair) -> Pair {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe {
            let (low, high) = (_mm256_cmp_ps::<_CMP_GT_OQ>(a.0, b.0), _mm256_cmp_ps::<_CMP_GT_OQ>(a.1, b.1));
            Pair(_mm256_blendv_ps(no.0, yes.0, low), _mm256_blendv_ps(no.1, yes.1, high))
        }
    }

    #[inline(always)]
    fn exp2_whole(self, n: Pair) -> Pair {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let low = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_cvtps_epi32(n.0), bias));
            let high = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_cvtps_epi32(n.1), bias));
            Pair(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high))
        }
    }

    #[inline(always)]
    fn sum(self, v: Pair) -> f32 {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe {
            let eight = _mm256_add_ps(v.0, v.1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
}
