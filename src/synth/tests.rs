//! Whole scenes: determinism, truth against mask, every surface at odd sizes.

use super::*;

fn digest(photo: &SyntheticPhoto) -> u64 {
    let bytes = photo.image.as_raw().iter().chain(photo.mask.as_raw());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn scene(seed: u64, surface: Surface, width: u32, height: u32) -> SceneParams {
    SceneParams { surface: Some(surface), ..SceneParams::new(seed, width, height) }
}

#[test]
fn equal_parameters_give_equal_bytes() {
    for surface in Surface::ALL {
        let params = scene(11, surface, 160, 120);
        let here = digest(&render(&params));
        let elsewhere = std::thread::spawn(move || digest(&render(&params)));
        assert_eq!(here, elsewhere.join().unwrap(), "{surface:?}");
    }
}

#[test]
fn seeds_give_different_pictures() {
    let a = render(&scene(1, Surface::Concrete, 64, 64));
    let b = render(&scene(2, Surface::Concrete, 64, 64));
    assert_ne!(digest(&a), digest(&b));
}

#[test]
fn every_surface_renders_at_odd_sizes() {
    for surface in Surface::ALL {
        for (width, height) in [(333, 257), (16, 16), (1, 1), (3, 90)] {
            for seed in 0..4 {
                let photo = render(&scene(seed, surface, width, height));
                assert_eq!(photo.image.dimensions(), (width, height));
                assert_eq!(photo.mask.dimensions(), (width, height));
                assert_eq!(photo.surface, surface);
            }
        }
    }
}

#[test]
fn intact_surfaces_have_empty_masks() {
    for surface in Surface::ALL {
        let mut params = scene(5, surface, 120, 90);
        params.cracks = Some(0..=0);
        params.distractors = Some(true);
        let photo = render(&params);
        assert!(photo.cracks.is_empty());
        assert!(photo.mask.as_raw().iter().all(|&v| v == 0));
    }
}

#[test]
fn seams_and_litter_change_the_picture_but_not_the_mask() {
    for surface in Surface::ALL {
        for seed in 0..4 {
            let [bare, littered] = [false, true].map(|distractors| {
                render(&SceneParams {
                    distractors: Some(distractors),
                    cracks: Some(1..=2),
                    ..scene(seed, surface, 200, 150)
                })
            });
            assert_ne!(bare.image.as_raw(), littered.image.as_raw(), "{surface:?} {seed}");
            assert_eq!(bare.mask.as_raw(), littered.mask.as_raw(), "{surface:?} {seed}");
            assert_eq!(bare.cracks, littered.cracks, "{surface:?} {seed}");
        }
    }
}

#[test]
fn fixtures_change_the_picture_but_not_the_mask() {
    for surface in Surface::ALL {
        let draw = |fixtures| {
            (0..6).map(|seed| render(&SceneParams { fixtures, ..scene(seed, surface, 200, 150) })).collect::<Vec<_>>()
        };
        let (bare, fitted) = (draw(false), draw(true));
        let differ = bare.iter().zip(&fitted).filter(|(a, b)| a.image.as_raw() != b.image.as_raw()).count();
        assert!(differ >= 3, "{surface:?}: {differ} of 6");
        for (a, b) in bare.iter().zip(&fitted) {
            assert_eq!(a.mask.as_raw(), b.mask.as_raw(), "{surface:?}");
            assert_eq!(a.cracks, b.cracks, "{surface:?}");
        }
    }
}

#[test]
fn mask_area_is_the_integral_of_the_width() {
    for surface in Surface::ALL {
        for seed in 0..6 {
            let mut params = scene(seed, surface, 400, 300);
            params.cracks = Some(1..=1);
            params.crack_width_px = Some(3.0..=9.0);
            let photo = render(&params);
            let area = photo.mask.as_raw().iter().filter(|&&v| v == 255).count() as f32;
            let truth: f32 = photo.cracks.iter().map(|c| c.area_px(400, 300)).sum();
            let branches = photo.cracks.len() as f32 - 1.0;
            assert!(truth > 100.0, "{surface:?} {seed}: no crack");
            let slack = truth * (0.05 + 0.02 * branches);
            assert!((area - truth).abs() < slack, "{surface:?} {seed}: {area} for {truth}");
        }
    }
}

#[test]
fn junctions_lie_on_the_other_crack() {
    for seed in 0..8 {
        let mut params = scene(seed, Surface::Concrete, 500, 400);
        params.cracks = Some(3..=3);
        let cracks = render(&params).cracks;
        for crack in &cracks {
            let ends = [(crack.parent, crack.vertices.first()), (crack.end, crack.vertices.last())];
            for (junction, own) in ends {
                if let (Some(junction), Some(own)) = (junction, own) {
                    let other = cracks[junction.crack].vertices[junction.vertex];
                    let (dx, dy) = (other.x - own.x, other.y - own.y);
                    assert!(dx * dx + dy * dy < 9.0, "{seed}: {dx} {dy}");
                }
            }
        }
    }
}

#[test]
fn widths_stay_between_a_hair_and_the_widest() {
    for surface in Surface::ALL {
        let mut params = scene(3, surface, 300, 300);
        params.cracks = Some(2..=3);
        for crack in render(&params).cracks {
            assert!(crack.vertices.iter().all(|v| (0.0..=20.0).contains(&v.width_px())));
        }
    }
}
