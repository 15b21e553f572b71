use super::*;
use crate::simd::BLOCK;
use crate::testing::{Numbers, Planar, assert_near, planar};

const EPSILON: f64 = 1e-5;
const CASES: &[(usize, usize, usize)] = &[(1, 1, 2), (8, 2, 3), (16, 3, 5), (17, 4, 4), (33, 2, 15), (16, 1, 37)];

/// Mean and biased variance per channel.
fn statistics(z: &Planar) -> Vec<(f64, f64)> {
    let values = |c| z.data[c * z.height * z.width..][..z.height * z.width].iter().map(|&v| f64::from(v));
    let count = (z.height * z.width) as f64;
    (0..z.channels)
        .map(|c| {
            let mean = values(c).sum::<f64>() / count;
            (mean, values(c).map(|v| (v - mean).powi(2)).sum::<f64>() / count)
        })
        .collect()
}

fn lanes(blocks: usize, value: impl Fn(usize) -> f64) -> Vec<Lanes> {
    (0..blocks).map(|b| std::array::from_fn(|i| value(b * BLOCK + i) as f32)).collect()
}

fn norm_of(z: &Planar, gamma: &[f32], beta: &[f32]) -> Vec<NormLanes> {
    let statistics = statistics(z);
    let at = |c: usize, f: fn(f64, f64, f64, f64) -> f64| {
        let Some(&(mean, variance)) = statistics.get(c) else { return 0.0 };
        f(mean, (variance + EPSILON).sqrt(), f64::from(gamma[c]), f64::from(beta[c]))
    };
    let blocks = z.shape().blocks;
    let inverse = lanes(blocks, |c| at(c, |_, d, _, _| 1.0 / d));
    let offset = lanes(blocks, |c| at(c, |m, d, _, _| -m / d));
    let scale = lanes(blocks, |c| at(c, |_, d, g, _| g / d));
    let shift = lanes(blocks, |c| at(c, |m, d, g, b| b - g * m / d));
    (0..blocks)
        .map(|b| NormLanes { inverse: inverse[b], offset: offset[b], scale: scale[b], shift: shift[b] })
        .collect()
}

/// `relu(batch_norm(z))` weighted by `weight` and summed.
fn weighted_f64(z: &Planar, gamma: &[f32], beta: &[f32], weight: &Planar, moved: (usize, f64)) -> f64 {
    let pixels = z.height * z.width;
    let value = |i: usize| f64::from(z.data[i]) + if i == moved.0 { moved.1 } else { 0.0 };
    let mut total = 0.0;
    for c in 0..z.channels {
        let all = c * pixels..(c + 1) * pixels;
        let mean = all.clone().map(value).sum::<f64>() / pixels as f64;
        let variance = all.clone().map(|i| (value(i) - mean).powi(2)).sum::<f64>() / pixels as f64;
        for i in all {
            let normal = (value(i) - mean) / (variance + EPSILON).sqrt();
            total += (normal * f64::from(gamma[c]) + f64::from(beta[c])).max(0.0) * f64::from(weight.data[i]);
        }
    }
    total
}

#[test]
fn row_moments_combine_to_mean_and_variance() {
    for isa in Isa::available() {
        for &(channels, height, width) in CASES {
            let mut z = Planar::random(&mut Numbers(1), channels, height, width);
            // A mean far from zero, where a sum of squares would cancel.
            z.data.iter_mut().for_each(|v| *v += 100.0);
            let (shape, mut blocked) = (z.shape(), z.blocked());
            let mut moments = vec![[f32::NAN; BLOCK]; height * shape.blocks * ROW_VECTORS];
            row_moments(isa, Strip::new(shape, 0, &mut blocked), &mut moments);
            for (c, (mean, variance)) in statistics(&z).into_iter().enumerate() {
                let of = |y: usize, i: usize| {
                    f64::from(moments[(y * shape.blocks + c / BLOCK) * ROW_VECTORS + i][c % BLOCK])
                };
                let got = (0..height).map(|y| of(y, 0)).sum::<f64>() / height as f64;
                let spread: f64 = (0..height).map(|y| of(y, 1) + width as f64 * (of(y, 0) - got).powi(2)).sum();
                assert!((got - mean).abs() < 1e-4, "{got} {mean}");
                let got = spread / (height * width) as f64;
                assert!((got - variance).abs() < 1e-4 * variance.max(1.0), "{got} {variance}");
            }
        }
    }
}

#[test]
fn forward_and_backward_match_finite_differences_on_every_isa() {
    for isa in Isa::available() {
        for &(channels, height, width) in CASES {
            let mut n = Numbers(width as u64);
            let z = Planar::random(&mut n, channels, height, width);
            let upstream = Planar::random(&mut n, channels, height, width);
            let (gamma, beta) = (n.take(channels), n.take(channels));
            let (shape, norm) = (z.shape(), norm_of(&z, &gamma, &beta));
            let (z_data, mut gradient) = (z.blocked(), upstream.blocked());
            let image = Image::new(shape, &z_data);

            let mut out = vec![f32::NAN; shape.image_len()];
            normalise_relu(isa, image, &norm, Strip::new(shape, 0, &mut out));
            let out = planar(shape, channels, &out);
            let total: f64 = out.iter().zip(&upstream.data).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((total - weighted_f64(&z, &gamma, &beta, &upstream, (0, 0.0))).abs() < 1e-4, "{}", isa.name());

            let mut sums = vec![[f32::NAN; BLOCK]; height * shape.blocks * ROW_VECTORS];
            backward_sums(isa, image, Image::new(shape, &gradient), &norm, 0, &mut sums);
            let mean = |block: usize, part: usize| -> Lanes {
                let rows = (0..height).map(|y| &sums[(y * shape.blocks + block) * ROW_VECTORS + part]);
                let total = rows.fold([0.0; BLOCK], |t, r| std::array::from_fn(|i| t[i] + r[i]));
                total.map(|v: f32| v / (height * width) as f32)
            };
            let means: Vec<_> =
                (0..shape.blocks).map(|b| GradientMeans { gradient: mean(b, 0), product: mean(b, 1) }).collect();
            backward_apply(isa, image, &norm, &means, Strip::new(shape, 0, &mut gradient));
            let got = planar(shape, channels, &gradient);
            for i in (0..got.len()).step_by(7) {
                let at = |by| weighted_f64(&z, &gamma, &beta, &upstream, (i, by));
                let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert_near(&got[i..=i], &[expected], 2e-4, &format!("{} {channels} {i}", isa.name()));
            }
        }
    }
}
