//! The renderer held to arithmetic, so that the bars can lean on it.

use image::RgbImage;

use super::cases::{any_length, any_profile, any_shape, single};
use super::dice::Dice;
use super::lens::{FINE, Lens};
use super::renderer::Scene;
use super::shapes::{Crack, Profile, SINGLE, Shape, Station, Strand, distance};
use super::statistics::mean;

fn area(scene: &Scene) -> f64 {
    let pixels = (0..scene.height).flat_map(|y| (0..scene.width).map(move |x| (x, y)));
    pixels.map(|(x, y)| scene.outline.coverage(x, y)).sum()
}

#[test]
fn masks_have_the_area_of_their_shapes() {
    let mut shares = Vec::new();
    for seed in 0..40 {
        let (scene, profile) = single(seed, |dice| dice.one_of(&SINGLE), any_profile);
        let crack = &scene.cracks[0];
        let expected = crack.strands[0].width_times_length();
        let (covered, masked) = (area(&scene), scene.mask().count() as f64);
        // Where a polyline turns, its outer side is rounded and its inner side overlaps.
        let allowed = if crack.shape == Shape::Slopes { 0.02 } else { 0.005 };
        assert!((covered / expected - 1.0).abs() < allowed, "seed {seed}: {covered} for {expected}, {profile:?}");
        // Along the rows a whole lip may lie just above or just below the middle of its pixels.
        assert!((masked - covered).abs() < 0.5 * crack.length(), "seed {seed}: {masked} pixels for {covered}");
        shares.push(masked / covered);
    }
    assert!((mean(&shares) - 1.0).abs() < 0.005, "the half-area rule is biased: {}", mean(&shares));
}

#[test]
fn lengths_of_curves_are_those_of_calculus() {
    let mut dice = Dice::new(3, 9);
    for (shape, length) in [(Shape::Straight, 200.0), (Shape::Slopes, 230.0), (Shape::Arc, 170.0)] {
        let crack = Crack::draw(&mut dice, shape, length, Profile::constant(6.0));
        assert!((crack.length() - length).abs() < 1e-2, "{shape:?}: {}", crack.length());
    }
}

#[test]
fn stations_lie_in_the_middle_between_the_lips() {
    for seed in 100..120 {
        let (scene, _) = single(seed, |dice| dice.one_of(&[Shape::Straight, Shape::Sine, Shape::Arc]), any_profile);
        let stations: Vec<Station> = scene.cracks[0].clear_stations().copied().collect();
        for pair in stations.windows(2) {
            let (here, apart) = (pair[0], distance(pair[0].at, pair[1].at).max(1e-9));
            if apart > 1.5 {
                continue;
            }
            let normal = [(here.at[1] - pair[1].at[1]) / apart, (pair[1].at[0] - here.at[0]) / apart];
            for side in [-1.0, 1.0] {
                let lip = |share: f64| {
                    let reach = side * share * 0.5 * here.width;
                    [here.at[0] + reach * normal[0], here.at[1] + reach * normal[1]]
                };
                assert!(scene.outline.is_inside(lip(0.97)), "seed {seed}: inside its lip at {:?}", here.at);
                assert!(!scene.outline.is_inside(lip(1.03)), "seed {seed}: outside its lip at {:?}", here.at);
            }
        }
    }
}

#[test]
fn a_lens_keeps_the_light_and_the_place() {
    let size = (41, 33);
    let mut fine = vec![0.0_f32; size.0 * size.1 * FINE * FINE];
    let at = (20 * FINE + 1, 16 * FINE + 2);
    fine[at.1 * size.0 * FINE + at.0] = (FINE * FINE) as f32;
    for seed in 0..20 {
        let picture = Lens::draw(&mut Dice::new(seed, 0)).blurred(&fine, size, |_, _| true);
        let sum: f32 = picture.iter().sum();
        let (mut x, mut y) = (0.0, 0.0);
        for (i, value) in picture.iter().enumerate() {
            x += f64::from(*value) * ((i % size.0) as f64 + 0.5);
            y += f64::from(*value) * ((i / size.0) as f64 + 0.5);
        }
        // The sum over whole pixels depends a little on where in its pixel the point lies.
        assert!((sum - 1.0).abs() < 0.05, "seed {seed}: {sum}");
        let middle = [(at.0 as f64 + 0.5) / FINE as f64, (at.1 as f64 + 0.5) / FINE as f64];
        assert!(distance([x / f64::from(sum), y / f64::from(sum)], middle) < 0.1, "seed {seed}: {x} {y}");
    }
}

