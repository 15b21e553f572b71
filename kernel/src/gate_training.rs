//! The attention gate's training steps between its 1×1 convolutions: forward and backward, each one pass over the rows.
//!
//! With the normalised branches `ĝ` and `x̂`: `h = relu(y_g + y_x)`, `p = ψ·h`, `α = σ(norm(p))`, output `skip · α`.

use crate::batch_norm::{GradientMeans, NormLanes, input_gradient};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::math::sigmoid_slice;
use crate::simd::{Lanes, Simd};

/// The two branches of a gate before their batch norms.
#[derive(Debug, Clone, Copy)]
pub struct Branches<'a> {
    /// `W_g g` and `W_x skip`.
    pub z: [Image<'a>; 2],
    /// Their normalisation, one per block.
    pub norm: [&'a [NormLanes]; 2],
    /// `ψ`, one vector per block.
    pub psi: &'a [Lanes],
}

impl Branches<'_> {
    fn check(&self) {
        let shape = self.z[0].shape;
        assert_eq!(shape, self.z[1].shape, "branches");
        for len in [self.norm[0].len(), self.norm[1].len(), self.psi.len()] {
            assert_eq!(len, shape.blocks, "blocks of the gate");
        }
    }

    /// `y_g + y_x` at one pixel.
    #[inline(always)]
    fn joined<S: Simd>(&self, s: S, block: usize, z: [S::V; 2]) -> S::V {
        let [g, x] = [&self.norm[0][block], &self.norm[1][block]];
        let y = s.mul_add(z[0], s.load(&g.scale), s.load(&g.shift));
        s.add(y, s.mul_add(z[1], s.load(&x.scale), s.load(&x.shift)))
    }

    #[inline(always)]
    fn rows(&self, y: usize, block: usize) -> [&[Lanes]; 2] {
        let width = self.z[0].shape.width;
        [&self.z[0].block_row(y, block)[1..=width], &self.z[1].block_row(y, block)[1..=width]]
    }
}

/// Writes `ψ·h + bias` of rows from `first_row` on to `out`, `[rows, W]`.
///
/// # Panics
/// When shapes do not fit.
pub fn gate_logits(isa: Isa, branches: Branches<'_>, bias: f32, first_row: usize, out: &mut [f32]) {
    branches.check();
    isa.run(GateLogits { branches, bias, first_row, out });
}

struct GateLogits<'a> {
    branches: Branches<'a>,
    bias: f32,
    first_row: usize,
    out: &'a mut [f32],
}

impl Algorithm for GateLogits<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let shape = self.branches.z[0].shape;
        for (row, out) in self.out.chunks_exact_mut(shape.width).enumerate() {
            out.fill(self.bias);
            for block in 0..shape.blocks {
                let [g, x] = self.branches.rows(self.first_row + row, block);
                let psi = s.load(&self.branches.psi[block]);
                for ((out, g), x) in out.iter_mut().zip(g).zip(x) {
                    let h = s.relu(self.branches.joined(s, block, [s.load(g), s.load(x)]));
                    *out += s.sum(s.mul(h, psi));
                }
            }
        }
    }
}

/// Writes `α = σ(logit · scale + shift)` of the strip's rows to `attention`, `[rows, W]`, and `skip · α` to the strip.
///
/// `logits` is `[H, W]`.
///
/// # Panics
/// When shapes do not fit.
pub fn attend(isa: Isa, skip: Image<'_>, logits: &[f32], norm: (f32, f32), attention: &mut [f32], out: Strip<'_>) {
    assert_eq!(skip.shape, out.shape, "skip");
    assert_eq!(logits.len(), out.shape.height * out.shape.width, "logits");
    assert_eq!(attention.len(), out.rows() * out.shape.width, "attention");
    isa.run(Attend { skip, logits, norm, attention, out });
}

struct Attend<'a> {
    skip: Image<'a>,
    logits: &'a [f32],
    norm: (f32, f32),
    attention: &'a mut [f32],
    out: Strip<'a>,
}

