//! Throughput of the kernels on one thread, for every instruction set of this processor; elements are multiply-adds.

use std::hint::black_box;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use hairline_kernel::conv3x3::{Weights3x3, conv3x3};
use hairline_kernel::gate::{GateWeights, gate};
use hairline_kernel::gradients::{PAIR_3X3, conv3x3_weights};
use hairline_kernel::isa::Isa;
use hairline_kernel::layout::{Image, Shape, Strip, blocks};
use hairline_kernel::pointwise::Matrix;
use hairline_kernel::pool::max_pool;
use hairline_kernel::transposed::{TransposedWeights, transposed2x2};
use hairline_kernel::winograd::{WinogradWeights, winograd3x3};

/// Channels, height and width: one level each of a 512×512 image at base width 16, and a deep one at 64.
const LAYERS: &[(usize, usize, usize)] = &[(16, 64, 512), (32, 64, 256), (64, 64, 128), (128, 64, 64), (512, 32, 64)];

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * 0.37).sin()).collect()
}

/// Runs `work` for each instruction set on an image of each layer and memory for the result.
fn for_layers(
    criterion: &mut Criterion,
    name: &str,
    multiply_adds: impl Fn(usize) -> usize,
    bench: impl Fn(&mut BenchmarkGroup<'_, WallTime>, BenchmarkId, Isa, Shape, usize),
) {
    let mut group = criterion.benchmark_group(name);
    for &(channels, height, width) in LAYERS {
        group.throughput(Throughput::Elements((multiply_adds(channels) * height * width) as u64));
        for isa in Isa::available() {
            let id = BenchmarkId::new(isa.name(), format!("{channels}x{height}x{width}"));
            bench(&mut group, id, isa, Shape::new(channels, height, width), channels);
        }
    }
    group.finish();
}

fn convolutions(criterion: &mut Criterion) {
    for_layers(
        criterion,
        "conv3x3",
        |c| 9 * c * c,
        |group, id, isa, shape, channels| {
            let weights = Weights3x3::pack(&[channels], channels, |_, _, _, _| 0.01, &[]);
            let (input, mut out) = (values(shape.image_len()), vec![0.0; shape.image_len()]);
            group.bench_function(id, |b| {
                b.iter(|| {
                    conv3x3(
                        isa,
                        &[Image::new(shape, &input)],
                        &weights,
                        true,
                        Strip::new(shape, 0, black_box(&mut out)),
                    );
                });
            });
        },
    );
    for_layers(
        criterion,
        "winograd3x3",
        |c| 9 * c * c,
        |group, id, isa, shape, channels| {
            let weights = WinogradWeights::pack(&[channels], channels, |_, _, _, _| 0.01, &[]);
            let (input, mut out) = (values(shape.image_len()), vec![0.0; shape.image_len()]);
            let mut scratch = vec![0.0; weights.scratch_len()];
            group.bench_function(id, |b| {
                b.iter(|| {
                    let strip = Strip::new(shape, 0, black_box(&mut out));
                    winograd3x3(isa, &[Image::new(shape, &input)], &weights, true, strip, &mut scratch);
                });
            });
        },
    );
    for_layers(
        criterion,
        "conv3x3_weights",
        |c| 9 * c * c,
        |group, id, isa, shape, _| {
            let (input, gradient) = (values(shape.image_len()), values(shape.image_len()));
            let (input, gradient) = (Image::new(shape, &input), Image::new(shape, &gradient));
            let mut sums = vec![[0.0; 16]; PAIR_3X3];
            group.bench_function(id, |b| {
                b.iter(|| {
                    for (i, o) in (0..shape.blocks).flat_map(|i| (0..shape.blocks).map(move |o| (i, o))) {
                        conv3x3_weights(isa, (input, i), (gradient, o), 0..shape.height, 16, black_box(&mut sums));
                    }
                });
            });
        },
    );
}

fn other_layers(criterion: &mut Criterion) {
    for_layers(
        criterion,
        "transposed2x2",
        |c| 4 * c * c,
        |group, id, isa, shape, channels| {
            let weights = TransposedWeights::pack(channels, channels, &values(4 * channels * channels), &[]);
            let big = Shape::new(channels, 2 * shape.height, 2 * shape.width);
            let (input, mut out) = (values(shape.image_len()), vec![0.0; big.image_len()]);
            group.bench_function(id, |b| {
                b.iter(|| {
                    transposed2x2(isa, Image::new(shape, &input), &weights, Strip::new(big, 0, black_box(&mut out)));
                });
            });
        },
    );
    for_layers(
        criterion,
        "gate",
        |c| c * c,
        |group, id, isa, shape, channels| {
            let inner = channels / 2;
            let matrix = || Matrix::pack(channels, inner, |_, _| 0.01, &[]);
            let weights = GateWeights::new(matrix(), matrix(), &values(inner), 0.0);
            let (gating, mut skip) = (values(shape.image_len()), values(shape.image_len()));
            let mut attention = vec![0.0; shape.width];
            group.bench_function(id, |b| {
                b.iter(|| {
                    let skip = Strip::new(shape, 0, black_box(&mut skip));
                    gate(isa, Image::new(shape, &gating), &weights, skip, &mut attention);
                });
            });
        },
    );
    for_layers(
        criterion,
        "max_pool",
        |c| blocks(c) * 16,
        |group, id, isa, shape, channels| {
            let half = Shape::new(channels, shape.height / 2, shape.width / 2);
            let (input, mut out) = (values(shape.image_len()), vec![0.0; half.image_len()]);
            group.bench_function(id, |b| {
                b.iter(|| max_pool(isa, Image::new(shape, &input), Strip::new(half, 0, black_box(&mut out))));
            });
        },
    );
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    convolutions(&mut criterion);
    other_layers(&mut criterion);
    criterion.final_summary();
}
