//! What the tests of all kernels share: numbers, f64 references, and comparison.

use crate::layout::{Image, Shape, Strip, from_planar, to_planar};

/// A small deterministic generator (splitmix64), uniform in −1..1.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// A planar image with its channels, as the references use it.
#[derive(Clone)]
pub struct Planar {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub data: Vec<f32>,
}

impl Planar {
    pub fn random(numbers: &mut Numbers, channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width, data: numbers.take(channels * height * width) }
    }

    pub fn shape(&self) -> Shape {
        Shape::new(self.channels, self.height, self.width)
    }

    pub fn at(&self, channel: usize, y: usize, x: usize) -> f64 {
        f64::from(self.data[(channel * self.height + y) * self.width + x])
    }

    pub fn blocked(&self) -> Vec<f32> {
        let mut data = vec![f32::NAN; self.shape().image_len()];
        from_planar(&self.data, self.channels, Strip::new(self.shape(), 0, &mut data));
        data
    }
}

/// The planar values of a blocked image, and whether its borders are zero.
pub fn planar(shape: Shape, channels: usize, data: &[f32]) -> Vec<f32> {
    let image = Image::new(shape, data);
    for row in 0..shape.height {
        for block in 0..shape.blocks {
            let pixels = image.block_row(row, block);
            assert!(pixels[0] == [0.0; 16] && pixels[shape.width + 1] == [0.0; 16], "border of row {row}");
        }
    }
    let mut planar = vec![0.0; channels * shape.height * shape.width];
    to_planar(image, channels, &mut planar);
    planar
}

/// The value at `(y, x)`, or zero outside the image.
pub fn padded(image: &Planar, channel: usize, y: isize, x: isize) -> f64 {
    let inside = (0..image.height as isize).contains(&y) && (0..image.width as isize).contains(&x);
    if inside { image.at(channel, y as usize, x as usize) } else { 0.0 }
}

/// 3×3 convolution with padding 1; `weight` is `[out, in, 3, 3]` over the concatenated inputs.
pub fn conv3x3_f64(inputs: &[&Planar], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let (height, width) = (inputs[0].height, inputs[0].width);
    let channels: usize = inputs.iter().map(|i| i.channels).sum();
    let mut out = Vec::with_capacity(bias.len() * height * width);
    for o in 0..bias.len() {
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let mut sum = f64::from(bias[o]);
            let all = inputs.iter().flat_map(|i| (0..i.channels).map(move |c| (i, c)));
            for (i, (image, c)) in all.enumerate() {
                for (ky, kx) in (0..3).flat_map(|ky| (0..3).map(move |kx| (ky, kx))) {
                    let w = f64::from(weight[((o * channels + i) * 3 + ky) * 3 + kx]);
                    sum += w * padded(image, c, (y + ky) as isize - 1, (x + kx) as isize - 1);
                }
            }
            out.push(sum);
        }
    }
    out
}

/// Asserts that every value is within `tolerance` times the largest reference value (at least 1).
#[track_caller]
pub fn assert_near(got: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    for (i, (&g, &e)) in got.iter().zip(expected).enumerate() {
        assert!((f64::from(g) - e).abs() <= tolerance * scale, "{what}: value {i} is {g}, not {e}");
    }
}

/// A copy of `data` at an address that is four bytes off any vector alignment, and where it begins.
pub fn unaligned(data: &[f32]) -> (Vec<f32>, usize) {
    let mut copy = vec![0.0; data.len() + 17];
    let start = (0..17).find(|&i| copy[i..].as_ptr().addr() % 64 == 4).unwrap_or(0);
    copy[start..start + data.len()].copy_from_slice(data);
    (copy, start)
}