impl Algorithm for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (width, first) = (self.out.shape.width, self.out.first_row);
        for (alpha, logit) in self.attention.iter_mut().zip(&self.logits[first * width..]) {
            *alpha = logit * self.norm.0 + self.norm.1;
        }
        sigmoid_slice(s, self.attention);
        for (row, attention) in self.attention.chunks_exact(width).enumerate() {
            for block in 0..self.out.shape.blocks {
                let skip = &self.skip.block_row(first + row, block)[1..];
                for ((out, skip), &alpha) in self.out.inner(row, block).iter_mut().zip(skip).zip(attention) {
                    s.store(s.mul(s.load(skip), s.splat(alpha)), out);
                }
            }
        }
    }
}

/// Turns the strip's rows of the output's gradient into the part of the skip's that goes through the product.
///
/// Writes the gradient of the normalised logit, `Σ gradient · skip · α(1 − α)`, to `logits`, `[rows, W]`; `attention` is `[H, W]`.
///
/// # Panics
/// When shapes do not fit.
pub fn attend_backward(isa: Isa, skip: Image<'_>, attention: &[f32], gradient: Strip<'_>, logits: &mut [f32]) {
    assert_eq!(skip.shape, gradient.shape, "skip");
    assert_eq!(attention.len(), skip.shape.height * skip.shape.width, "attention");
    assert_eq!(logits.len(), gradient.rows() * skip.shape.width, "logits");
    isa.run(AttendBackward { skip, attention, gradient, logits });
}

struct AttendBackward<'a> {
    skip: Image<'a>,
    attention: &'a [f32],
    gradient: Strip<'a>,
    logits: &'a mut [f32],
}

impl Algorithm for AttendBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let (width, first) = (self.skip.shape.width, self.gradient.first_row);
        for (row, logits) in self.logits.chunks_exact_mut(width).enumerate() {
            let attention = &self.attention[(first + row) * width..][..width];
            logits.fill(0.0);
            for block in 0..self.skip.shape.blocks {
                let skip = &self.skip.block_row(first + row, block)[1..];
                let pixels = self.gradient.inner(row, block).iter_mut().zip(skip);
                for (((gradient, skip), logit), &alpha) in pixels.zip(logits.iter_mut()).zip(attention) {
                    let g = s.load(gradient);
                    *logit += s.sum(s.mul(g, s.load(skip)));
                    s.store(s.mul(g, s.splat(alpha)), gradient);
                }
            }
            for (logit, &alpha) in logits.iter_mut().zip(attention) {
                *logit *= alpha * (1.0 - alpha);
            }
        }
    }
}

/// Vectors that [`branch_sums`] writes per row and block.
pub const BRANCH_VECTORS: usize = 4;

/// Writes, for each row and block from `first_row` on, the sums of `dh`, `dh · ĝ`, `dh · x̂` and `dp · h`, where `dp`,
/// `[H, W]`, is the gradient of `p` and `dh` that of `h` after the `relu`'s mask.
///
/// # Panics
/// When shapes do not fit.
pub fn branch_sums(isa: Isa, branches: Branches<'_>, dp: &[f32], first_row: usize, sums: &mut [Lanes]) {
    branches.check();
    let shape = branches.z[0].shape;
    assert_eq!(dp.len(), shape.height * shape.width, "gradient of the logits");
    assert_eq!(sums.len() % (shape.blocks * BRANCH_VECTORS), 0, "sums");
    isa.run(BranchSums { branches, dp, first_row, sums });
}

struct BranchSums<'a> {
    branches: Branches<'a>,
    dp: &'a [f32],
    first_row: usize,
    sums: &'a mut [Lanes],
}

