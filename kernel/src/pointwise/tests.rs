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
fn conv1x1_matches_the_f64_reference_on_every_isa() {
    for_all(|isa, image, outputs, numbers| {
        let (weight, bias) = (numbers.take(outputs * image.channels), numbers.take(outputs));
        let at = |o, i| weight[o * image.channels + i];
        let weights = Matrix::pack(image.channels, outputs, at, &bias);
        let (shape, blocked) = (Shape::new(outputs, image.height, image.width), image.blocked());
        let mut out = vec![f32::NAN; shape.image_len()];
        for (row, strip) in out.chunks_mut(shape.row_len()).enumerate() {
            conv1x1(isa, Image::new(image.shape(), &blocked), &weights, Strip::new(shape, row, strip));
        }
        let expected = matrix_f64(image, outputs, at, &bias);
        assert_near(&planar(shape, outputs, &out), &expected, 1e-5, isa.name());
    });
}
