use super::*;
use crate::testing::{Numbers, Planar, assert_near, conv3x3_f64, planar, unaligned};

struct Case {
    inputs: &'static [usize],
    outputs: usize,
    size: (usize, usize),
}

const CASES: &[Case] = &[
    Case { inputs: &[1], outputs: 1, size: (1, 1) },
    Case { inputs: &[8], outputs: 8, size: (1, 2) },
    Case { inputs: &[15], outputs: 16, size: (2, 1) },
    Case { inputs: &[16], outputs: 17, size: (3, 5) },
    Case { inputs: &[17], outputs: 15, size: (4, 6) },
    Case { inputs: &[16], outputs: 16, size: (5, 7) },
    Case { inputs: &[8, 8], outputs: 8, size: (6, 13) },
    Case { inputs: &[16, 32], outputs: 32, size: (7, 14) },
    Case { inputs: &[32, 16], outputs: 24, size: (8, 29) },
];

/// Runs `conv` over strips of `rows` rows and compares with the reference.
fn check(isa: Isa, case: &Case, rows: usize, relu: bool) {
    let mut numbers = Numbers(case.outputs as u64 + 7);
    let (height, width) = case.size;
    let inputs: Vec<_> = case.inputs.iter().map(|&c| Planar::random(&mut numbers, c, height, width)).collect();
    let channels: usize = case.inputs.iter().sum();
    let weight = numbers.take(case.outputs * channels * 9);
    let bias = numbers.take(case.outputs);
    let mut expected = conv3x3_f64(&inputs.iter().collect::<Vec<_>>(), &weight, &bias);
    if relu {
        expected.iter_mut().for_each(|v| *v = v.max(0.0));
    }
    let at = |o, i, ky, kx| weight[((o * channels + i) * 3 + ky) * 3 + kx];
    let weights = Weights3x3::pack(case.inputs, case.outputs, at, &bias);
    let blocked: Vec<_> = inputs.iter().map(|i| unaligned(&i.blocked())).collect();
    let images: Vec<_> = (inputs.iter().zip(&blocked))
        .map(|(i, (data, start))| Image::new(i.shape(), &data[*start..][..i.shape().image_len()]))
        .collect();
    let shape = Shape::new(case.outputs, height, width);
    let mut out = vec![f32::NAN; shape.image_len()];
    for (i, strip) in out.chunks_mut(rows * shape.row_len()).enumerate() {
        conv3x3(isa, &images, &weights, relu, Strip::new(shape, i * rows, strip));
    }
    let what = format!("{} {:?} to {} at {:?}", isa.name(), case.inputs, case.outputs, case.size);
    assert_near(&planar(shape, case.outputs, &out), &expected, 1e-5, &what);
}

#[test]
fn matches_the_f64_reference_on_every_isa() {
    for isa in Isa::available() {
        for case in CASES {
            for rows in [1, 3, 100] {
                check(isa, case, rows, rows == 3);
            }
        }
    }
}

#[test]
fn runs_cover_everything_evenly() {
    for tile in 1..15 {
        for len in 0..60 {
            let runs: Vec<_> = even_runs(len, tile).collect();
            assert_eq!(runs.iter().map(|r| r.1).sum::<usize>(), len);
            assert!(runs.iter().all(|r| (1..=tile).contains(&r.1)));
            assert!(runs.windows(2).all(|w| w[0].0 + w[0].1 == w[1].0));
        }
    }
}

#[test]
#[should_panic(expected = "input blocks")]
fn refuses_inputs_with_other_channels() {
    let weights = Weights3x3::pack(&[32], 16, |_, _, _, _| 0.0, &[]);
    let shape = Shape::new(16, 2, 2);
    let input = vec![0.0; shape.image_len()];
    let mut out = input.clone();
    conv3x3(Isa::available()[0], &[Image::new(shape, &input)], &weights, false, Strip::new(shape, 0, &mut out));
}