impl Algorithm for BranchSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let shape = self.branches.z[0].shape;
        for (i, out) in self.sums.as_chunks_mut::<BRANCH_VECTORS>().0.iter_mut().enumerate() {
            let (y, block) = (self.first_row + i / shape.blocks, i % shape.blocks);
            let [g, x] = self.branches.rows(y, block);
            let psi = s.load(&self.branches.psi[block]);
            let [g_norm, x_norm] = [&self.branches.norm[0][block], &self.branches.norm[1][block]];
            let mut sums = [s.zero(); BRANCH_VECTORS];
            for ((g, x), &dp) in g.iter().zip(x).zip(&self.dp[y * shape.width..]) {
                let (g, x, dp) = (s.load(g), s.load(x), s.splat(dp));
                let h = self.branches.joined(s, block, [g, x]);
                let dh = s.select_gt(h, s.zero(), s.mul(dp, psi), s.zero());
                sums[0] = s.add(sums[0], dh);
                sums[1] = s.mul_add(dh, s.mul_add(g, s.load(&g_norm.inverse), s.load(&g_norm.offset)), sums[1]);
                sums[2] = s.mul_add(dh, s.mul_add(x, s.load(&x_norm.inverse), s.load(&x_norm.offset)), sums[2]);
                sums[3] = s.mul_add(dp, s.relu(h), sums[3]);
            }
            for (sum, out) in sums.into_iter().zip(out) {
                s.store(sum, out);
            }
        }
    }
}

/// What the second backward pass over the branches needs besides the branches' values, which it overwrites.
#[derive(Debug, Clone, Copy)]
pub struct BranchGradients<'a> {
    /// Normalisation of `W_g g` and `W_x skip`.
    pub norm: [&'a [NormLanes]; 2],
    /// The means to subtract, zero with frozen statistics.
    pub means: [&'a [GradientMeans]; 2],
    /// `ψ`, one vector per block.
    pub psi: &'a [Lanes],
    /// Gradient of `p`, `[H, W]`.
    pub dp: &'a [f32],
}

/// Turns the strips' rows of `W_g g` and `W_x skip` into their gradients.
///
/// # Panics
/// When shapes do not fit.
pub fn branch_gradients(isa: Isa, with: BranchGradients<'_>, g: Strip<'_>, x: Strip<'_>) {
    assert_eq!((g.shape, g.first_row, g.rows()), (x.shape, x.first_row, x.rows()), "branches");
    let blocks = g.shape.blocks;
    for len in [with.norm[0].len(), with.norm[1].len(), with.means[0].len(), with.means[1].len(), with.psi.len()] {
        assert_eq!(len, blocks, "blocks of the gate");
    }
    assert_eq!(with.dp.len(), g.shape.height * g.shape.width, "gradient of the logits");
    isa.run(ApplyBranches { with, g, x });
}

struct ApplyBranches<'a> {
    with: BranchGradients<'a>,
    g: Strip<'a>,
    x: Strip<'a>,
}

impl Algorithm for ApplyBranches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let shape = self.g.shape;
        let BranchGradients { norm, means, psi, dp } = self.with;
        for row in 0..self.g.rows() {
            let dp = &dp[(self.g.first_row + row) * shape.width..][..shape.width];
            for block in 0..shape.blocks {
                let [g_norm, x_norm] = [&norm[0][block], &norm[1][block]];
                let (g_row, x_row) = (self.g.inner(row, block), self.x.inner(row, block));
                for ((g_at, x_at), &dp) in g_row.iter_mut().zip(x_row).zip(dp) {
                    let (g, x) = (s.load(g_at), s.load(x_at));
                    let y = s.mul_add(g, s.load(&g_norm.scale), s.load(&g_norm.shift));
                    let h = s.add(y, s.mul_add(x, s.load(&x_norm.scale), s.load(&x_norm.shift)));
                    let dh = s.select_gt(h, s.zero(), s.mul(s.splat(dp), s.load(&psi[block])), s.zero());
                    s.store(input_gradient(s, g, dh, g_norm, &means[0][block]), g_at);
                    s.store(input_gradient(s, x, dh, x_norm, &means[1][block]), x_at);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "gate_training/tests.rs"]
mod tests;
