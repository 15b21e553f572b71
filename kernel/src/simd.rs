//! The vector of the kernels: sixteen `f32`, whatever registers the instruction set makes of them.
//!
//! All activations are blocked by sixteen channels, so one vector is one pixel of one channel block. AVX-512 holds it in
//! one register, AVX2 in two, and the portable version leaves it to the compiler.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(test)]
mod wide_tiles;

#[cfg(test)]
pub(crate) use wide_tiles::WideTiles;

/// Channels in a block, and lanes in a vector.
pub const BLOCK: usize = 16;

/// One pixel of one channel block.
pub type Lanes = [f32; BLOCK];

/// Vector operations of one instruction set. A value of the type proves that the processor has it.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen lanes.
    type V: Copy;

    /// Vectors that a register tile may accumulate into.
    const TILE: usize;

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// Reads sixteen lanes.
    fn load(self, from: &Lanes) -> Self::V;
    /// Writes sixteen lanes.
    fn store(self, v: Self::V, to: &mut Lanes);
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger of `a` and `b`; `b` where either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of `a` and `b`; `b` where either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `yes` where `a > b`, else `no`.
    fn select_gt(self, a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// `2^n` for lanes that hold whole numbers in −126..=127.
    fn exp2_whole(self, n: Self::V) -> Self::V;
    /// The sum of all lanes, as a balanced tree: lane `i` with `i + 8`, then 4, 2, 1.
    fn sum(self, v: Self::V) -> f32;

    /// All lanes zero.
    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }

    /// `max(v, 0)`; NaN stays NaN.
    #[inline(always)]
    fn relu(self, v: Self::V) -> Self::V {
        self.max(self.zero(), v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Algorithm, Isa};

    struct AllOps<'a> {
        a: &'a Lanes,
        b: &'a Lanes,
        c: &'a Lanes,
    }

    impl Algorithm for AllOps<'_> {
        type Output = Vec<Lanes>;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Vec<Lanes> {
            let (a, b, c) = (s.load(self.a), s.load(self.b), s.load(self.c));
            let results = [
                s.splat(self.a[3]),
                s.add(a, b),
                s.sub(a, b),
                s.mul(a, b),
                s.div(a, b),
                s.mul_add(a, b, c),
                s.max(a, b),
                s.min(a, b),
                s.select_gt(a, b, b, c),
                s.relu(a),
                s.splat(s.sum(a)),
            ];
            let mut out = vec![[0.0; BLOCK]; results.len()];
            for (v, to) in results.into_iter().zip(&mut out) {
                s.store(v, to);
            }
            out
        }
    }

    fn scalar(a: &Lanes, b: &Lanes, c: &Lanes) -> Vec<Lanes> {
        let lanes = |f: &dyn Fn(usize) -> f32| std::array::from_fn(f);
        let mut tree = *a;
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                tree[i] += tree[i + half];
            }
        }
        vec![
            [a[3]; BLOCK],
            lanes(&|i| a[i] + b[i]),
            lanes(&|i| a[i] - b[i]),
            lanes(&|i| a[i] * b[i]),
            lanes(&|i| a[i] / b[i]),
            lanes(&|i| (f64::from(a[i]) * f64::from(b[i]) + f64::from(c[i])) as f32),
            lanes(&|i| if a[i] > b[i] { a[i] } else { b[i] }),
            lanes(&|i| if a[i] < b[i] { a[i] } else { b[i] }),
            lanes(&|i| if a[i] > b[i] { b[i] } else { c[i] }),
            lanes(&|i| if 0.0 > a[i] { 0.0 } else { a[i] }),
            [tree[0]; BLOCK],
        ]
    }

    #[test]
    fn operations_match_scalars_on_every_isa() {
        let mut a: Lanes = std::array::from_fn(|i| (i as f32 - 7.3) * 1.7);
        let b = std::array::from_fn(|i| 5.1 - i as f32 * 0.9);
        let c = std::array::from_fn(|i| 0.3 * i as f32);
        for special in [None, Some(f32::NAN), Some(f32::INFINITY)] {
            a[5] = special.unwrap_or(a[5]);
            let expected = scalar(&a, &b, &c);
            for isa in Isa::available() {
                let got = isa.run(AllOps { a: &a, b: &b, c: &c });
                for (op, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    for (g, e) in got.iter().zip(expected) {
                        let near = (g - e).abs() <= 1e-6 * e.abs().max(1.0);
                        assert!(near || g == e || g.is_nan() && e.is_nan(), "{} op {op}: {g} {e}", isa.name());
                    }
                }
            }
        }
    }

    struct Powers<'a>(&'a Lanes);

    impl Algorithm for Powers<'_> {
        type Output = Lanes;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Lanes {
            let mut out = [0.0; BLOCK];
            s.store(s.exp2_whole(s.load(self.0)), &mut out);
            out
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for start in (-126..=112).step_by(14) {
            let n: Lanes = std::array::from_fn(|i| (start + i as i32) as f32);
            for isa in Isa::available() {
                assert_eq!(isa.run(Powers(&n)), n.map(f32::exp2), "{}", isa.name());
            }
        }
    }
}
