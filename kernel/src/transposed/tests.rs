use super::*;
use crate::layout::Shape;
use crate::testing::{Numbers, Planar, assert_near, planar};

const SIZES: &[(usize, usize)] = &[(1, 1), (1, 2), (2, 3), (3, 6), (2, 7), (5, 14), (3, 29)];
const CHANNELS: &[(usize, usize)] = &[(1, 1), (8, 16), (16, 15), (17, 33), (48, 32)];

fn matrix_f64(image: &Planar, outputs: usize, weight: impl Fn(usize, usize) -> f32, bias: &[f32]) -> Vec<f64> {
    let all = (0..outputs).flat_map(|o| (0..image.height).flat_map(move |y| (0..image.width).map(move |x| (o, y, x))));
    all.map(|(o, y, x)| {
        let products = (0..image.channels).map(|i| f64::from(weight(o, i)) * image.at(i, y, x));
        products.sum::<f64>() + f64::from(bias[o])
    })
    .collect()
}

fn for_all(mut check: impl FnMut(Isa, &Planar, usize, &mut Numbers)) {
    for isa in Isa::available() {
        for &(height, width) in SIZES {
            for &(inputs, outputs) in CHANNELS {
                let mut numbers = Numbers(inputs as u64);
                let image = Planar::random(&mut numbers, inputs, height, width);
                check(isa, &image, outputs, &mut numbers);
            }
        }
    }
}

#[test]
fn transposed_matches_the_f64_reference_on_every_isa() {
    for_all(|isa, image, outputs, numbers| {
        let (weight, bias) = (numbers.take(outputs * image.channels * 4), numbers.take(outputs));
        let weights = TransposedWeights::pack(image.channels, outputs, &weight, &bias);
        let (shape, blocked) = (Shape::new(outputs, 2 * image.height, 2 * image.width), image.blocked());
        let mut out = vec![f32::NAN; shape.image_len()];
        for (i, strip) in out.chunks_mut(3 * shape.row_len()).enumerate() {
            transposed2x2(isa, Image::new(image.shape(), &blocked), &weights, Strip::new(shape, 3 * i, strip));
        }
        let corners: Vec<_> =
            (0..4).map(|c| matrix_f64(image, outputs, |o, i| weight[(i * outputs + o) * 4 + c], &bias)).collect();
        let expected: Vec<_> = (0..outputs * shape.height * shape.width)
            .map(|at| {
                let (o, y, x) = (at / shape.width / shape.height, at / shape.width % shape.height, at % shape.width);
                corners[y % 2 * 2 + x % 2][(o * image.height + y / 2) * image.width + x / 2]
            })
            .collect();
        assert_near(&planar(shape, outputs, &out), &expected, 1e-5, isa.name());
    });
}

#[test]
fn input_gradient_is_the_adjoint_on_every_isa() {
    for_all(|isa, image, outputs, numbers| {
        let weight = numbers.take(outputs * image.channels * 4);
        let packed = TransposedWeights::pack_gradient(image.channels, outputs, &weight);
        let gradient = Planar::random(numbers, outputs, 2 * image.height, 2 * image.width);
        let (shape, blocked) = (image.shape(), gradient.blocked());
        let mut out = vec![f32::NAN; shape.image_len()];
        for (row, strip) in out.chunks_mut(shape.row_len()).enumerate() {
            transposed2x2_input(isa, Image::new(gradient.shape(), &blocked), &packed, Strip::new(shape, row, strip));
        }
        let pixels = image.height * image.width;
        let expected: Vec<_> = (0..image.data.len())
            .map(|at| {
                let (i, y, x) = (at / pixels, at / image.width % image.height, at % image.width);
                let all = (0..outputs).flat_map(|o| (0..4).map(move |c| (o, c)));
                all.map(|(o, c)| {
                    f64::from(weight[(i * outputs + o) * 4 + c]) * gradient.at(o, 2 * y + c / 2, 2 * x + c % 2)
                })
                .sum()
            })
            .collect();
        assert_near(&planar(shape, image.channels, &out), &expected, 1e-5, isa.name());
    });
}
