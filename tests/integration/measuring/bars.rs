//! True masks: how far lengths and widths may be from the truth.

use std::sync::LazyLock;

use hairline::measure::{self, CrackMeasurement, Estimate};
use hairline::vision::BinaryMask;
use rayon::prelude::*;

use super::cases::{self, Case, any_profile, any_shape, centre_points, from_masks, mean_width, soft_map};
use super::dice::Dice;
use super::renderer::Look;
use super::shapes::{Profile, Shape, distance};
use super::statistics::{Figure, figure, mean_figure, median, percentile_figure, share_figure, state};

/// Cracks of every shape, width and angle, one a picture.
static CRACKS: LazyLock<Vec<Case>> = LazyLock::new(|| from_masks(0, 520, any_shape, any_profile));

/// Photographs with the map that a perfect network would give.
static GREY: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let one = |seed| {
        let (scene, profile) = cases::single(seed, any_shape, any_profile);
        let found = measure::survey(&scene.photograph(seed), &soft_map(&scene.mask()), 0.5);
        Case { seed, scene, profile, found }
    };
    (7000..7150_u64).into_par_iter().map(one).collect()
});

#[test]
fn mean_widths_are_true() {
    let errors: Vec<f64> = CRACKS.iter().map(|case| case.width_error().abs()).collect();
    let error = mean_figure(&errors);
    state("mean width from the mask, mean absolute error in px", error, "0.25");
    assert!(error.value <= 0.25);
}

#[test]
fn local_widths_are_true() {
    let errors: Vec<Vec<f64>> =
        CRACKS.iter().map(|case| case.local_errors().into_iter().map(f64::abs).collect()).collect();
    let error = percentile_figure(&errors, 0.95);
    state("local width from the mask, 95th percentile of the absolute error in px", error, "0.6");
    assert!(error.value <= 0.6);
}

fn lengths_are_true(name: &str, first: u64, shape: fn(&mut Dice) -> Shape) {
    let cases = from_masks(first, 100, shape, any_profile);
    let errors: Vec<f64> = cases.iter().map(|case| case.length_error().abs()).collect();
    let error = mean_figure(&errors);
    state(&format!("length from the mask, {name}, mean absolute error as a share"), error, "0.01");
    assert!(error.value <= 0.01);
}

#[test]
fn lengths_of_straight_cracks_are_true() {
    lengths_are_true("straight", 1000, |_| Shape::Straight);
}

#[test]
fn lengths_of_sines_are_true() {
    lengths_are_true("sine", 2000, |_| Shape::Sine);
}

#[test]
fn lengths_on_slopes_of_one_in_two_are_true() {
    lengths_are_true("1:2 slopes", 3000, |_| Shape::Slopes);
}

#[test]
fn lengths_of_branched_cracks_are_true() {
    lengths_are_true("branched", 4000, |_| Shape::Branched);
}

/// The mask turned by `turn` quarters, then mirrored if asked for.
fn turned(mask: &BinaryMask, turn: u32, mirrored: bool) -> BinaryMask {
    let (w, h) = (mask.width, mask.height);
    let (width, height) = if turn.is_multiple_of(2) { (w, h) } else { (h, w) };
    let source = |i: u32| {
        let (x, y) = (i % width, i / width);
        let x = if mirrored { width - 1 - x } else { x };
        let (x, y) = match turn {
            0 => (x, y),
            1 => (y, h - 1 - x),
            2 => (w - 1 - x, h - 1 - y),
            _ => (w - 1 - y, x),
        };
        mask.pixels[(y * w + x) as usize]
    };
    BinaryMask { width, height, pixels: (0..width * height).map(source).collect() }
}

