use super::*;
use crate::layout::Shape;
use crate::testing::{Numbers, Planar, planar};

const SIZES: &[(usize, usize)] = &[(1, 1), (2, 2), (2, 3), (3, 2), (5, 7), (8, 16), (6, 30)];

fn pooled(image: &Planar) -> Vec<f32> {
    let (height, width) = (image.height / 2, image.width / 2);
    let all = (0..image.channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    all.map(|(c, y, x)| {
        let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(dy, dx)| image.at(c, 2 * y + dy, 2 * x + dx) as f32);
        four.into_iter().fold(f32::NEG_INFINITY, f32::max)
    })
    .collect()
}

#[test]
fn takes_the_largest_of_four_on_every_isa() {
    for isa in Isa::available() {
        for &(height, width) in SIZES {
            for channels in [1, 16, 33] {
                let image = Planar::random(&mut Numbers(5), channels, height, width);
                let blocked = image.blocked();
                let shape = Shape::new(channels, height / 2, width / 2);
                let mut out = vec![f32::NAN; shape.image_len()];
                for (row, strip) in out.chunks_mut(shape.row_len()).enumerate() {
                    max_pool(isa, Image::new(image.shape(), &blocked), Strip::new(shape, row, strip));
                }
                assert_eq!(planar(shape, channels, &out), pooled(&image), "{} {height}x{width}", isa.name());
            }
        }
    }
}

#[test]
fn backward_gives_each_gradient_to_the_first_maximum() {
    for isa in Isa::available() {
        for &(height, width) in SIZES {
            let mut image = Planar::random(&mut Numbers(6), 17, height, width);
            // Whole numbers, so that ties occur.
            image.data.iter_mut().for_each(|v| *v = (*v * 3.0).round());
            let gradient = Planar::random(&mut Numbers(7), 17, height / 2, width / 2);
            let mut expected = vec![1.0; image.data.len()];
            for c in 0..17 {
                for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
                    let four = [0, 1, 2, 3].map(|i| (c * height + 2 * y + i / 2) * width + 2 * x + i % 2);
                    let mut best = four[0];
                    for i in four {
                        best = if image.data[i] > image.data[best] { i } else { best };
                    }
                    expected[best] += gradient.at(c, y, x) as f32;
                }
            }
            let ones = Planar { data: vec![1.0; image.data.len()], ..image.clone() };
            let mut out = ones.blocked();
            for (i, strip) in out.chunks_mut(2 * image.shape().row_len()).enumerate() {
                let strip = Strip::new(image.shape(), 2 * i, strip);
                let (input, pooled) = (image.blocked(), gradient.blocked());
                max_pool_backward(isa, Image::new(image.shape(), &input), Image::new(gradient.shape(), &pooled), strip);
            }
            assert_eq!(planar(image.shape(), 17, &out), expected, "{} {height}x{width}", isa.name());
        }
    }
}
