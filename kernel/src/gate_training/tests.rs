use super::*;
use crate::conv3x3::pack_lanes;
use crate::testing::{Numbers, Planar, assert_near, planar};

const CASES: &[(usize, usize, usize)] = &[(1, 1, 1), (4, 2, 3), (16, 1, 15), (17, 3, 16), (33, 2, 17)];

/// A whole step in f64: `σ(scale · (ψ·relu(y_g + y_x) + bias) + shift)`.
struct Fixture {
    z: [Planar; 2],
    norm: [Vec<NormLanes>; 2],
    psi: Vec<f32>,
}

impl Fixture {
    fn new(channels: usize, height: usize, width: usize) -> Self {
        let mut numbers = Numbers(channels as u64);
        let z = [(); 2].map(|()| Planar::random(&mut numbers, channels, height, width));
        let blocks = z[0].shape().blocks;
        let norm = [(); 2].map(|()| {
            let lanes = [(); 4].map(|()| pack_lanes(&numbers.take(channels), blocks));
            let block = |b: usize| NormLanes {
                inverse: lanes[0][b],
                offset: lanes[1][b],
                scale: lanes[2][b],
                shift: lanes[3][b],
            };
            (0..blocks).map(block).collect()
        });
        Self { z, norm, psi: numbers.take(channels) }
    }

    fn affine(&self, which: usize, c: usize, at: usize, normal: bool) -> f64 {
        let norm = &self.norm[which][c / 16];
        let (factor, offset) = if normal { (norm.inverse, norm.offset) } else { (norm.scale, norm.shift) };
        let z = f64::from(self.z[which].data[c * self.pixels() + at]);
        z * f64::from(factor[c % 16]) + f64::from(offset[c % 16])
    }

    fn pixels(&self) -> usize {
        self.z[0].height * self.z[0].width
    }

    fn joined(&self, c: usize, at: usize) -> f64 {
        self.affine(0, c, at, false) + self.affine(1, c, at, false)
    }

    fn dh(&self, c: usize, at: usize, dp: &[f32]) -> f64 {
        if self.joined(c, at) > 0.0 { f64::from(dp[at]) * f64::from(self.psi[c]) } else { 0.0 }
    }
}

