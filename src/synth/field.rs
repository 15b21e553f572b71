//! A raster of `f32`, and the few operations that textures are made of.

/// Size of a picture in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Frame {
    /// Number of pixels.
    pub fn area(self) -> usize {
        self.width * self.height
    }

    /// Length of the diagonal in pixels.
    pub fn diagonal(self) -> f32 {
        ((self.width * self.width + self.height * self.height) as f32).sqrt()
    }

    /// Whether a point lies in the frame widened by `margin` pixels on every side.
    pub fn contains(self, x: f32, y: f32, margin: f32) -> bool {
        x >= -margin && y >= -margin && x <= self.width as f32 + margin && y <= self.height as f32 + margin
    }

    /// Pixel range `(x0, x1, y0, y1)`, ends excluded, that covers a disc, clipped to the frame.
    pub fn window(self, x: f32, y: f32, radius: f32) -> (usize, usize, usize, usize) {
        let low = |v: f32, limit: usize| ((v - radius).floor().max(0.0) as usize).min(limit);
        let high = |v: f32, limit: usize| ((v + radius).ceil().max(0.0) as usize).min(limit);
        (low(x, self.width), high(x, self.width), low(y, self.height), high(y, self.height))
    }
}

/// One value a pixel, row by row.
#[derive(Clone, Debug)]
pub struct Field {
    /// Size in pixels.
    pub frame: Frame,
    /// Values, row by row.
    pub data: Vec<f32>,
}

impl Field {
    /// A field of one value.
    pub fn filled(frame: Frame, value: f32) -> Self {
        Self { frame, data: vec![value; frame.area()] }
    }

    /// A field computed from pixel centres `(x + 0.5, y + 0.5)`.
    pub fn from_fn(frame: Frame, mut f: impl FnMut(f32, f32) -> f32) -> Self {
        let mut data = Vec::with_capacity(frame.area());
        for y in 0..frame.height {
            for x in 0..frame.width {
                data.push(f(x as f32 + 0.5, y as f32 + 0.5));
            }
        }
        Self { frame, data }
    }

