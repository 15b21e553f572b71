//! Masks with their truth, for `benches/peers/run skeleton.py`.

use std::path::Path;

use image::GrayImage;
use serde_json::json;

use super::cases::{any_length, any_profile};
use super::dice::Dice;
use super::renderer::Scene;
use super::shapes::{Crack, Shape};

const OF_EACH: u64 = 60;

#[test]
#[ignore = "writes pictures for benches/peers"]
fn writes_masks_with_their_truth() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rendered");
    fs_err::create_dir_all(&folder).unwrap();
    let mut truth = Vec::new();
    for shape in [Shape::Straight, Shape::Sine, Shape::Slopes, Shape::Arc, Shape::Branched] {
        for seed in 0..OF_EACH {
            let mut dice = Dice::new(seed, 50 + shape as u64);
            let profile = any_profile(&mut dice);
            let length = any_length(&mut dice, profile.width);
            let crack = Crack::draw(&mut dice, shape, length, profile);
            let scene = Scene::around(&mut dice, crack);
            let file = format!("{shape:?}-{seed}.png");
            let pixels = scene.mask().pixels.iter().map(|&crack| if crack { 255 } else { 0 }).collect();
            GrayImage::from_raw(scene.width, scene.height, pixels).unwrap().save(folder.join(&file)).unwrap();
            let crack = &scene.cracks[0];
            truth.push(json!({
                "file": file,
                "shape": format!("{shape:?}"),
                "length_px": crack.length(),
                "width_mean_px": crack.mean_width(),
            }));
        }
    }
    fs_err::write(folder.join("truth.json"), serde_json::to_vec(&truth).unwrap()).unwrap();
    println!("{}", folder.display());
}