#[test]
fn darkness_across_a_crack_sums_to_its_width() {
    for (seed, width) in [(1, 4.0), (2, 9.5), (3, 17.0)] {
        let scene = straight(width);
        let plain = scene.plain_darkness(seed);
        let across: f64 = (0..scene.height).map(|y| f64::from(plain[(y * scene.width + 60) as usize])).sum();
        // The crack lies at 0.1 rad: a column cuts it longer.
        assert!((across * 0.1_f64.cos() - width).abs() < 0.02 * width, "{across} for {width}");
    }
}

fn straight(width: f64) -> Scene {
    let (sine, cosine) = 0.1_f64.sin_cos();
    let course = [[60.0 - 80.0 * cosine, 40.0 - 80.0 * sine], [60.0 + 80.0 * cosine, 40.0 + 80.0 * sine]];
    let strands = vec![Strand::along(&course, Profile::constant(width))];
    Scene::new(120, 80, vec![Crack { shape: Shape::Straight, strands, junctions: Vec::new() }])
}

#[test]
fn networks_meet_where_they_say() {
    let mut counts = [0; 5];
    for seed in 0..200 {
        let (scene, _) = single(seed, |_| Shape::Network, |dice| Profile::constant(dice.between(3.0, 12.0)));
        let crack = &scene.cracks[0];
        counts[crack.junctions.len()] += 1;
        for &junction in &crack.junctions {
            let meeting = |strand: &&Strand| strand.stations.iter().any(|station| distance(station.at, junction) < 0.8);
            let count = crack.strands.iter().filter(meeting).count();
            assert!((2..=3).contains(&count), "seed {seed}: {count} strands at {junction:?}");
        }
    }
    assert!(counts[1..].iter().all(|&count| count >= 10), "networks by junctions: {counts:?}");
}

#[test]
fn photographs_are_dark_where_the_mask_is() {
    for seed in 0..12 {
        let (scene, _) = single(seed, any_shape, any_profile);
        let (photo, mask) = (scene.photograph(seed), scene.mask());
        assert_eq!(photo, scene.photograph(seed), "one seed, one photograph");
        let [crack, around] = [true, false].map(|inside| {
            let pixels = photo.pixels().zip(&mask.pixels).filter(|(_, is)| **is == inside);
            mean(&pixels.map(|(pixel, _)| f64::from(pixel.0[1])).collect::<Vec<_>>())
        });
        assert!(crack < 0.95 * around, "seed {seed}: {crack} in a surface of {around}");
    }
}

/// Eight pictures to look at, below the target folder.
#[test]
#[ignore = "writes pictures to look at"]
fn contact_sheet() {
    const SIDE: u32 = 384;
    let mut sheet = RgbImage::new(4 * SIDE, 2 * SIDE);
    for seed in 0..8_u32 {
        let mut dice = Dice::new(u64::from(seed), 5);
        let shape = any_shape(&mut dice);
        let profile = any_profile(&mut dice);
        let length = any_length(&mut dice, profile.width).min(300.0);
        let crack = Crack::draw(&mut dice, shape, length, profile).moved_to([30.0, 30.0]);
        let photo = Scene::new(SIDE, SIDE, vec![crack]).photograph(u64::from(seed));
        image::imageops::replace(&mut sheet, &photo, i64::from(seed % 4 * SIDE), i64::from(seed / 4 * SIDE));
    }
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/measuring.png");
    sheet.save(path).unwrap();
    println!("{path}");
}
