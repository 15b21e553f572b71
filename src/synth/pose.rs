//! Where the camera stands: the homography between pixels and wall coordinates.

use super::field::Frame;
use super::math;
use super::random::Random;

/// Plane-to-plane projection; wall coordinates are pixels at the middle of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    to_wall: [f32; 9],
    to_pixel: [f32; 9],
}

impl Pose {
    /// A camera turned by `angle` radians and tilted so that scale changes by about
    /// `tilt` from the middle to the edge along each axis.
    pub fn new(frame: Frame, angle: f32, tilt: (f32, f32)) -> Self {
        let half = frame.width.max(frame.height) as f32 * 0.5;
        let (cx, cy) = (frame.width as f32 * 0.5, frame.height as f32 * 0.5);
        let (s, c) = (math::sin(angle), math::cos(angle));
        let (g, h) = (tilt.0 / half, tilt.1 / half);
        let centre = [1.0, 0.0, -cx, 0.0, 1.0, -cy, 0.0, 0.0, 1.0];
        let turn = [c, s, 0.0, -s, c, 0.0, g, h, 1.0];
        let to_wall = product(&turn, &centre);
        Self { to_wall, to_pixel: inverse(&to_wall) }
    }

    /// A camera held by hand, nearly square to the wall.
    pub fn handheld(random: &mut Random, frame: Frame) -> Self {
        let angle = random.normal() * 0.018;
        let tilt = (random.normal() * 0.03, random.normal() * 0.03);
        Self::new(frame, angle, tilt)
    }

    /// Wall coordinates of a point in the picture.
    pub fn to_wall(self, x: f32, y: f32) -> (f32, f32) {
        apply(&self.to_wall, x, y)
    }

    /// Point in the picture of a point on the wall.
    pub fn to_pixel(self, u: f32, v: f32) -> (f32, f32) {
        apply(&self.to_pixel, u, v)
    }
}

fn apply(m: &[f32; 9], x: f32, y: f32) -> (f32, f32) {
    let w = 1.0 / (m[6] * x + m[7] * y + m[8]).max(0.05);
    ((m[0] * x + m[1] * y + m[2]) * w, (m[3] * x + m[4] * y + m[5]) * w)
}

fn product(a: &[f32; 9], b: &[f32; 9]) -> [f32; 9] {
    std::array::from_fn(|i| {
        let (row, column) = (i / 3 * 3, i % 3);
        (0..3).map(|k| a[row + k] * b[k * 3 + column]).sum()
    })
}

fn inverse(m: &[f32; 9]) -> [f32; 9] {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a] * m[b] - m[c] * m[d];
    let adjugate = [
        minor(4, 8, 5, 7),
        minor(2, 7, 1, 8),
        minor(1, 5, 2, 4),
        minor(5, 6, 3, 8),
        minor(0, 8, 2, 6),
        minor(2, 3, 0, 5),
        minor(3, 7, 4, 6),
        minor(1, 6, 0, 7),
        minor(0, 4, 1, 3),
    ];
    let scale = 1.0 / adjugate[8];
    adjugate.map(|v| v * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let frame = Frame { width: 640, height: 480 };
        let pose = Pose::new(frame, 0.2, (0.1, -0.07));
        for (x, y) in [(0.0, 0.0), (640.0, 480.0), (17.5, 301.0)] {
            let (u, v) = pose.to_wall(x, y);
            let (px, py) = pose.to_pixel(u, v);
            assert!((px - x).abs() < 0.05 && (py - y).abs() < 0.05, "{px} {py}");
        }
    }
}
