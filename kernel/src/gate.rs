//! Attention gate of the Attention U-Net (Oktay et al. 2018), all steps fused: `skip · σ(ψ · relu(W_g g + W_x skip))`.

use crate::conv3x3::{even_runs, pack_lanes, with_tile};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Image, Shape, Strip};
use crate::math::sigmoid_slice;
use crate::pointwise::Matrix;
use crate::simd::{Lanes, Simd};

/// Weights of a gate, its batch norms folded in.
#[derive(Debug, Clone)]
pub struct GateWeights {
    gating: Matrix,
    skip: Matrix,
    psi: Vec<Lanes>,
    psi_bias: f32,
}

impl GateWeights {
    /// Joins the two matrices to the inner channels and `psi`, one value per inner channel.
    ///
    /// # Panics
    /// When the matrices differ in their outputs.
    pub fn new(gating: Matrix, skip: Matrix, psi: &[f32], psi_bias: f32) -> Self {
        assert_eq!(gating.out_blocks, skip.out_blocks, "inner blocks");
        let psi = pack_lanes(psi, gating.out_blocks);
        Self { gating, skip, psi, psi_bias }
    }
}

/// Multiplies the strip's rows of the skip connection by their attention; `gating` has the same height and width.
///
/// `attention` holds one row of `W` values while the gate runs.
///
/// # Panics
/// When shapes do not fit.
pub fn gate(isa: Isa, gating: Image<'_>, weights: &GateWeights, skip: Strip<'_>, attention: &mut [f32]) {
    let (g, x) = (gating.shape, skip.shape);
    assert_eq!((g.height, g.width), (x.height, x.width), "gating size");
    assert_eq!((g.blocks, x.blocks), (weights.gating.in_blocks, weights.skip.in_blocks), "channel blocks");
    let attention = &mut attention[..x.width];
    isa.run(Gate { gating, weights, skip, attention });
}

struct Gate<'a> {
    gating: Image<'a>,
    weights: &'a GateWeights,
    skip: Strip<'a>,
    attention: &'a mut [f32],
}

impl Algorithm for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let shape = self.skip.shape;
        for row in 0..self.skip.rows() {
            let y = self.skip.first_row + row;
            let skip = one_row(&shape, self.skip.row(row));
            for (x, len) in even_runs(shape.width, S::TILE) {
                let attention = &mut self.attention[x..];
                with_tile!(S, len, logits(s, &self.gating, y, &skip, x, self.weights, attention));
            }
            sigmoid_slice(s, self.attention);
            for block in 0..shape.blocks {
                for (pixel, &factor) in self.skip.inner(row, block).iter_mut().zip(&*self.attention) {
                    s.store(s.mul(s.load(pixel), s.splat(factor)), pixel);
                }
            }
        }
    }
}

/// One row as an image of its own.
#[inline(always)]
fn one_row<'a>(shape: &Shape, row: &'a [Lanes]) -> Image<'a> {
    Image::new(Shape { height: 1, ..*shape }, row.as_flattened())
}

#[inline(always)]
fn logits<S: Simd, const P: usize>(
    s: S,
    gating: &Image<'_>,
    y: usize,
    skip: &Image<'_>,
    x: usize,
    weights: &GateWeights,
    out: &mut [f32],
) {
    let mut totals = [s.zero(); P];
    for (block, psi) in weights.psi.iter().enumerate() {
        let bias = s.add(s.load(weights.gating.bias(block)), s.load(weights.skip.bias(block)));
        let mut sums = [bias; P];
        weights.gating.apply(s, gating, (y, x + 1), block, &mut sums);
        weights.skip.apply(s, skip, (0, x + 1), block, &mut sums);
        for p in 0..P {
            totals[p] = s.mul_add(s.relu(sums[p]), s.load(psi), totals[p]);
        }
    }
    for (total, out) in totals.into_iter().zip(out) {
        *out = s.sum(total) + weights.psi_bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Numbers, Planar, assert_near, planar};

    fn reference(g: &Planar, x: &Planar, w: &[Vec<f32>; 5], psi_bias: f32) -> Vec<f64> {
        let [wg, wx, bg, bx, psi] = w;
        let inner = psi.len();
        let mut out = vec![0.0; x.data.len()];
        for at in 0..x.height * x.width {
            let (row, column) = (at / x.width, at % x.width);
            let mut logit = f64::from(psi_bias);
            for f in 0..inner {
                let mut sum = f64::from(bg[f]) + f64::from(bx[f]);
                sum += (0..g.channels).map(|c| f64::from(wg[f * g.channels + c]) * g.at(c, row, column)).sum::<f64>();
                sum += (0..x.channels).map(|c| f64::from(wx[f * x.channels + c]) * x.at(c, row, column)).sum::<f64>();
                logit += sum.max(0.0) * f64::from(psi[f]);
            }
            for c in 0..x.channels {
                out[c * x.height * x.width + at] = x.at(c, row, column) / (1.0 + (-logit).exp());
            }
        }
        out
    }

    #[test]
    fn matches_the_f64_reference_on_every_isa() {
        for isa in Isa::available() {
            for (channels, inner, height, width) in
                [(8, 4, 1, 1), (16, 8, 2, 5), (32, 16, 3, 6), (17, 15, 4, 13), (48, 24, 2, 14), (64, 32, 3, 31)]
            {
                let mut n = Numbers(2);
                let g = Planar::random(&mut n, channels, height, width);
                let x = Planar::random(&mut n, channels, height, width);
                let w = [inner * channels, inner * channels, inner, inner, inner].map(|len| n.take(len));
                let matrix = |w: &[f32], b: &[f32]| Matrix::pack(channels, inner, |o, i| w[o * channels + i], b);
                let weights = GateWeights::new(matrix(&w[0], &w[2]), matrix(&w[1], &w[3]), &w[4], -0.5);
                let (shape, blocked) = (x.shape(), g.blocked());
                let (mut skip, mut attention) = (x.blocked(), vec![f32::NAN; width]);
                for (row, strip) in skip.chunks_mut(shape.row_len()).enumerate() {
                    let strip = Strip::new(shape, row, strip);
                    gate(isa, Image::new(shape, &blocked), &weights, strip, &mut attention);
                }
                let what = format!("{} {channels}/{inner} {height}x{width}", isa.name());
                assert_near(&planar(shape, channels, &skip), &reference(&g, &x, &w, -0.5), 1e-5, &what);
            }
        }
    }
}
