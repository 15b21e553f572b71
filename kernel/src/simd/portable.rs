//! Four arrays of four floats per vector, a shape that compilers map to 128-bit registers.

use super::{Lanes, Simd};
use crate::isa::Portable;

/// Sixteen lanes as four quads.
#[derive(Clone, Copy)]
pub struct Quads([[f32; 4]; 4]);

#[inline(always)]
fn lanewise(f: impl Fn(usize, usize) -> f32) -> Quads {
    let quad = |q| [f(q, 0), f(q, 1), f(q, 2), f(q, 3)];
    Quads([quad(0), quad(1), quad(2), quad(3)])
}

impl Simd for Portable {
    type V = Quads;

    // Baseline x86-64 has sixteen 128-bit registers: three vectors fill twelve of them.
    const TILE: usize = 3;

    #[inline(always)]
    fn splat(self, x: f32) -> Quads {
        Quads([[x; 4]; 4])
    }

    #[inline(always)]
    fn load(self, from: &Lanes) -> Quads {
        lanewise(|q, i| from[4 * q + i])
    }

    #[inline(always)]
    fn store(self, v: Quads, to: &mut Lanes) {
        for q in 0..4 {
            to[4 * q..4 * q + 4].copy_from_slice(&v.0[q]);
        }
    }

    #[inline(always)]
    fn add(self, a: Quads, b: Quads) -> Quads {
        lanewise(|q, i| a.0[q][i] + b.0[q][i])
    }

    #[inline(always)]
    fn sub(self, a: Quads, b: Quads) -> Quads {
        lanewise(|q, i| a.0[q][i] - b.0[q][i])
    }

    #[inline(always)]
    fn mul(self, a: Quads, b: Quads) -> Quads {
        lanewise(|q, i| a.0[q][i] * b.0[q][i])
    }

    #[inline(always)]
    fn div(self, a: Quads, b: Quads) -> Quads {
        lanewise(|q, i| a.0[q][i] / b.0[q][i])
    }

    // Not `f32::mul_add`: without the FMA instruction that is a slow library call.
    #[inline(always)]
    fn mul_add(self, a: Quads, b: Quads, c: Quads) -> Quads {
        lanewise(|q, i| a.0[q][i] * b.0[q][i] + c.0[q][i])
    }

    #[inline(always)]
    fn max(self, a: Quads, b: Quads) -> Quads {
        self.select_gt(a, b, a, b)
    }

    #[inline(always)]
    fn min(self, a: Quads, b: Quads) -> Quads {
        self.select_gt(b, a, a, b)
    }

    #[inline(always)]
    fn select_gt(self, a: Quads, b: Quads, yes: Quads, no: Quads) -> Quads {
        lanewise(|q, i| if a.0[q][i] > b.0[q][i] { yes.0[q][i] } else { no.0[q][i] })
    }

    #[inline(always)]
    fn exp2_whole(self, n: Quads) -> Quads {
        lanewise(|q, i| f32::from_bits(((n.0[q][i] as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn sum(self, v: Quads) -> f32 {
        let [a, b, c, d] = v.0;
        let four: [f32; 4] = std::array::from_fn(|i| (a[i] + c[i]) + (b[i] + d[i]));
        (four[0] + four[2]) + (four[1] + four[3])
    }
}
