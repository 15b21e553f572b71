//! What a surface is made of before light falls on it: colour and relief.

use super::field::{Field, Frame};
use super::math;
use super::random::Random;

/// Linear RGB reflectance, 0..1.
pub type Colour = [f32; 3];

/// Reflectance and height of every pixel.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Linear reflectance, one field a channel.
    pub albedo: [Field; 3],
    /// Height in pixels, positive towards the camera.
    pub relief: Field,
}

impl Ground {
    /// A flat ground of one colour.
    pub fn new(frame: Frame, colour: Colour) -> Self {
        Self { albedo: colour.map(|c| Field::filled(frame, c)), relief: Field::filled(frame, 0.0) }
    }

    /// Size in pixels.
    pub fn frame(&self) -> Frame {
        self.relief.frame
    }

    /// Brightens by the share `factor · field`, never below a tenth.
    pub fn tone(&mut self, field: &Field, factor: f32) {
        self.tint(field, [factor; 3]);
    }

    /// As [`Ground::tone`] with one factor a channel.
    pub fn tint(&mut self, field: &Field, factors: Colour) {
        for (plane, factor) in self.albedo.iter_mut().zip(factors) {
            for (a, f) in plane.data.iter_mut().zip(&field.data) {
                *a *= (1.0 + factor * f).max(0.1);
            }
        }
    }

    /// Covers with a colour where `opacity` (0..1) says so.
    pub fn cover(&mut self, opacity: &Field, colour: Colour) {
        for (plane, c) in self.albedo.iter_mut().zip(colour) {
            for (a, o) in plane.data.iter_mut().zip(&opacity.data) {
                *a += (c - *a) * o;
            }
        }
    }

    /// Covers one pixel with a colour.
    pub fn cover_pixel(&mut self, index: usize, colour: Colour, opacity: f32) {
        for (plane, c) in self.albedo.iter_mut().zip(colour) {
            plane.data[index] += (c - plane.data[index]) * opacity;
        }
    }

    /// Multiplies the reflectance of one pixel.
    pub fn darken_pixel(&mut self, index: usize, factor: f32) {
        for plane in &mut self.albedo {
            plane.data[index] *= factor;
        }
    }
}

/// A colour multiplied by a factor a channel.
pub fn scaled(colour: Colour, factor: f32) -> Colour {
    colour.map(|c| (c * factor).clamp(0.0, 1.0))
}

/// A colour between two others.
pub fn blended(a: Colour, b: Colour, t: f32) -> Colour {
    std::array::from_fn(|i| math::mix(a[i], b[i], t))
}

/// An irregular round shape: a circle whose radius varies by a few harmonics of the angle.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Centre in pixels.
    pub centre: (f32, f32),
    /// Mean radius in pixels.
    pub radius: f32,
    axes: (f32, f32, f32),
    harmonics: [(f32, f32); 5],
}

impl Blob {
    /// A blob whose outline deviates by about `raggedness` of its radius.
    pub fn new(random: &mut Random, centre: (f32, f32), radius: f32, raggedness: f32) -> Self {
        let angle = random.range(0.0, std::f32::consts::TAU);
        let stretch = 1.0 + random.unit() * raggedness * 2.0;
        Self {
            centre,
            radius,
            axes: (math::cos(angle), math::sin(angle), stretch),
            harmonics: std::array::from_fn(|k| {
                let amplitude = raggedness / (1.0 + k as f32 * 0.5);
                (random.normal() * amplitude, random.normal() * amplitude)
            }),
        }
    }

    /// Largest distance from the centre that can belong to the blob, in pixels.
    pub fn reach(&self) -> f32 {
        let swing: f32 = self.harmonics.iter().map(|h| h.0.abs() + h.1.abs()).sum();
        self.radius * self.axes.2 * (1.0 + swing)
    }

    /// Distance from the centre in units of the outline: 1 on the outline, 0 in the middle.
    pub fn distance(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let (c, s, stretch) = self.axes;
        let (u, v) = ((c * dx + s * dy) / stretch, (c * dy - s * dx) * stretch.sqrt());
        let distance = (u * u + v * v).sqrt();
        if distance < 1e-3 {
            return 0.0;
        }
        let (c1, s1) = (u / distance, v / distance);
        let (mut ck, mut sk) = (c1, s1);
        let mut outline = 1.0;
        for (a, b) in self.harmonics {
            (ck, sk) = (ck * c1 - sk * s1, sk * c1 + ck * s1);
            outline += a * ck + b * sk;
        }
        distance / (self.radius * outline.max(0.25))
    }

    /// Calls `f(index, distance)` for every pixel within `times` the blob's outline.
    pub fn each_pixel(&self, frame: Frame, times: f32, mut f: impl FnMut(usize, f32)) {
        let (x0, x1, y0, y1) = frame.window(self.centre.0, self.centre.1, self.reach() * times);
        for y in y0..y1 {
            for x in x0..x1 {
                let distance = self.distance(x as f32 + 0.5, y as f32 + 0.5);
                if distance < times {
                    f(y * frame.width + x, distance);
                }
            }
        }
    }
}
