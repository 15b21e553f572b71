//! Transformed weights: packed once in f64 for inference, or at every step in f32 for training.

use super::lines::kernel_line;
use super::{PATCH, POSITIONS, plane};
use crate::conv3x3::{Weights3x3, pack_lanes};
use crate::isa::{Algorithm, Isa};
use crate::layout::{blocks, concatenated};
use crate::simd::{BLOCK, Lanes, Simd};

/// Transformed weights of a 3×3 convolution as `[position][out block][in][out 16]`, and its bias.
#[derive(Debug, Clone, Default)]
pub struct WinogradWeights {
    pub(super) in_blocks: usize,
    pub(super) out_blocks: usize,
    pub(super) taps: Vec<Lanes>,
    pub(super) bias: Vec<Lanes>,
}

impl WinogradWeights {
    /// Transforms `weight(out, in, row, column)`; the arguments are those of [`crate::conv3x3::Weights3x3::pack`].
    pub fn pack(
        inputs: &[usize],
        outputs: usize,
        weight: impl Fn(usize, usize, usize, usize) -> f32,
        bias: &[f32],
    ) -> Self {
        let (in_blocks, out_blocks) = (inputs.iter().map(|&c| blocks(c)).sum::<usize>(), blocks(outputs));
        let plane = out_blocks * in_blocks * BLOCK;
        let mut taps = vec![[0.0; BLOCK]; POSITIONS * plane];
        for output in 0..outputs {
            for (channel, lane) in concatenated(inputs) {
                let at = output / BLOCK * in_blocks * BLOCK + lane;
                let kernel = transform_kernel(|ky, kx| weight(output, channel, ky, kx));
                for (position, value) in kernel.into_iter().enumerate() {
                    taps[position * plane + at][output % BLOCK] = value;
                }
            }
        }
        Self { in_blocks, out_blocks, taps, bias: pack_lanes(bias, out_blocks) }
    }

    /// Transforms packed weights, in f32 and a block at a time: for weights that change at every training step.
    pub fn transform(&mut self, isa: Isa, weights: &Weights3x3) {
        (self.in_blocks, self.out_blocks) = (weights.in_blocks(), weights.out_blocks());
        self.taps.resize(POSITIONS * self.out_blocks * self.in_blocks * BLOCK, [0.0; BLOCK]);
        self.bias.clear();
        self.bias.extend((0..self.out_blocks).map(|block| *weights.bias(block)));
        isa.run(Transform { weights, taps: &mut self.taps });
    }

    /// Channel blocks of the output.
    pub fn out_blocks(&self) -> usize {
        self.out_blocks
    }

    /// Floats of scratch memory that [`super::winograd3x3`] needs.
    pub fn scratch_len(&self) -> usize {
        let group = self.group();
        POSITIONS * (plane(self.in_blocks, group) + plane(self.out_blocks, group)) * BLOCK
    }

    /// Tiles that go through the steps together: as many as the second-level cache holds, but enough to use each weight
    /// several times.
    pub fn group(&self) -> usize {
        const CACHED_LANES: usize = 6144;
        (CACHED_LANES / (POSITIONS * (self.in_blocks + self.out_blocks))).clamp(24, 96)
    }

    #[inline(always)]
    pub(super) fn taps(&self, position: usize, out_block: usize) -> &[Lanes] {
        let len = self.in_blocks * BLOCK;
        &self.taps[(position * self.out_blocks + out_block) * len..][..len]
    }
}

/// `G g Gᵀ` in f64.
fn transform_kernel(weight: impl Fn(usize, usize) -> f32) -> [f32; POSITIONS] {
    const G: [[f64; 3]; PATCH] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let weight: [[f64; 3]; 3] = std::array::from_fn(|y| std::array::from_fn(|x| f64::from(weight(y, x))));
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    std::array::from_fn(|i| {
        let rows = [dot(weight[0], G[i % PATCH]), dot(weight[1], G[i % PATCH]), dot(weight[2], G[i % PATCH])];
        dot(G[i / PATCH], rows) as f32
    })
}

struct Transform<'a> {
    weights: &'a Weights3x3,
    taps: &'a mut [Lanes],
}

impl Algorithm for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let plane = self.taps.len() / POSITIONS;
        for at in 0..plane {
            let (pair, channel) = (at / BLOCK, at % BLOCK);
            let (out_block, in_block) = (pair / self.weights.in_blocks(), pair % self.weights.in_blocks());
            let mut rows = [[s.zero(); PATCH]; 3];
            for (ky, row) in rows.iter_mut().enumerate() {
                let taps = [0, 1, 2].map(|kx| &self.weights.tap(out_block, ky, in_block, kx)[channel]);
                *row = kernel_line(s, [s.load(taps[0]), s.load(taps[1]), s.load(taps[2])]);
            }
            for x in 0..PATCH {
                for (y, value) in kernel_line(s, [rows[0][x], rows[1][x], rows[2][x]]).into_iter().enumerate() {
                    s.store(value, &mut self.taps[(y * PATCH + x) * plane + at]);
                }
            }
        }
    }
}
