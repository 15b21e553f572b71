//! Batch norm for training (Ioffe & Szegedy 2015; PyTorch's `BatchNorm2d`), fused with the `relu` after it.
//!
//! Sums over a batch are made of sums per row, which the caller adds in the order of the rows; so they do not depend on how
//! the rows are cut into strips. The variance is combined from means and squared deviations of rows (Chan, Golub, Leveque
//! 1979), which does not cancel.

use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Strip};
use crate::simd::{Lanes, Simd};

/// Vectors that [`row_moments`] and [`backward_sums`] write per row and block.
pub const ROW_VECTORS: usize = 2;

/// The normalisation of one channel block: `x̂ = z · inverse + offset`, `y = z · scale + shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormLanes {
    /// `1 / √(variance + ε)`.
    pub inverse: Lanes,
    /// `−mean / √(variance + ε)`.
    pub offset: Lanes,
    /// `γ · inverse`.
    pub scale: Lanes,
    /// `γ · offset + β`.
    pub shift: Lanes,
}

/// The two means that the gradient of one channel block's input subtracts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientMeans {
    /// Mean of the output's gradient.
    pub gradient: Lanes,
    /// Mean of the output's gradient times `x̂`.
    pub product: Lanes,
}

/// Writes, for each row and block of the strip, the mean and the sum of squared deviations from it.
///
/// # Panics
/// When `moments` is not rows × blocks × [`ROW_VECTORS`] vectors.
pub fn row_moments(isa: Isa, image: Strip<'_>, moments: &mut [Lanes]) {
    assert_eq!(moments.len(), image.rows() * image.shape.blocks * ROW_VECTORS, "moments");
    isa.run(RowMoments { image, moments });
}

struct RowMoments<'a> {
    image: Strip<'a>,
    moments: &'a mut [Lanes],
}

impl Algorithm for RowMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let blocks = self.image.shape.blocks;
        let count = s.splat(1.0 / self.image.shape.width as f32);
        for (i, moments) in self.moments.as_chunks_mut::<ROW_VECTORS>().0.iter_mut().enumerate() {
            let pixels = self.image.inner(i / blocks, i % blocks);
            let mean = s.mul(sum(s, pixels, |v| v), count);
            let squares = sum(
                s,
                pixels,
                #[inline(always)]
                |v| {
                    let deviation = s.sub(v, mean);
                    s.mul(deviation, deviation)
                },
            );
            s.store(mean, &mut moments[0]);
            s.store(squares, &mut moments[1]);
        }
    }
}

/// The sum over pixels of `f`, in four interleaved chains.
#[inline(always)]
fn sum<S: Simd>(s: S, pixels: &[Lanes], f: impl Fn(S::V) -> S::V) -> S::V {
    let mut sums = [s.zero(); 4];
    let (fours, rest) = pixels.as_chunks::<4>();
    for four in fours {
        for i in 0..4 {
            sums[i] = s.add(sums[i], f(s.load(&four[i])));
        }
    }
    for pixel in rest {
        sums[0] = s.add(sums[0], f(s.load(pixel)));
    }
    s.add(s.add(sums[0], sums[1]), s.add(sums[2], sums[3]))
}

/// Writes the strip's rows of `relu(z · scale + shift)`.
///
/// # Panics
/// When shapes do not fit.
pub fn normalise_relu(isa: Isa, z: Image<'_>, norm: &[NormLanes], out: Strip<'_>) {
    assert_eq!((z.shape, norm.len()), (out.shape, out.shape.blocks), "shape");
    isa.run(Normalise { z, norm, out });
}

struct Normalise<'a> {
    z: Image<'a>,
    norm: &'a [NormLanes],
    out: Strip<'a>,
}

impl Algorithm for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.out.rows() {
            for (block, norm) in self.norm.iter().enumerate() {
                let (scale, shift) = (s.load(&norm.scale), s.load(&norm.shift));
                let z = &self.z.block_row(self.out.first_row + row, block)[1..];
                for (out, z) in self.out.inner(row, block).iter_mut().zip(z) {
                    s.store(s.relu(s.mul_add(s.load(z), scale, shift)), out);
                }
            }
        }
    }
}

