//! The sample photographs of the page: a few scenes by seed.

use super::{SceneParams, Surface};

/// Size of the samples in pixels.
const SIZE: (u32, u32) = (1024, 768);

/// A sample photograph; its picture is `assets/samples/{name}.jpg`.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Name of the file.
    pub name: &'static str,
    /// Shown below the picture.
    pub title: &'static str,
    /// For those who do not see it.
    pub alt: &'static str,
    seed: u64,
    surface: Surface,
    /// Whether it has cracks at all.
    cracked: bool,
}

/// All samples.
pub const SAMPLES: [Sample; 6] = [
    sample(
        "formwork",
        "Formed concrete",
        "Formed concrete wall with tie holes and a fine crack",
        208,
        Surface::Concrete,
    ),
    sample("concrete", "Concrete", "Stained concrete panels with a crack in the shape of a Y", 204, Surface::Concrete),
    sample("asphalt", "Asphalt", "Asphalt road with a crack through a lane line", 225, Surface::Asphalt),
    sample("brick", "Brickwork", "Red brick wall with a crack that steps through the joints", 226, Surface::Brick),
    sample("render", "Render", "White rendered wall with peeled paint and a crack", 201, Surface::Render),
    Sample {
        cracked: false,
        ..sample(
            "intact",
            "No crack",
            "Concrete panels without a crack, with tie holes and a wire",
            305,
            Surface::Concrete,
        )
    },
];

const fn sample(name: &'static str, title: &'static str, alt: &'static str, seed: u64, surface: Surface) -> Sample {
    Sample { name, title, alt, seed, surface, cracked: true }
}

impl Sample {
    /// The scene that the sample shows.
    pub fn scene(&self) -> SceneParams {
        SceneParams {
            surface: Some(self.surface),
            cracks: (!self.cracked).then_some(0..=0),
            distractors: (!self.cracked).then_some(true),
            ..SceneParams::new(self.seed, SIZE.0, SIZE.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use image::RgbImage;
    use image::codecs::jpeg::JpegEncoder;
    use image::imageops::{self, FilterType};

    use super::*;
    use crate::synth::render;

    const QUALITY: u8 = 85;
    const THUMBNAIL: (u32, u32) = (240, 180);

    fn write(path: &Path, picture: &RgbImage) {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(picture).unwrap();
        fs_err::write(path, jpeg).unwrap();
    }

    /// With `HAIRLINE_WRITE_SAMPLES` set, the pictures are drawn anew.
    #[test]
    fn the_embedded_pictures_are_what_their_seeds_draw() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
        for sample in &SAMPLES {
            let (photo, thumbnail) =
                (folder.join(format!("{}.jpg", sample.name)), folder.join(format!("{}.thumb.jpg", sample.name)));
            let drawn = render(&sample.scene());
            assert_eq!(drawn.mask.as_raw().contains(&255), sample.cracked, "{}", sample.name);
            if std::env::var_os("HAIRLINE_WRITE_SAMPLES").is_some() {
                fs_err::create_dir_all(&folder).unwrap();
                write(&photo, &drawn.image);
                write(&thumbnail, &imageops::resize(&drawn.image, THUMBNAIL.0, THUMBNAIL.1, FilterType::Lanczos3));
            }
            let embedded = image::open(&photo).unwrap().into_rgb8();
            let difference: u64 =
                embedded.as_raw().iter().zip(drawn.image.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = difference as f64 / embedded.as_raw().len() as f64;
            assert!(mean < 8.0, "{} differs by {mean:.1}; draw it anew with HAIRLINE_WRITE_SAMPLES=1", sample.name);
            assert_eq!(image::image_dimensions(&thumbnail).unwrap(), THUMBNAIL);
        }
    }
}
