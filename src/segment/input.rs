//! From a photograph to the network's input, and back to the photograph's size.

use image::RgbImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

use crate::net::{InputScale, InputSpec};
use crate::vision::ProbabilityMap;

/// Lines of a tile that one thread cuts at least.
const LINES_AT_ONCE: usize = 64;

/// The photograph at the scale the model was trained on.
pub fn at_network_scale(photo: RgbImage, scale: InputScale) -> RgbImage {
    match scale {
        InputScale::Native => photo,
        InputScale::Squeeze(side) => imageops::resize(&photo, side, side, FilterType::Triangle),
    }
}

/// Stretches `map` to `size`, bilinearly with pixel centres aligned.
pub fn at_photo_scale(map: ProbabilityMap, (width, height): (u32, u32)) -> ProbabilityMap {
    if (map.width(), map.height()) == (width, height) {
        return map;
    }
    let columns = positions(width, map.width());
    let mut values = Vec::with_capacity(width as usize * height as usize);
    for (top, bottom, down) in positions(height, map.height()) {
        let row = |y: usize| &map.values()[y * map.width() as usize..][..map.width() as usize];
        let (upper, lower) = (row(top), row(bottom));
        values.extend(columns.iter().map(|&(left, right, across)| {
            let mix = |a: u16, b: u16, t: f32| f32::from(a) + (f32::from(b) - f32::from(a)) * t;
            let (above, below) = (mix(upper[left], upper[right], across), mix(lower[left], lower[right], across));
            (above + (below - above) * down).round() as u16
        }));
    }
    ProbabilityMap::new(width, height, values)
}

/// For every pixel of a side: its two source pixels and the share of the second.
fn positions(to: u32, from: u32) -> Vec<(usize, usize, f32)> {
    let last = from as usize - 1;
    (0..to)
        .map(|i| {
            let centre = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, last as f32);
            let left = centre as usize;
            (left, (left + 1).min(last), centre - left as f32)
        })
        .collect()
}

/// Cuts a tile, `[3, height, width]`, normalised; beyond the photograph it is mirrored.
pub fn normalised_tile(
    photo: &RgbImage,
    origin: (u32, u32),
    (width, height): (u32, u32),
    spec: &InputSpec,
) -> Vec<f32> {
    let columns = mirrored(origin.0, width, photo.width());
    let rows = mirrored(origin.1, height, photo.height());
    let mut input = vec![0.0f32; 3 * width as usize * height as usize];
    let tables: [[f32; 256]; 3] =
        std::array::from_fn(|c| std::array::from_fn(|v| (v as f32 / 255.0 - spec.mean[c]) / spec.std[c]));
    let stride = photo.width() as usize * 3;
    let lines = input.par_chunks_exact_mut(width as usize).enumerate().with_min_len(LINES_AT_ONCE);
    lines.for_each(|(line, values)| {
        let (c, y) = (line / height as usize, line % height as usize);
        let pixels = &photo.as_raw()[rows[y] * stride..][..stride];
        for (value, &column) in values.iter_mut().zip(&columns) {
            *value = tables[c][usize::from(pixels[column * 3 + c])];
        }
    });
    input
}

/// Source positions of `count` pixels from `start`, reflected about the last pixel as PyTorch's `reflect` does.
fn mirrored(start: u32, count: u32, length: u32) -> Vec<usize> {
    let period = (2 * (length - 1)).max(1);
    (start..start + count)
        .map(|i| {
            let i = i % period;
            (if i < length { i } else { period - i }) as usize
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_does_not_repeat_the_edge() {
        assert_eq!(mirrored(0, 7, 4), [0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(mirrored(2, 3, 3), [2, 1, 0]);
        assert_eq!(mirrored(0, 3, 1), [0, 0, 0]);
    }

    #[test]
    fn squeezing_is_that_of_torchvision_to_one_step() {
        let read = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().to_rgb8();
        let photo = read(include_bytes!("../../tests/fixtures/attention_unet_photo.png"));
        let expected = read(include_bytes!("../../tests/fixtures/attention_unet_squeezed.png"));
        let found = at_network_scale(photo, InputScale::Squeeze(128));
        let differences: Vec<u8> = found.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).collect();
        assert!(differences.len() == 3 * 128 * 128 && differences.iter().all(|d| *d <= 1));
    }

    #[test]
    fn stretching_a_ramp_keeps_its_middle_and_ends() {
        let map = ProbabilityMap::new(2, 1, vec![0, 1000]);
        let wide = at_photo_scale(map, (4, 2));
        assert_eq!(wide.values(), [0, 250, 750, 1000, 0, 250, 750, 1000]);
    }
}
