//! Changes of light and camera: brightness, contrast, gamma, colour, blur, noise, JPEG.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Pixel, Rgb, RgbImage, imageops};

use crate::synth::random::Random;

/// Changes a crop as another light and another camera might; cracks stay where they are.
pub fn change(random: &mut Random, mut image: RgbImage) -> RgbImage {
    if random.chance(0.8) {
        tone(random, &mut image);
    }
    if random.chance(0.15) {
        grey(&mut image);
    }
    if random.chance(0.2) {
        image = imageops::blur(&image, random.range(0.4, 1.3));
    }
    if random.chance(0.3) {
        noise(random, &mut image);
    }
    if random.chance(0.2) { recompress(random, image) } else { image }
}

/// Brightness, contrast, gamma and a shift of each channel, through one table a channel.
fn tone(random: &mut Random, image: &mut RgbImage) {
    let (brightness, contrast) = (0.15 * random.signed(), random.log_range(0.7, 1.4));
    let gamma = random.log_range(0.7, 1.4);
    let tables: [[u8; 256]; 3] = std::array::from_fn(|_| {
        let shift = brightness + 0.05 * random.signed();
        std::array::from_fn(|value| {
            let value = (value as f32 / 255.0).powf(gamma);
            (((value - 0.5) * contrast + 0.5 + shift) * 255.0).round() as u8
        })
    });
    for pixel in image.pixels_mut() {
        *pixel = Rgb(std::array::from_fn(|channel| tables[channel][usize::from(pixel.0[channel])]));
    }
}

/// Colour tells the places of a data set apart better than it tells a crack.
fn grey(image: &mut RgbImage) {
    for pixel in image.pixels_mut() {
        *pixel = Rgb([pixel.to_luma().0[0]; 3]);
    }
}

fn noise(random: &mut Random, image: &mut RgbImage) {
    let deviation = random.range(1.0, 7.0);
    for value in image.iter_mut() {
        *value = (f32::from(*value) + deviation * random.normal()).round() as u8;
    }
}

fn recompress(random: &mut Random, image: RgbImage) -> RgbImage {
    let mut bytes = Vec::new();
    let quality = random.int(40, 95) as u8;
    let encoded = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&image);
    let decoded = encoded.and_then(|()| image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg));
    decoded.map_or(image, |picture| picture.into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_changes_but_the_mark_stays() {
        let on = |x: u32, y: u32| (20..40).contains(&x) && (8..30).contains(&y);
        let image = RgbImage::from_fn(64, 48, |x, y| Rgb(if on(x, y) { [40; 3] } else { [170, 165, 160] }));
        let mut changed = 0;
        for index in 0..40 {
            let out = change(&mut Random::keyed([1, 0, index, 0]), image.clone());
            assert_eq!(out.dimensions(), (64, 48));
            let brightness = |x, y| out.get_pixel(x, y).0.iter().map(|&v| u32::from(v)).sum::<u32>();
            assert!(brightness(30, 18) + 60 < brightness(55, 40), "{index}");
            changed += usize::from(out != image);
        }
        assert!((25..=39).contains(&changed), "{changed}");
    }
}