fn for_all(check: impl Fn(Isa, &Fixture, Branches<'_>)) {
    for isa in Isa::available() {
        for &(channels, height, width) in CASES {
            let fixture = Fixture::new(channels, height, width);
            let (shape, data) = (fixture.z[0].shape(), [fixture.z[0].blocked(), fixture.z[1].blocked()]);
            let psi = pack_lanes(&fixture.psi, shape.blocks);
            let branches = Branches {
                z: [Image::new(shape, &data[0]), Image::new(shape, &data[1])],
                norm: [&fixture.norm[0], &fixture.norm[1]],
                psi: &psi,
            };
            check(isa, &fixture, branches);
        }
    }
}

#[test]
fn logits_match_the_f64_reference_on_every_isa() {
    for_all(|isa, fixture, branches| {
        let (width, mut out) = (fixture.z[0].width, vec![f32::NAN; fixture.pixels()]);
        for (row, out) in out.chunks_mut(width).enumerate() {
            gate_logits(isa, branches, 0.5, row, out);
        }
        let term = |c: usize, at| fixture.joined(c, at).max(0.0) * f64::from(fixture.psi[c]);
        let logit = |at| 0.5 + (0..fixture.psi.len()).map(|c| term(c, at)).sum::<f64>();
        let expected: Vec<_> = (0..fixture.pixels()).map(logit).collect();
        assert_near(&out, &expected, 1e-5, isa.name());
    });
}

#[test]
fn branch_sums_and_gradients_match_the_f64_reference_on_every_isa() {
    for_all(|isa, fixture, branches| {
        let (channels, pixels, shape) = (fixture.psi.len(), fixture.pixels(), branches.z[0].shape);
        let dp = Numbers(4).take(pixels);
        let mut sums = vec![[f32::NAN; 16]; shape.height * shape.blocks * BRANCH_VECTORS];
        branch_sums(isa, branches, &dp, 0, &mut sums);
        for c in 0..channels {
            let got = |part: usize| -> f32 {
                let row = |y: usize| sums[(y * shape.blocks + c / 16) * BRANCH_VECTORS + part][c % 16];
                (0..shape.height).map(row).sum()
            };
            let of = |f: &dyn Fn(usize) -> f64| (0..pixels).map(f).sum::<f64>();
            let expected = [
                of(&|at| fixture.dh(c, at, &dp)),
                of(&|at| fixture.dh(c, at, &dp) * fixture.affine(0, c, at, true)),
                of(&|at| fixture.dh(c, at, &dp) * fixture.affine(1, c, at, true)),
                of(&|at| fixture.joined(c, at).max(0.0) * f64::from(dp[at])),
            ];
            assert_near(&[got(0), got(1), got(2), got(3)], &expected, 1e-5, isa.name());
        }
        let mean = |value: f32| GradientMeans { gradient: [value; 16], product: [-value; 16] };
        let means = [vec![mean(0.25); shape.blocks], vec![mean(0.5); shape.blocks]];
        let mut z = [fixture.z[0].blocked(), fixture.z[1].blocked()];
        let with = BranchGradients { norm: branches.norm, means: [&means[0], &means[1]], psi: branches.psi, dp: &dp };
        let [g, x] = &mut z;
        branch_gradients(isa, with, Strip::new(shape, 0, g), Strip::new(shape, 0, x));
        for (which, value) in [(0, 0.25), (1, 0.5)] {
            let expected: Vec<_> = (0..channels * pixels)
                .map(|i| {
                    let (c, at) = (i / pixels, i % pixels);
                    let inner = fixture.dh(c, at, &dp) - value + fixture.affine(which, c, at, true) * value;
                    inner * f64::from(fixture.norm[which][c / 16].scale[c % 16])
                })
                .collect();
            // Padding lanes are zero because their scale is.
            assert_near(&planar(shape, channels, &z[which]), &expected, 1e-5, isa.name());
        }
    });
}

#[test]
fn attention_and_its_gradient_match_the_f64_reference_on_every_isa() {
    for isa in Isa::available() {
        for &(channels, height, width) in CASES {
            let mut numbers = Numbers(8);
            let skip = Planar::random(&mut numbers, channels, height, width);
            let upstream = Planar::random(&mut numbers, channels, height, width);
            let (pixels, shape, blocked) = (height * width, skip.shape(), skip.blocked());
            let logits = numbers.take(pixels);
            let alpha = |at: usize| 1.0 / (1.0 + (-(f64::from(logits[at]) * 2.0 - 0.5)).exp());
            let (mut attention, mut out) = (vec![f32::NAN; pixels], vec![f32::NAN; shape.image_len()]);
            for row in 0..height {
                let strip = Strip::new(shape, row, &mut out[row * shape.row_len()..][..shape.row_len()]);
                let attention = &mut attention[row * width..][..width];
                attend(isa, Image::new(shape, &blocked), &logits, (2.0, -0.5), attention, strip);
            }
            let times = |planar: &Planar, i: usize| f64::from(planar.data[i]) * alpha(i % pixels);
            let expected: Vec<_> = (0..channels * pixels).map(|i| times(&skip, i)).collect();
            assert_near(&planar(shape, channels, &out), &expected, 1e-5, isa.name());

            let (mut gradient, mut dq) = (upstream.blocked(), vec![f32::NAN; pixels]);
            let strip = Strip::new(shape, 0, &mut gradient);
            attend_backward(isa, Image::new(shape, &blocked), &attention, strip, &mut dq);
            let expected: Vec<_> = (0..channels * pixels).map(|i| times(&upstream, i)).collect();
            assert_near(&planar(shape, channels, &gradient), &expected, 1e-5, isa.name());
            let product = |i: usize| f64::from(skip.data[i]) * f64::from(upstream.data[i]);
            let expected: Vec<_> = (0..pixels)
                .map(|at| {
                    let sum: f64 = (0..channels).map(|c| product(c * pixels + at)).sum();
                    sum * alpha(at) * (1.0 - alpha(at))
                })
                .collect();
            assert_near(&dq, &expected, 1e-5, isa.name());
        }
    }
}
