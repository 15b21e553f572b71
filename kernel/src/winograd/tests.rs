use super::*;
use crate::conv3x3::Weights3x3;
use crate::layout::Shape;
use crate::testing::{Numbers, Planar, assert_near, conv3x3_f64, planar, unaligned};

const SIZES: &[(usize, usize)] =
    &[(1, 1), (1, 2), (2, 1), (3, 5), (4, 4), (5, 4), (4, 9), (8, 8), (12, 17), (7, 31), (16, 32), (9, 401)];

fn check(isa: Isa, inputs: &[usize], outputs: usize, (height, width): (usize, usize), rows: usize) {
    let mut numbers = Numbers(outputs as u64 + 3);
    let images: Vec<_> = inputs.iter().map(|&c| Planar::random(&mut numbers, c, height, width)).collect();
    let channels: usize = inputs.iter().sum();
    let weight = numbers.take(outputs * channels * 9);
    let bias = numbers.take(outputs);
    let mut expected = conv3x3_f64(&images.iter().collect::<Vec<_>>(), &weight, &bias);
    let relu = rows == 4;
    if relu {
        expected.iter_mut().for_each(|v| *v = v.max(0.0));
    }
    let at = |o, i, ky, kx| weight[((o * channels + i) * 3 + ky) * 3 + kx];
    let weights = WinogradWeights::pack(inputs, outputs, at, &bias);
    let blocked: Vec<_> = images.iter().map(|i| unaligned(&i.blocked())).collect();
    let views: Vec<_> = (images.iter().zip(&blocked))
        .map(|(i, (data, start))| Image::new(i.shape(), &data[*start..][..i.shape().image_len()]))
        .collect();
    let shape = Shape::new(outputs, height, width);
    let mut out = vec![f32::NAN; shape.image_len()];
    let mut scratch = vec![f32::NAN; weights.scratch_len()];
    for (i, strip) in out.chunks_mut(rows * shape.row_len()).enumerate() {
        winograd3x3(isa, &views, &weights, relu, Strip::new(shape, i * rows, strip), &mut scratch);
    }
    let what = format!("{} {inputs:?} to {outputs} at {height}x{width}", isa.name());
    assert_near(&planar(shape, outputs, &out), &expected, 2e-5, &what);
}

#[test]
fn matches_the_f64_reference_on_every_isa() {
    for isa in Isa::available() {
        for &size in SIZES {
            check(isa, &[16], 16, size, 4);
            check(isa, &[16, 8], 17, size, 8);
        }
        check(isa, &[1], 1, (6, 6), 100);
        check(isa, &[48, 64], 80, (8, 12), 100);
    }
}

#[test]
fn transforming_packed_weights_equals_packing() {
    for isa in Isa::available() {
        let mut numbers = Numbers(9);
        let (weight, bias) = (numbers.take(17 * 24 * 9), numbers.take(17));
        let at = |o, i, ky, kx| weight[((o * 24 + i) * 3 + ky) * 3 + kx];
        let expected = WinogradWeights::pack(&[16, 8], 17, at, &bias);
        let mut got = WinogradWeights::pack(&[64], 64, |_, _, _, _| f32::NAN, &[]);
        got.transform(isa, &Weights3x3::pack(&[16, 8], 17, at, &bias));
        assert_eq!((got.taps.len(), &got.bias), (expected.taps.len(), &expected.bias));
        let wide: Vec<_> = expected.taps.as_flattened().iter().map(|&v| f64::from(v)).collect();
        assert_near(got.taps.as_flattened(), &wide, 3e-7, isa.name());
    }
}

#[test]
#[should_panic(expected = "first row")]
fn refuses_a_strip_that_begins_inside_a_tile() {
    let shape = Shape::new(16, 8, 4);
    let weights = WinogradWeights::pack(&[16], 16, |_, _, _, _| 0.0, &[]);
    let input = vec![0.0; shape.image_len()];
    let mut out = vec![0.0; shape.row_len()];
    let strip = Strip::new(shape, 2, &mut out);
    winograd3x3(Isa::available()[0], &[Image::new(shape, &input)], &weights, false, strip, &mut []);
}
