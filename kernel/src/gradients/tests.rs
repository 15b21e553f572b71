use super::*;
use crate::layout::Shape;
use crate::testing::{Numbers, Planar, assert_near, padded};

const SIZES: &[(usize, usize)] = &[(1, 1), (1, 2), (2, 1), (3, 5), (4, 16), (2, 33)];

fn pair(height: usize, width: usize, factor: usize) -> (Planar, Planar, Vec<f32>, Vec<f32>) {
    let mut numbers = Numbers(width as u64);
    let input = Planar::random(&mut numbers, 20, height, width);
    let gradient = Planar::random(&mut numbers, 18, factor * height, factor * width);
    let (input_data, gradient_data) = (input.blocked(), gradient.blocked());
    (input, gradient, input_data, gradient_data)
}

fn positions(shape: Shape) -> impl Iterator<Item = (usize, usize)> {
    (0..shape.height).flat_map(move |y| (0..shape.width).map(move |x| (y, x)))
}

#[test]
fn conv3x3_weights_match_the_f64_reference_on_every_isa() {
    for isa in Isa::available() {
        for &(height, width) in SIZES {
            let (input, gradient, input_data, gradient_data) = pair(height, width, 1);
            let images = (Image::new(input.shape(), &input_data), Image::new(gradient.shape(), &gradient_data));
            for (in_block, out_block) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let channels = if in_block == 0 { 16 } else { 4 };
                let mut sums = vec![[0.0; BLOCK]; PAIR_3X3];
                // In two steps, which must add up.
                for rows in [0..height / 2, height / 2..height] {
                    conv3x3_weights(isa, (images.0, in_block), (images.1, out_block), rows, channels, &mut sums);
                }
                for (at, tap) in sums.iter().enumerate().filter(|(at, _)| at % BLOCK < channels) {
                    let (ky, kx, i) = (at / BLOCK / 3, at / BLOCK % 3, in_block * BLOCK + at % BLOCK);
                    for o in (out_block * BLOCK..18).take(BLOCK) {
                        let terms = positions(input.shape()).map(|(y, x)| {
                            let (row, column) = ((y + ky) as isize - 1, (x + kx) as isize - 1);
                            gradient.at(o, y, x) * padded(&input, i, row, column)
                        });
                        assert_near(&[tap[o % BLOCK]], &[terms.sum()], 1e-5, isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn matrix_weights_match_the_f64_reference_on_every_isa() {
    let corners = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| Place::Corner { dy, dx });
    for isa in Isa::available() {
        for &(height, width) in SIZES {
            for place in [Place::Same].into_iter().chain(corners) {
                let (factor, dy, dx) = match place {
                    Place::Same => (1, 0, 0),
                    Place::Corner { dy, dx } => (2, dy, dx),
                };
                let (input, gradient, input_data, gradient_data) = pair(height, width, factor);
                let from = (Image::new(input.shape(), &input_data), 1);
                let to = (Image::new(gradient.shape(), &gradient_data), 0);
                let mut sums = vec![[0.0; BLOCK]; BLOCK];
                matrix_weights(isa, from, to, 0..height, place, &mut sums);
                for (i, o) in (0..4).flat_map(|i| (0..16).map(move |o| (i, o))) {
                    let terms = positions(input.shape())
                        .map(|(y, x)| input.at(16 + i, y, x) * gradient.at(o, factor * y + dy, factor * x + dx));
                    assert_near(&[sums[i][o]], &[terms.sum()], 1e-5, isa.name());
                }
            }
        }
    }
}

#[test]
fn row_sums_add_up_on_every_isa() {
    for isa in Isa::available() {
        let (_, gradient, _, data) = pair(4, 16, 1);
        let mut sums = vec![[f32::NAN; BLOCK]; 3 * 2];
        row_sums(isa, Image::new(gradient.shape(), &data), 1, &mut sums);
        for (y, c) in (0..3).flat_map(|y| (0..18).map(move |c| (y, c))) {
            let expected = (0..16).map(|x| gradient.at(c, y + 1, x)).sum();
            assert_near(&[sums[y * 2 + c / BLOCK][c % BLOCK]], &[expected], 1e-6, isa.name());
        }
    }
}
