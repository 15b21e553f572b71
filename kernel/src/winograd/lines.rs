//! One-dimensional Winograd transforms F(4, 3), which the two-dimensional ones apply to columns and then to rows.

use super::{PATCH, TILE_SIDE};
use crate::simd::Simd;

/// A line of `G g`.
#[inline(always)]
pub(super) fn kernel_line<S: Simd>(s: S, [a, b, c]: [S::V; 3]) -> [S::V; PATCH] {
    let outer = s.mul(s.splat(-1.0 / 6.0), s.add(a, c));
    let inner = s.mul(s.splat(1.0 / 6.0), b);
    let far = s.mul_add(s.splat(1.0 / 24.0), a, s.mul(s.splat(1.0 / 6.0), c));
    let middle = s.mul(s.splat(1.0 / 12.0), b);
    [s.mul(s.splat(0.25), a), s.sub(outer, inner), s.add(outer, inner), s.add(far, middle), s.sub(far, middle), c]
}

/// A line of `Bᵀ d`.
#[inline(always)]
pub(super) fn input_line<S: Simd>(s: S, d: [S::V; PATCH]) -> [S::V; PATCH] {
    let (two, four, minus_four, minus_five) = (s.splat(2.0), s.splat(4.0), s.splat(-4.0), s.splat(-5.0));
    let even = s.mul_add(minus_four, d[2], d[4]);
    let odd = s.mul_add(minus_four, d[1], d[3]);
    let near = s.sub(d[4], d[2]);
    let far = s.mul(two, s.sub(d[3], d[1]));
    [
        s.mul_add(four, d[0], s.mul_add(minus_five, d[2], d[4])),
        s.add(even, odd),
        s.sub(even, odd),
        s.add(near, far),
        s.sub(near, far),
        s.mul_add(four, d[1], s.mul_add(minus_five, d[3], d[5])),
    ]
}

/// A line of `Aᵀ m`.
#[inline(always)]
pub(super) fn output_line<S: Simd>(s: S, m: [S::V; PATCH]) -> [S::V; TILE_SIDE] {
    let (near_sum, near_difference) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
    let (far_sum, far_difference) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
    [
        s.add(s.add(m[0], near_sum), far_sum),
        s.mul_add(s.splat(2.0), far_difference, near_difference),
        s.mul_add(s.splat(4.0), far_sum, near_sum),
        s.add(s.mul_add(s.splat(8.0), far_difference, near_difference), m[5]),
    ]
}