#[test]
fn turning_and_mirroring_change_nothing() {
    let deviations: Vec<(f64, f64)> = (5000..5060_u64)
        .into_par_iter()
        .map(|seed| {
            let mask = cases::single(seed, any_shape, any_profile).0.mask();
            let [upright, others @ ..] =
                [(0, false), (1, false), (2, false), (3, false), (0, true), (1, true), (2, true), (3, true)];
            let measured = |(turn, mirrored)| {
                let found = measure::survey_mask(&turned(&mask, turn, mirrored));
                (found.total_length_px(), mean_width(&found.cracks))
            };
            let (length, width) = measured(upright);
            assert!(length > 0.0, "seed {seed}: nothing was found");
            others.into_iter().map(measured).fold((0.0_f64, 0.0_f64), |worst, (l, w)| {
                (worst.0.max((l / length - 1.0).abs()), worst.1.max((w - width).abs()))
            })
        })
        .collect();
    let largest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let lengths = figure(&deviations.iter().map(|d| d.0).collect::<Vec<_>>(), largest);
    let widths = figure(&deviations.iter().map(|d| d.1).collect::<Vec<_>>(), largest);
    state("length under quarter turns and mirroring, largest deviation as a share", lengths, "0.002");
    state("mean width under quarter turns and mirroring, largest deviation in px", widths, "0.05");
    assert!(lengths.value <= 0.002 && widths.value <= 0.05);
}

fn network_profile(dice: &mut Dice) -> Profile {
    Profile::constant(dice.between(3.0, 12.0))
}

#[test]
fn junctions_of_networks_are_counted_right() {
    let networks = from_masks(6000, 200, |_| Shape::Network, network_profile);
    let right: Vec<bool> = networks.iter().map(|case| found_junctions(case) == case.crack().junctions.len()).collect();
    let found: Vec<bool> = networks.iter().flat_map(junctions_found).collect();
    let share = share_figure(&right);
    state("networks whose junctions are counted right, share", share, "0.98");
    state("junctions found within a width and 3 px, share", share_figure(&found), "none, stated");
    let wrong: Vec<u64> = networks.iter().zip(&right).filter(|(_, right)| !**right).map(|(c, _)| c.seed).collect();
    assert!(share.value >= 0.98, "wrong: seeds {wrong:?}");
}

fn found_junctions(case: &Case) -> usize {
    case.found.cracks.iter().map(|crack| crack.junctions.len()).sum()
}

fn junctions_found(case: &Case) -> Vec<bool> {
    let found: Vec<[f64; 2]> = case.found.cracks.iter().flat_map(|crack| crack.junctions.clone()).collect();
    let reach = case.crack().widest() + 3.0;
    case.crack().junctions.iter().map(|&j| found.iter().any(|&f| distance(f, j) <= reach)).collect()
}

fn covers(case: &Case, of: fn(&CrackMeasurement) -> Estimate, truth: f64) -> bool {
    case.interval(of).is_some_and(|interval| interval.low <= truth && truth <= interval.high)
}

fn half_widths(of: fn(&CrackMeasurement) -> Estimate) -> Figure {
    let wide = CRACKS.iter().filter(|case| (5.0..=20.0).contains(&case.crack().mean_width()));
    let halves: Vec<f64> = wide.filter_map(|case| case.interval(of)).map(|interval| interval.half_width()).collect();
    figure(&halves, median)
}

#[test]
fn intervals_of_mean_widths_hold_what_they_promise() {
    let of = |crack: &CrackMeasurement| crack.width_mean_px;
    let covered: Vec<bool> = CRACKS.iter().map(|case| covers(case, of, case.crack().mean_width())).collect();
    let (share, half) = (share_figure(&covered), half_widths(of));
    state("intervals of the mean width from the mask that hold the truth, share", share, "0.90–0.98");
    state("their half-width for 5–20 px, median in px", half, "0.6");
    assert!((0.90..=0.98).contains(&share.value) && half.value <= 0.6);
}

#[test]
fn intervals_of_lengths_hold_what_they_promise() {
    let of = |crack: &CrackMeasurement| crack.length_px;
    let covered: Vec<bool> = CRACKS.iter().map(|case| covers(case, of, case.crack().length())).collect();
    let share = share_figure(&covered);
    state("intervals of the length from the mask that hold the truth, share", share, "0.90–0.98");
    state("their half-width for 5–20 px, median in px", half_widths(of), "none, stated");
    assert!((0.90..=0.98).contains(&share.value));
}

