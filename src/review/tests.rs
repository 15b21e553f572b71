use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::*;
use crate::synth::{SceneParams, render};
use crate::vision::{BinaryMask, PerceptualHash};

/// Drawn photographs that show a crack.
fn cracked(seeds: std::ops::Range<u64>) -> Vec<(RgbImage, BinaryMask)> {
    let scenes = seeds.map(|seed| render(&SceneParams { cracks: Some(1..=2), ..SceneParams::new(seed, 320, 240) }));
    let pairs = scenes.map(|scene| (scene.image, BinaryMask::from_label(&scene.mask)));
    pairs.filter(|(_, mask)| mask.count() > 100).collect()
}

fn codes(photo: &RgbImage, mask: &BinaryMask, neighbours: &Neighbours) -> Vec<String> {
    let reasons = check(&Label { photo, mask, nothing_here: false }, PerceptualHash::of(photo), neighbours);
    let code = |reason: &Reason| {
        assert!(reason.text().len() > 15, "{reason:?}");
        serde_json::to_value(reason).unwrap()["code"].as_str().unwrap().to_owned()
    };
    reasons.iter().map(code).collect()
}

fn moved(mask: &BinaryMask, dx: u32, dy: u32) -> BinaryMask {
    let at = |x: u32, y: u32| mask.pixels[(y * mask.width + x) as usize];
    let place = (0..mask.height).flat_map(|y| (0..mask.width).map(move |x| (x, y)));
    let pixels = place.map(|(x, y)| at((x + dx) % mask.width, (y + dy) % mask.height)).collect();
    BinaryMask { pixels, ..*mask }
}

#[test]
fn true_masks_pass_and_shifted_or_inverted_ones_do_not() {
    let all = cracked(100..124);
    let alone = Neighbours::default();
    let kept = |change: &dyn Fn(&BinaryMask) -> BinaryMask| {
        all.iter().filter(|(photo, mask)| !codes(photo, &change(mask), &alone).is_empty()).count()
    };
    let good = kept(&BinaryMask::clone);
    let shifted = kept(&|mask| moved(mask, 24, 24));
    let inverted = kept(&|mask| BinaryMask { pixels: mask.pixels.iter().map(|on| !on).collect(), ..*mask });
    let n = all.len();
    tell(&format!("kept in quarantine of {n}: true {good}, shifted {shifted}, inverted {inverted}"));
    assert!(n >= 18, "{n}");
    assert!(good * 20 <= n, "{good} of {n} true masks");
    assert!(shifted * 10 >= n * 8, "{shifted} of {n} shifted masks");
    assert_eq!(inverted, n);
}

fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn each_check_finds_its_fault() {
    let (photo, mask) = cracked(100..104).swap_remove(0);
    let alone = Neighbours::default();
    assert_eq!(codes(&photo, &mask, &alone), [""; 0]);
    let filled = |on: bool| BinaryMask { pixels: vec![on; mask.pixels.len()], ..mask };
    assert_eq!(codes(&photo, &filled(false), &alone), ["empty_mask"]);
    assert_eq!(codes(&photo, &filled(true), &alone), ["overfull_mask"]);
    let said = Label { photo: &photo, mask: &filled(false), nothing_here: true };
    assert_eq!(check(&said, PerceptualHash::of(&photo), &alone), []);
    let small = BinaryMask { width: 2, height: 1, pixels: vec![true; 2] };
    assert_eq!(codes(&photo, &small, &alone), ["wrong_size"]);

    let other = OtherLabel { version: 1, actor: "ann".into(), mask: moved(&mask, 0, 40) };
    assert_eq!(codes(&photo, &mask, &Neighbours { other_label: Some(&other), ..alone }), ["conflict"]);
    let same = OtherLabel { mask: moved(&mask, 1, 0), ..other };
    assert_eq!(codes(&photo, &mask, &Neighbours { other_label: Some(&same), ..Neighbours::default() }), [""; 0]);
    let nothing = OtherLabel { mask: filled(false), ..same };
    assert_eq!(
        codes(&photo, &mask, &Neighbours { other_label: Some(&nothing), ..Neighbours::default() }),
        ["conflict"]
    );
}

#[test]
fn copies_of_a_photograph_are_found_and_other_photographs_are_not() {
    let photos: Vec<RgbImage> = (0..24).map(|seed| render(&SceneParams::new(seed, 320, 240)).image).collect();
    let pictures = |photos: &[RgbImage]| -> Vec<SamePicture> {
        let named = |(i, photo)| SamePicture { name: format!("photo {i}"), hash: PerceptualHash::of(photo) };
        photos.iter().enumerate().map(named).collect()
    };
    let known = pictures(&photos);
    let half = |photo: &RgbImage| imageops::resize(photo, 160, 120, FilterType::Triangle);
    let brighter = |photo: &RgbImage| {
        let mut copy = photo.clone();
        copy.pixels_mut().for_each(|p| *p = Rgb(p.0.map(|v| (f32::from(v) * 1.15).min(255.0) as u8)));
        copy
    };
    let cropped = |photo: &RgbImage| imageops::crop_imm(photo, 3, 2, 314, 236).to_image();
    for (i, photo) in photos.iter().enumerate() {
        for copy in [half(photo), brighter(photo), cropped(photo)] {
            let blank = BinaryMask {
                width: copy.width(),
                height: copy.height(),
                pixels: vec![false; (copy.width() * copy.height()) as usize],
            };
            let label = Label { photo: &copy, mask: &blank, nothing_here: true };
            let neighbours = Neighbours { labelled: &known, ..Neighbours::default() };
            let reasons = check(&label, PerceptualHash::of(&copy), &neighbours);
            let found = matches!(reasons.as_slice(), [Reason::NearDuplicate { of, .. }] if *of == known[i].name);
            assert!(found, "a copy of {i}: {reasons:?}");
            let evaluation = Neighbours { evaluation: &known, ..Neighbours::default() };
            let reasons = check(&label, PerceptualHash::of(&copy), &evaluation);
            assert!(matches!(reasons.as_slice(), [Reason::NearEvaluationImage { .. }]));
        }
        let others: Vec<_> = known.iter().filter(|other| other.name != known[i].name).cloned().collect();
        let closest = others.iter().map(|other| other.hash.distance(known[i].hash)).min().unwrap();
        assert!(closest > HASH_LIMIT, "photo {i} is {closest} bits from another");
    }
}

#[test]
fn benefit_grows_with_doubt_disagreement_and_novelty() {
    let base = Signals { uncertainty: Some(0.2), disagreement: None, nearest_bits: Some(10) };
    let total = |signals: Signals| Benefit::of(signals).total();
    for better in [
        Signals { uncertainty: Some(0.3), ..base },
        Signals { disagreement: Some(0.1), ..base },
        Signals { nearest_bits: Some(20), ..base },
        Signals { nearest_bits: None, ..base },
    ] {
        assert!(total(better) > total(base), "{better:?}");
    }
    let most = Signals { uncertainty: None, disagreement: Some(7.0), nearest_bits: Some(64) };
    assert!((total(most) - 1.0).abs() < 1e-9);
    assert_eq!(
        Signals { uncertainty: Some(0.62), disagreement: Some(0.4), nearest_bits: Some(2) }.words(),
        "the model is unsure (62 %); two models disagree (40 %)"
    );
    let known = Signals { uncertainty: Some(0.0), disagreement: None, nearest_bits: Some(0) };
    assert_eq!(known.words(), "the model is sure, and photographs like it have labels");
}
