//! The network's first layer: direct 3×3 convolution, padding 1, of a planar image with few channels.

use crate::conv3x3::{even_runs, pack_lanes, with_tile};
use crate::isa::{Algorithm, Isa};
use crate::layout::{Strip, blocks};
use crate::simd::{BLOCK, Lanes, Simd};

/// Weights of the first convolution as `[out block][channel][row][column][out 16]`, and its bias.
#[derive(Debug, Clone, Default)]
pub struct StemWeights {
    channels: usize,
    taps: Vec<Lanes>,
    bias: Vec<Lanes>,
}

impl StemWeights {
    /// Packs weights `[outputs, channels, 3, 3]` and a bias of `outputs` values (may be empty: zero).
    ///
    /// # Panics
    /// When the length of `weight` does not fit.
    pub fn pack(channels: usize, outputs: usize, weight: &[f32], bias: &[f32]) -> Self {
        let taps = channels * 9;
        assert_eq!(weight.len(), outputs * taps, "stem weights");
        let mut packed = vec![[0.0; BLOCK]; blocks(outputs) * taps];
        for (output, from) in weight.chunks_exact(taps.max(1)).enumerate() {
            for (tap, &value) in from.iter().enumerate() {
                packed[output / BLOCK * taps + tap][output % BLOCK] = value;
            }
        }
        Self { channels, taps: packed, bias: pack_lanes(bias, blocks(outputs)) }
    }

    /// Floats of scratch memory for rows of `width` pixels.
    pub fn scratch_len(&self, width: usize) -> usize {
        self.channels * 3 * (width + 2)
    }
}

/// Writes the strip's rows of the convolution of `planar`, `[channels, H, W]`, after `relu` where `relu` is set.
///
/// # Panics
/// When lengths do not fit, or `scratch` is shorter than [`StemWeights::scratch_len`].
pub fn stem(isa: Isa, planar: &[f32], weights: &StemWeights, relu: bool, out: Strip<'_>, scratch: &mut [f32]) {
    let shape = out.shape;
    assert_eq!(planar.len(), weights.channels * shape.height * shape.width, "planar input");
    assert_eq!(shape.blocks, weights.bias.len(), "output blocks");
    let scratch = &mut scratch[..weights.scratch_len(shape.width)];
    isa.run(Stem { planar, weights, relu, out, scratch });
}

struct Stem<'a> {
    planar: &'a [f32],
    weights: &'a StemWeights,
    relu: bool,
    out: Strip<'a>,
    scratch: &'a mut [f32],
}

impl Algorithm for Stem<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let taps = self.weights.channels * 9;
        for row in 0..self.out.rows() {
            self.copy_lines(self.out.first_row + row);
            for block in 0..self.out.shape.blocks {
                let taps = &self.weights.taps[block * taps..][..taps];
                let line = Line { lines: self.scratch, taps, bias: &self.weights.bias[block], relu: self.relu };
                let out = self.out.inner(row, block);
                let width = out.len();
                for (x, len) in even_runs(width, S::TILE) {
                    with_tile!(S, len, pixels(s, &line, width + 2, x, out));
                }
            }
        }
    }
}

impl Stem<'_> {
    /// Copies the three input rows around `y` of each channel, with a zero at either end.
    fn copy_lines(&mut self, y: usize) {
        let (height, width) = (self.out.shape.height, self.out.shape.width);
        for (i, line) in self.scratch.chunks_exact_mut(width + 2).enumerate() {
            let (channel, from) = (i / 3, y + i % 3);
            line.fill(0.0);
            if (1..=height).contains(&from) {
                line[1..=width].copy_from_slice(&self.planar[(channel * height + from - 1) * width..][..width]);
            }
        }
    }
}

struct Line<'a> {
    lines: &'a [f32],
    taps: &'a [Lanes],
    bias: &'a Lanes,
    relu: bool,
}

#[inline(always)]
fn pixels<S: Simd, const P: usize>(s: S, line: &Line<'_>, stride: usize, x: usize, out: &mut [Lanes]) {
    let mut sums = [s.load(line.bias); P];
    for (values, taps) in line.lines.chunks_exact(stride).zip(line.taps.chunks_exact(3)) {
        let values = &values[x..x + P + 2];
        for kx in 0..3 {
            let tap = s.load(&taps[kx]);
            for p in 0..P {
                sums[p] = s.mul_add(s.splat(values[p + kx]), tap, sums[p]);
            }
        }
    }
    for (sum, out) in sums.into_iter().zip(&mut out[x..x + P]) {
        s.store(if line.relu { s.relu(sum) } else { sum }, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Shape;
    use crate::testing::{Numbers, Planar, assert_near, conv3x3_f64, planar, unaligned};

    #[test]
    fn matches_the_f64_reference_on_every_isa() {
        for isa in Isa::available() {
            for (channels, outputs, size) in
                [(3, 16, (1, 1)), (3, 8, (2, 5)), (3, 17, (5, 6)), (1, 16, (4, 7)), (3, 64, (3, 29))]
            {
                let mut numbers = Numbers(11);
                let image = Planar::random(&mut numbers, channels, size.0, size.1);
                let (weight, bias) = (numbers.take(outputs * channels * 9), numbers.take(outputs));
                let expected = conv3x3_f64(&[&image], &weight, &bias);
                let weights = StemWeights::pack(channels, outputs, &weight, &bias);
                let shape = Shape::new(outputs, size.0, size.1);
                let mut out = vec![f32::NAN; shape.image_len()];
                let mut scratch = vec![f32::NAN; weights.scratch_len(size.1)];
                let (data, start) = unaligned(&image.data);
                let data = &data[start..][..image.data.len()];
                for (row, strip) in out.chunks_mut(shape.row_len()).enumerate() {
                    stem(isa, data, &weights, false, Strip::new(shape, row, strip), &mut scratch);
                }
                assert_near(&planar(shape, outputs, &out), &expected, 1e-5, isa.name());
                stem(isa, data, &weights, true, Strip::new(shape, 0, &mut out), &mut scratch);
                let clipped: Vec<_> = expected.iter().map(|v| v.max(0.0)).collect();
                assert_near(&planar(shape, outputs, &out), &clipped, 1e-5, isa.name());
            }
        }
    }
}
