//! Every layer of the network at width 16 and 512×512 pixels.

use hairline_kernel::conv3x3::pack_lanes;
use hairline_kernel::gate::{GateWeights, gate};
use hairline_kernel::gradients::{PAIR_3X3, conv3x3_weights};
use hairline_kernel::head::head;
use hairline_kernel::isa::Isa;
use hairline_kernel::layout::{Image, Shape, Strip};
use hairline_kernel::pointwise::Matrix;
use hairline_kernel::pool::max_pool;
use hairline_kernel::stem::{StemWeights, stem};
use hairline_kernel::transposed::{TransposedWeights, transposed2x2};
use hairline_kernel::winograd::{WinogradWeights, winograd3x3};

use crate::{Point, seconds};

const WIDTH: usize = 16;
const SIDE: usize = 512;
const LEVELS: usize = 5;

/// Times all kernels at the sizes at which the network calls them.
pub fn measure(isa: Isa) -> Vec<Point> {
    let channels = |level: usize| WIDTH << level;
    let shape = |level: usize| Shape::new(channels(level), SIDE >> level, SIDE >> level);
    let mut points = vec![first(isa, shape(0))];
    // As in the encoder from the level above, in both halves from the same level, in the decoder from two inputs.
    points.extend((1..LEVELS).map(|level| convolution(isa, &[channels(level - 1)], shape(level), 1)));
    points.extend((0..LEVELS).map(|level| {
        let times = if level == LEVELS - 1 { 1 } else { 2 };
        convolution(isa, &[channels(level)], shape(level), times)
    }));
    points.extend((0..LEVELS - 1).map(|level| convolution(isa, &[channels(level); 2], shape(level), 1)));
    points.extend((0..LEVELS - 1).map(|level| pool(isa, shape(level))));
    points.extend((0..LEVELS - 1).map(|level| up(isa, shape(level + 1), shape(level))));
    points.extend((0..LEVELS - 1).map(|level| attention(isa, shape(level))));
    points.push(last(isa, shape(0)));
    points.extend((0..LEVELS).map(|level| weight_gradient(isa, shape(level))));
    points
}

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * 0.37).sin()).collect()
}

/// A point of `multiply_adds` that touches `floats` at least once.
fn point(kind: &'static str, times: usize, multiply_adds: usize, floats: usize, work: impl FnMut()) -> Point {
    let (operations, bytes) = (2.0 * multiply_adds as f64, 4.0 * floats as f64);
    Point { kind, times, operations, bytes, seconds: seconds(work) }
}

fn pixels(shape: Shape) -> usize {
    shape.height * shape.width
}

fn channels(shape: Shape) -> usize {
    shape.blocks * 16
}

fn first(isa: Isa, shape: Shape) -> Point {
    let (planar, mut out) = (values(3 * pixels(shape)), vec![0.0; shape.image_len()]);
    let weights = StemWeights::pack(3, WIDTH, &values(27 * WIDTH), &values(WIDTH));
    let mut scratch = vec![0.0; weights.scratch_len(shape.width)];
    point("first 3×3 convolution", 1, 27 * WIDTH * pixels(shape), planar.len() + out.len(), || {
        stem(isa, &planar, &weights, true, Strip::new(shape, 0, &mut out), &mut scratch);
    })
}

fn convolution(isa: Isa, inputs: &[usize], shape: Shape, times: usize) -> Point {
    let outputs = channels(shape);
    let weights = WinogradWeights::pack(inputs, outputs, |_, _, _, _| 0.01, &[]);
    let shapes: Vec<Shape> = inputs.iter().map(|&c| Shape::new(c, shape.height, shape.width)).collect();
    let data: Vec<Vec<f32>> = shapes.iter().map(|shape| values(shape.image_len())).collect();
    let images: Vec<Image<'_>> = shapes.iter().zip(&data).map(|(&shape, data)| Image::new(shape, data)).collect();
    let (mut out, mut scratch) = (vec![0.0; shape.image_len()], vec![0.0; weights.scratch_len()]);
    let inputs: usize = inputs.iter().sum();
    let floats = (inputs + outputs) * pixels(shape) + 9 * inputs * outputs;
    point("3×3 convolution", times, 9 * inputs * outputs * pixels(shape), floats, || {
        winograd3x3(isa, &images, &weights, true, Strip::new(shape, 0, &mut out), &mut scratch);
    })
}

fn pool(isa: Isa, shape: Shape) -> Point {
    let half = Shape::new(channels(shape), shape.height / 2, shape.width / 2);
    let (input, mut out) = (values(shape.image_len()), vec![0.0; half.image_len()]);
    // Three comparisons for four values, counted as operations.
    point("pooling", 1, input.len() * 3 / 8, input.len() + out.len(), || {
        max_pool(isa, Image::new(shape, &input), Strip::new(half, 0, &mut out));
    })
}

fn up(isa: Isa, from: Shape, to: Shape) -> Point {
    let (inputs, outputs) = (channels(from), channels(to));
    let weights = TransposedWeights::pack(inputs, outputs, &values(4 * inputs * outputs), &[]);
    let (input, mut out) = (values(from.image_len()), vec![0.0; to.image_len()]);
    let floats = input.len() + out.len() + 4 * inputs * outputs;
    point("transposed convolution", 1, 4 * inputs * outputs * pixels(from), floats, || {
        transposed2x2(isa, Image::new(from, &input), &weights, Strip::new(to, 0, &mut out));
    })
}

fn attention(isa: Isa, shape: Shape) -> Point {
    let (outer, inner) = (channels(shape), channels(shape) / 2);
    let matrix = || Matrix::pack(outer, inner, |_, _| 0.01, &[]);
    let weights = GateWeights::new(matrix(), matrix(), &values(inner), 0.0);
    let (gating, mut skip) = (values(shape.image_len()), values(shape.image_len()));
    let mut attention = vec![0.0; shape.width];
    point("attention gate", 1, (2 * outer * inner + inner + outer) * pixels(shape), 3 * skip.len(), || {
        gate(isa, Image::new(shape, &gating), &weights, Strip::new(shape, 0, &mut skip), &mut attention);
    })
}

fn last(isa: Isa, shape: Shape) -> Point {
    let (input, mut out) = (values(shape.image_len()), vec![0.0; pixels(shape)]);
    let weight = pack_lanes(&values(WIDTH), shape.blocks);
    point("last 1×1 convolution", 1, WIDTH * pixels(shape), input.len() + out.len(), || {
        head(isa, Image::new(shape, &input), &weight, 0.0, 0, &mut out);
    })
}

fn weight_gradient(isa: Isa, shape: Shape) -> Point {
    let (input, gradient) = (values(shape.image_len()), values(shape.image_len()));
    let (input, gradient) = (Image::new(shape, &input), Image::new(shape, &gradient));
    let mut sums = vec![[0.0; 16]; PAIR_3X3];
    let multiply_adds = 9 * channels(shape).pow(2) * pixels(shape);
    let floats = 2 * channels(shape) * pixels(shape) + 9 * channels(shape).pow(2);
    point("gradient of 3×3 weights", 0, multiply_adds, floats, || {
        for (i, o) in (0..shape.blocks).flat_map(|i| (0..shape.blocks).map(move |o| (i, o))) {
            conv3x3_weights(isa, (input, i), (gradient, o), 0..shape.height, 16, &mut sums);
        }
    })
}