/// Writes, for each row and block from `first_row` on, the sums of the gradient after the `relu`'s mask and of its product
/// with `x̂`.
///
/// # Panics
/// When lengths or shapes do not fit.
pub fn backward_sums(
    isa: Isa,
    z: Image<'_>,
    gradient: Image<'_>,
    norm: &[NormLanes],
    first_row: usize,
    sums: &mut [Lanes],
) {
    assert_eq!((z.shape, norm.len()), (gradient.shape, z.shape.blocks), "shape");
    assert_eq!(sums.len() % (z.shape.blocks * ROW_VECTORS), 0, "sums");
    isa.run(BackwardSums { z, gradient, norm, first_row, sums });
}

struct BackwardSums<'a> {
    z: Image<'a>,
    gradient: Image<'a>,
    norm: &'a [NormLanes],
    first_row: usize,
    sums: &'a mut [Lanes],
}

impl Algorithm for BackwardSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (blocks, width) = (self.z.shape.blocks, self.z.shape.width);
        for (i, out) in self.sums.as_chunks_mut::<ROW_VECTORS>().0.iter_mut().enumerate() {
            let (y, block) = (self.first_row + i / blocks, i % blocks);
            let z = &self.z.block_row(y, block)[1..=width];
            let gradient = &self.gradient.block_row(y, block)[1..=width];
            let sums = masked_sums(s, z, gradient, &self.norm[block]);
            s.store(sums.0, &mut out[0]);
            s.store(sums.1, &mut out[1]);
        }
    }
}

#[inline(always)]
fn masked_sums<S: Simd>(s: S, z: &[Lanes], gradient: &[Lanes], norm: &NormLanes) -> (S::V, S::V) {
    let (inverse, offset) = (s.load(&norm.inverse), s.load(&norm.offset));
    let (scale, shift) = (s.load(&norm.scale), s.load(&norm.shift));
    let (mut sums, mut products) = ([s.zero(); 2], [s.zero(); 2]);
    for (i, (z, gradient)) in z.iter().zip(gradient).enumerate() {
        let z = s.load(z);
        let masked = s.select_gt(s.mul_add(z, scale, shift), s.zero(), s.load(gradient), s.zero());
        let normal = s.mul_add(z, inverse, offset);
        if i % 2 == 0 {
            sums[0] = s.add(sums[0], masked);
            products[0] = s.mul_add(masked, normal, products[0]);
        } else {
            sums[1] = s.add(sums[1], masked);
            products[1] = s.mul_add(masked, normal, products[1]);
        }
    }
    (s.add(sums[0], sums[1]), s.add(products[0], products[1]))
}

/// Turns the strip's rows of the output's gradient into those of the gradient of `z`.
///
/// With frozen statistics the means are zero.
///
/// # Panics
/// When shapes do not fit.
pub fn backward_apply(isa: Isa, z: Image<'_>, norm: &[NormLanes], means: &[GradientMeans], gradient: Strip<'_>) {
    let blocks = z.shape.blocks;
    assert_eq!((z.shape, norm.len(), means.len()), (gradient.shape, blocks, blocks), "shape");
    isa.run(BackwardApply { z, norm, means, gradient });
}

struct BackwardApply<'a> {
    z: Image<'a>,
    norm: &'a [NormLanes],
    means: &'a [GradientMeans],
    gradient: Strip<'a>,
}

impl Algorithm for BackwardApply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for row in 0..self.gradient.rows() {
            for block in 0..self.z.shape.blocks {
                let (norm, means) = (&self.norm[block], &self.means[block]);
                let z = &self.z.block_row(self.gradient.first_row + row, block)[1..];
                for (gradient, z) in self.gradient.inner(row, block).iter_mut().zip(z) {
                    let (z, g) = (s.load(z), s.load(gradient));
                    let active = s.mul_add(z, s.load(&norm.scale), s.load(&norm.shift));
                    let masked = s.select_gt(active, s.zero(), g, s.zero());
                    s.store(input_gradient(s, z, masked, norm, means), gradient);
                }
            }
        }
    }
}

/// `scale · (gradient − mean gradient − x̂ · mean product)`.
#[inline(always)]
pub(crate) fn input_gradient<S: Simd>(s: S, z: S::V, gradient: S::V, norm: &NormLanes, means: &GradientMeans) -> S::V {
    let normal = s.mul_add(z, s.load(&norm.inverse), s.load(&norm.offset));
    let centred = s.sub(gradient, s.load(&means.gradient));
    let projected = s.mul(normal, s.load(&means.product));
    s.mul(s.load(&norm.scale), s.sub(centred, projected))
}

#[cfg(test)]
#[path = "batch_norm/tests.rs"]
mod tests;
