//! The measuring as a whole, on pictures made for one question each.

use image::{Rgb, RgbImage};

use super::*;

const WIDTH: u32 = 240;
const HEIGHT: u32 = 120;

/// Pixels whose middle lies in one of the bars: left, right, middle row, height.
fn mask(bars: &[(f64, f64, f64, f64)]) -> BinaryMask {
    let inside = |i: u32| {
        let (x, y) = (f64::from(i % WIDTH) + 0.5, f64::from(i / WIDTH) + 0.5);
        bars.iter().any(|&(left, right, row, height)| x > left && x < right && (y - row).abs() < 0.5 * height)
    };
    BinaryMask { width: WIDTH, height: HEIGHT, pixels: (0..WIDTH * HEIGHT).map(inside).collect() }
}

fn map(mask: &BinaryMask) -> ProbabilityMap {
    let values = mask.pixels.iter().map(|&crack| if crack { 60_000 } else { 300 }).collect();
    ProbabilityMap::new(mask.width, mask.height, values)
}

/// A light wall with a dark bar from left to right whose lips lie `lip` above and below row 60, a little soft.
fn photo(left: f64, right: f64, lip: f64) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        // The share of the pixel between the lips, in linear light.
        let between = (lip + 0.5 - (y - 60.0).abs()).clamp(0.0, 1.0);
        let dark = if x > left && x < right { between } else { 0.0 };
        let grain = f64::from((x as u32 * 7 + y as u32 * 13) % 5) * 0.004;
        let linear = 0.5 * (1.0 - dark) + 0.03 * dark + grain;
        Rgb([((1.055 * linear.powf(1.0 / 2.4) - 0.055) * 255.0).round() as u8; 3])
    })
}

#[test]
fn a_bar_has_its_length_width_and_direction() {
    let survey = survey_mask(&mask(&[(20.0, 220.0, 60.0, 8.0)]));
    let [crack] = survey.cracks.as_slice() else { panic!("{} cracks", survey.cracks.len()) };
    assert!((crack.length_px.value - 200.0).abs() < 1.0, "{:?}", crack.length_px);
    assert!((crack.width_mean_px.value - 8.0).abs() < 0.2, "{:?}", crack.width_mean_px);
    assert_eq!(crack.kind, CrackKind::Longitudinal);
    assert!(crack.orientation_deg.min(180.0 - crack.orientation_deg) < 1.0);
    assert!(crack.junctions.is_empty());
}

#[test]
fn pieces_that_face_each_other_are_one_crack_and_others_are_not() {
    let apart = |gap: f64| survey_mask(&mask(&[(20.0, 100.0, 60.0, 5.0), (100.0 + gap, 220.0, 60.0, 5.0)]));
    let joined = apart(8.0);
    assert_eq!(joined.cracks.len(), 1);
    assert!((joined.cracks[0].length_px.value - 200.0).abs() < 2.0);
    assert_eq!(apart(40.0).cracks.len(), 2);
    assert_eq!(survey_mask(&mask(&[(20.0, 100.0, 40.0, 5.0), (108.0, 220.0, 80.0, 5.0)])).cracks.len(), 2);
}

#[test]
fn the_light_corrects_a_mask_that_is_too_wide() {
    let generous = map(&mask(&[(20.0, 220.0, 60.0, 11.0)]));
    let survey = survey(&photo(20.0, 220.0, 3.6), &generous, 0.5);
    let width = survey.cracks[0].width_mean_px;
    assert!((width.value - 7.2).abs() < 0.4, "{width:?}");
    assert!(width.low <= 7.2 && 7.2 <= width.high, "{width:?}");
}

#[test]
fn a_crack_is_followed_beyond_the_mask_and_not_beyond_its_end() {
    let half = map(&mask(&[(20.0, 110.0, 60.0, 6.0)]));
    let survey = survey(&photo(20.0, 200.0, 3.0), &half, 0.5);
    assert_eq!(survey.cracks.len(), 1);
    let length = survey.cracks[0].length_px.value;
    assert!((length - 180.0).abs() < 8.0, "{length}");
}

#[test]
fn what_fills_the_photograph_is_no_crack() {
    let everything = ProbabilityMap::new(WIDTH, HEIGHT, vec![1; (WIDTH * HEIGHT) as usize]);
    let survey = survey(&photo(20.0, 220.0, 3.0), &everything, 0.0);
    assert!(survey.cracks.is_empty());
    assert_eq!(survey.specks, 1);
}

#[test]
fn odd_sizes_and_single_pixels_are_no_trouble() {
    for (width, height) in [(0, 0), (1, 1), (1, 40), (40, 1), (3, 3)] {
        let pixels = vec![true; (width * height) as usize];
        assert!(survey_mask(&BinaryMask { width, height, pixels }).cracks.len() <= 1);
    }
    let lattice = (0..WIDTH * HEIGHT).map(|i| (i % WIDTH + i / WIDTH).is_multiple_of(2)).collect();
    survey_mask(&BinaryMask { width: WIDTH, height: HEIGHT, pixels: lattice });
}

mod arbitrary {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_mask_can_be_measured(width in 1_u32..40, pixels in proptest::collection::vec(any::<bool>(), 1..1600)) {
            let height = pixels.len() as u32 / width;
            let pixels: Vec<bool> = pixels[..(width * height) as usize].to_vec();
            let map = map(&BinaryMask { width, height, pixels: pixels.clone() });
            let grey = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 31 + y * 17) as u8; 3]));
            for found in [survey_mask(&BinaryMask { width, height, pixels }), survey(&grey, &map, 0.5)] {
                for crack in found.cracks {
                    prop_assert!(crack.length_px.value.is_finite() && crack.width_max_px.high.is_finite());
                    prop_assert!(crack.length_px.low <= crack.length_px.value && crack.length_px.value <= crack.length_px.high);
                    prop_assert!(crack.branches.iter().all(|branch| branch.points.len() > 1));
                }
            }
        }
    }
}