#[test]
fn grey_levels_are_stated() {
    let cases = &*GREY;
    let means: Vec<f64> = cases.iter().map(|case| case.width_error().abs()).collect();
    let local: Vec<Vec<f64>> = cases.iter().map(|c| c.local_errors().into_iter().map(f64::abs).collect()).collect();
    state("mean width from grey levels in a true map, mean absolute error in px", mean_figure(&means), "none, stated");
    let worst = percentile_figure(&local, 0.95);
    state("local width from grey levels in a true map, 95th percentile in px", worst, "none, stated");
    assert!(cases.iter().all(|case| !case.found.cracks.is_empty()), "a crack was not found in its true map");
}

#[test]
fn thin_cracks_stay_below_their_upper_bound() {
    let thin = |dice: &mut Dice| Profile::constant(dice.between(1.0, 3.0));
    let cases = from_masks(8000, 100, any_shape, thin);
    let found: Vec<&Case> = cases.iter().filter(|case| !case.found.cracks.is_empty()).collect();
    let below: Vec<bool> = found
        .iter()
        .map(|case| {
            let highest = case.found.cracks.iter().map(|c| c.width_mean_px.high).fold(0.0, f64::max);
            case.crack().mean_width() <= highest
        })
        .collect();
    state("cracks of 1–3 px whose width is below the interval's upper end, share", share_figure(&below), "0.95");
    assert!(share_figure(&below).value >= 0.95 && found.len() >= 95);
}

/// Where errors come from: `cargo test --test integration -- --ignored --nocapture measuring::bars::errors_by_kind`.
#[test]
#[ignore = "a list to read, it holds nothing to a bar"]
fn errors_by_kind() {
    let bands = [(3.0, 5.0), (5.0, 8.0), (8.0, 12.0), (12.0, 20.0)];
    for shape in [Shape::Straight, Shape::Sine, Shape::Slopes, Shape::Arc, Shape::Branched] {
        for (low, high) in bands {
            for tapered in [false, true] {
                let of_kind = |case: &&Case| {
                    case.crack().shape == shape
                        && (low..high).contains(&case.profile.width)
                        && (case.profile.taper > 0.0) == tapered
                };
                let kind: Vec<&Case> = CRACKS.iter().filter(of_kind).collect();
                println!(
                    "{shape:?}, {low}–{high} px, {} ends: {}",
                    ["blunt", "tapered"][usize::from(tapered)],
                    told(&kind)
                );
            }
        }
    }
    assert!(!CRACKS.is_empty());
}

/// A property of a case.
type Of = fn(&Case) -> f64;

/// Where errors from grey levels come from, by what the photograph looks like.
#[test]
#[ignore = "a list to read, it holds nothing to a bar"]
fn grey_errors_by_look() {
    let looks: [(&str, Of); 5] = [
        ("width", |case| case.profile.width),
        ("contrast", |case| Look::of(case.seed).contrast),
        ("chamfer", |case| Look::of(case.seed).chamfer),
        ("spread of the lens", |case| Look::of(case.seed).lens.reach()),
        ("gamma", |case| Look::of(case.seed).gamma),
    ];
    for (name, of) in looks {
        let mut sorted: Vec<&Case> = GREY.iter().collect();
        sorted.sort_by(|a, b| of(a).total_cmp(&of(b)));
        for part in sorted.chunks(50) {
            println!("{name} {:.2}–{:.2}: {}", of(part[0]), of(part[part.len() - 1]), told(part));
        }
    }
    assert!(!GREY.is_empty());
}

/// Mean signed errors and the worst seed of some cases.
fn told(cases: &[&Case]) -> String {
    let mean = |error: fn(&Case) -> f64| cases.iter().map(|case| error(case)).sum::<f64>() / cases.len().max(1) as f64;
    let worst = |error: fn(&Case) -> f64| {
        cases.iter().max_by(|a, b| error(a).abs().total_cmp(&error(b).abs())).map(|case| (case.seed, error(case)))
    };
    let length = |case: &Case| case.found_length() - case.crack().length();
    let pieces = cases.iter().filter(|case| case.found.cracks.len() != 1).count();
    let points: usize = cases.iter().map(|case| centre_points(&case.found).len()).sum();
    format!(
        "n = {}, width {:+.3} px, length {:+.2} px, not one crack: {pieces}, points {points}; worst (seed, error): width {:?}, length {:?}",
        cases.len(),
        mean(Case::width_error),
        mean(length),
        worst(Case::width_error),
        worst(length),
    )
}