    /// Value of the pixel nearest to a whole-number position, clamped to the frame.
    pub fn at(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.frame.width as isize - 1) as usize;
        let y = y.clamp(0, self.frame.height as isize - 1) as usize;
        self.data[y * self.frame.width + x]
    }

    /// Bilinear value at a point, pixel centres lying at halves.
    pub fn sample(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - 0.5, y - 0.5);
        let (fx, fy) = (x.floor(), y.floor());
        let (tx, ty) = (x - fx, y - fy);
        let (ix, iy) = (fx as isize, fy as isize);
        let top = self.at(ix, iy) * (1.0 - tx) + self.at(ix + 1, iy) * tx;
        let bottom = self.at(ix, iy + 1) * (1.0 - tx) + self.at(ix + 1, iy + 1) * tx;
        top * (1.0 - ty) + bottom * ty
    }

    /// Replaces each value by `f` of it.
    pub fn map(mut self, f: impl Fn(f32) -> f32) -> Self {
        for value in &mut self.data {
            *value = f(*value);
        }
        self
    }

    /// Adds `factor` times another field of the same size.
    pub fn add(&mut self, other: &Field, factor: f32) {
        for (value, &o) in self.data.iter_mut().zip(&other.data) {
            *value += o * factor;
        }
    }

    /// Multiplies by another field of the same size.
    pub fn multiply(&mut self, other: &Field) {
        for (value, &o) in self.data.iter_mut().zip(&other.data) {
            *value *= o;
        }
    }

    /// This field read at positions displaced by `(dx, dy)` times `factor` pixels.
    pub fn displaced(&self, dx: &Field, dy: &Field, factor: f32) -> Field {
        let mut index = 0;
        Field::from_fn(self.frame, |x, y| {
            let value = self.sample(x + dx.data[index] * factor, y + dy.data[index] * factor);
            index += 1;
            value
        })
    }

    /// Gaussian blur with deviation `sigma` pixels, edges repeated.
    ///
    /// Below 2.5 px a sampled kernel, above it three box passes.
    pub fn blurred(&self, sigma: f32) -> Field {
        if sigma < 0.2 {
            return self.clone();
        }
        if sigma < 2.5 {
            let kernel = gaussian_kernel(sigma);
            let across = self.convolved_rows(&kernel);
            return across.convolved_columns(&kernel);
        }
        let radius = ((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0;
        let radius = (radius.round() as usize).max(1);
        let mut field = self.clone();
        for _ in 0..3 {
            field = field.box_rows(radius).transposed();
            field = field.box_rows(radius).transposed();
        }
        field
    }

    fn convolved_rows(&self, kernel: &[f32]) -> Field {
        let reach = kernel.len() - 1;
        let width = self.frame.width;
        let mut out = Field::filled(self.frame, 0.0);
        let mut padded = vec![0.0; width + 2 * reach];
        for (row, target) in self.data.chunks(width).zip(out.data.chunks_mut(width)) {
            padded[..reach].fill(row[0]);
            padded[reach..reach + width].copy_from_slice(row);
            padded[reach + width..].fill(row[width - 1]);
            for (k, &weight) in kernel.iter().enumerate() {
                let left = &padded[reach - k..][..width];
                let right = &padded[reach + k..][..width];
                let weight = if k == 0 { weight * 0.5 } else { weight };
                for ((t, a), b) in target.iter_mut().zip(left).zip(right) {
                    *t += weight * (a + b);
                }
            }
        }
        out
    }

    fn convolved_columns(&self, kernel: &[f32]) -> Field {
        let Frame { width, height } = self.frame;
        let mut out = Field::filled(self.frame, 0.0);
        for (y, target) in out.data.chunks_mut(width).enumerate() {
            for (k, &weight) in kernel.iter().enumerate() {
                let above = &self.data[y.saturating_sub(k) * width..][..width];
                let below = &self.data[(y + k).min(height - 1) * width..][..width];
                let weight = if k == 0 { weight * 0.5 } else { weight };
                for ((t, a), b) in target.iter_mut().zip(above).zip(below) {
                    *t += weight * (a + b);
                }
            }
        }
        out
    }

    fn box_rows(&self, radius: usize) -> Field {
        let width = self.frame.width;
        let scale = 1.0 / (2 * radius + 1) as f32;
        let mut out = Field::filled(self.frame, 0.0);
        for (row, target) in self.data.chunks(width).zip(out.data.chunks_mut(width)) {
            let read = |i: isize| row[i.clamp(0, width as isize - 1) as usize];
            let reach = radius as isize;
            let mut sum: f32 = (-reach..=reach).map(read).sum();
            for (x, t) in target.iter_mut().enumerate() {
                *t = sum * scale;
                let x = x as isize;
                sum += read(x + reach + 1) - read(x - reach);
            }
        }
        out
    }

    fn transposed(&self) -> Field {
        const BLOCK: usize = 16;
        let Frame { width, height } = self.frame;
        let frame = Frame { width: height, height: width };
        let mut out = Field::filled(frame, 0.0);
        for top in (0..height).step_by(BLOCK) {
            for left in (0..width).step_by(BLOCK) {
                for y in top..(top + BLOCK).min(height) {
                    for x in left..(left + BLOCK).min(width) {
                        out.data[x * height + y] = self.data[y * width + x];
                    }
                }
            }
        }
        out
    }
}

/// Half of a normalised Gaussian: element `k` is the weight at distance `k`.
fn gaussian_kernel(sigma: f32) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=reach).map(|k| super::math::exp(-((k * k) as f32) / (2.0 * sigma * sigma))).collect();
    let total = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    for weight in &mut kernel {
        *weight /= total;
    }
    kernel
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { width: 37, height: 23 };

    #[test]
    fn blur_keeps_constants_and_mass() {
        for sigma in [0.5, 1.3, 4.0] {
            let flat = Field::filled(FRAME, 2.0).blurred(sigma);
            assert!(flat.data.iter().all(|v| (v - 2.0).abs() < 1e-4), "{sigma}");
            let mut point = Field::filled(Frame { width: 91, height: 91 }, 0.0);
            point.data[45 * 91 + 45] = 1.0;
            let sum: f32 = point.blurred(sigma).data.iter().sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sigma}: {sum}");
        }
    }

    #[test]
    fn sampling_at_centres_reads_pixels() {
        let field = Field::from_fn(FRAME, |x, y| x * 3.0 + y);
        assert_eq!(field.sample(4.5, 7.5), field.at(4, 7));
        assert!((field.sample(5.0, 7.5) - (5.0 * 3.0 + 7.5)).abs() < 1e-4);
    }

    #[test]
    fn windows_stay_in_the_frame() {
        assert_eq!(FRAME.window(-50.0, 5.0, 3.0).1, 0);
        let (x0, x1, y0, y1) = FRAME.window(36.0, 22.0, 9.0);
        assert!(x0 < x1 && x1 == 37 && y0 < y1 && y1 == 23);
    }
}
