//! Photographs through the shipped model: what of the true cracks is found, and how well it is measured.

use std::path::Path;
use std::sync::LazyLock;

use hairline::measure::{self, CrackMeasurement, CrackSurvey, Estimate};
use hairline::registry;
use hairline::segment::{Segmenter, TileSettings};
use hairline::vision::BinaryMask;
use image::RgbImage;
use rayon::prelude::*;

use super::cases::{any_profile, any_shape, centre_points, mean_width, near};
use super::dice::Dice;
use super::renderer::Scene;
use super::shapes::{Crack, Profile, Shape, Station, distance};
use super::statistics::{Figure, figure, mean, mean_figure, percentile_figure, share_figure, state};

const SIDE: u32 = 768;
/// Seeds of the photographs; constants of intervals were looked at on others, 0 to 99.
const PHOTOGRAPHS: std::ops::Range<u64> = 200..300;
const THIN_PHOTOGRAPHS: u64 = 8;

/// A true crack and what was found of it.
struct Match {
    truth: Crack,
    found: Vec<CrackMeasurement>,
    /// Share of the true centre line beside which something was found.
    recall: f64,
    local_errors: Vec<f64>,
}

struct Outcome {
    matches: Vec<Match>,
    /// Cracks found where none is, by photograph.
    false_cracks: Vec<f64>,
    /// Pixels of each photograph: crack in both, predicted, true.
    pixels: Vec<[f64; 3]>,
}

static OUTCOME: LazyLock<Outcome> = LazyLock::new(|| survey_all(PHOTOGRAPHS, any_profile));

/// Six to nine cracks in the cells of a grid.
fn scene(seed: u64, profile: fn(&mut Dice) -> Profile) -> Scene {
    let mut dice = Dice::new(seed, 30);
    let (columns, rows) = dice.one_of(&[(3, 3), (2, 4), (3, 2), (2, 3)]);
    let cell = [f64::from(SIDE) / f64::from(columns), f64::from(SIDE) / f64::from(rows)];
    let mut cracks = Vec::new();
    for index in 0..columns * rows {
        let corner = [f64::from(index % columns) * cell[0], f64::from(index / columns) * cell[1]];
        cracks.push(fitting(&mut dice, profile, cell).moved_to([corner[0] + 14.0, corner[1] + 14.0]));
    }
    Scene::new(SIDE, SIDE, cracks)
}

/// Draws until a crack leaves a margin of 14 px in its cell.
fn fitting(dice: &mut Dice, profile: fn(&mut Dice) -> Profile, cell: [f64; 2]) -> Crack {
    loop {
        let (shape, profile) = (any_shape(dice), profile(dice));
        let length = dice.between(110.0, 330.0);
        let crack = Crack::draw(dice, shape, length, profile);
        let [low, high] = crack.bounds();
        if (0..2).all(|axis| high[axis] - low[axis] < cell[axis] - 28.0) {
            return crack;
        }
    }
}

fn survey_all(seeds: std::ops::Range<u64>, profile: fn(&mut Dice) -> Profile) -> Outcome {
    let model = registry::load("research", Path::new("models")).unwrap();
    let threshold = model.metadata.threshold;
    let segmenter = Segmenter::new(model, TileSettings::default());
    let mut outcome = Outcome { matches: Vec::new(), false_cracks: Vec::new(), pixels: Vec::new() };
    let render = |seed| {
        let scene = scene(seed, profile);
        let (photo, mask) = (scene.photograph(seed), scene.mask());
        (scene, photo, mask)
    };
    let rendered: Vec<(Scene, RgbImage, BinaryMask)> = seeds.into_par_iter().map(render).collect();
    for (scene, photo, mask) in rendered {
        let map = segmenter.segment(photo.clone(), |_, _| {}).unwrap();
        outcome.pixels.push(agreement(&BinaryMask::from_probabilities(&map, threshold), &mask));
        outcome.add(&scene, measure::survey(&photo, &map, threshold));
    }
    outcome
}

fn agreement(predicted: &BinaryMask, truth: &BinaryMask) -> [f64; 3] {
    let both = predicted.pixels.iter().zip(&truth.pixels).filter(|(a, b)| **a && **b).count();
    [both as f64, predicted.count() as f64, truth.count() as f64]
}

impl Outcome {
    fn add(&mut self, scene: &Scene, survey: CrackSurvey) {
        let points = centre_points(&survey);
        let beside = |station: &&Station| near(&points, station).is_some();
        let first = self.matches.len();
        self.matches.extend(scene.cracks.iter().map(|truth| Match {
            truth: truth.clone(),
            found: Vec::new(),
            recall: truth.stations().filter(beside).count() as f64 / truth.stations().count() as f64,
            local_errors: local_errors(truth, &survey),
        }));
        let mut strangers = 0;
        for crack in survey.cracks {
            match owner(&scene.cracks, &crack) {
                Some(index) => self.matches[first + index].found.push(crack),
                None => strangers += 1,
            }
        }
        self.false_cracks.push(f64::from(strangers));
    }

    fn found(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|one| !one.found.is_empty())
    }
}

/// Where something was found: how much wider or narrower than the truth it is there.
fn local_errors(truth: &Crack, survey: &CrackSurvey) -> Vec<f64> {
    let points = centre_points(survey);
    let error = |station: &Station| near(&points, station).map(|found| (found.width_px - station.width).abs());
    truth.clear_stations().step_by(4).filter_map(error).collect()
}

/// The true crack beside which most of `found`, and at least half of it, lies.
fn owner(cracks: &[Crack], found: &CrackMeasurement) -> Option<usize> {
    let points: Vec<_> = found.branches.iter().flat_map(|branch| &branch.points).collect();
    let beside = |truth: &Crack| {
        let near =
            |x: f64, y: f64| truth.stations().any(|station| distance([x, y], station.at) <= 3.0 + 0.5 * station.width);
        points.iter().filter(|point| near(point.x, point.y)).count()
    };
    let (index, most) = cracks.iter().map(beside).enumerate().max_by_key(|(_, count)| *count)?;
    (2 * most >= points.len()).then_some(index)
}

impl Match {
    fn found_length(&self) -> f64 {
        self.found.iter().map(|crack| crack.length_px.value).sum()
    }

    fn width_error(&self) -> f64 {
        mean_width(&self.found) - self.truth.mean_width()
    }

    fn length_error(&self) -> f64 {
        self.found_length() / self.truth.length() - 1.0
    }
}

#[test]
#[ignore = "runs the network for minutes"]
fn what_there_is_is_found() {
    let f1 = |drawn: &[[f64; 3]]| {
        let [both, predicted, truth] = [0, 1, 2].map(|k| drawn.iter().map(|counts| counts[k]).sum::<f64>());
        2.0 * both / (predicted + truth)
    };
    state(
        "the model's masks of the rendered photographs, F1 of their pixels",
        figure(&OUTCOME.pixels, f1),
        "none, stated",
    );
    let recall: Vec<(f64, f64)> = OUTCOME.matches.iter().map(|one| (one.recall, one.truth.length())).collect();
    let of_length = |drawn: &[(f64, f64)]| {
        drawn.iter().map(|(recall, length)| recall * length).sum::<f64>() / drawn.iter().map(|d| d.1).sum::<f64>()
    };
    let recall = figure(&recall, of_length);
    state("through the model, share of the true length that is found", recall, "none, stated");
    state("through the model, false cracks a photograph", mean_figure(&OUTCOME.false_cracks), "none, stated");
    let pieces: Vec<bool> = OUTCOME.matches.iter().map(|one| one.found.len() == 1).collect();
    state("through the model, share of cracks found in one piece", share_figure(&pieces), "none, stated");
    assert!(recall.value >= 0.5, "bars on what is found say little where so much is missed");
}

#[test]
#[ignore = "runs the network for minutes"]
fn mean_widths_are_near_the_truth() {
    let signed: Vec<f64> = OUTCOME.found().map(Match::width_error).collect();
    let absolute: Vec<f64> = signed.iter().map(|error| error.abs()).collect();
    let error = mean_figure(&absolute);
    state("mean width through the model, mean absolute error in px", error, "0.6");
    state("mean width through the model, mean signed error in px", mean_figure(&signed), "none, stated");
    let local: Vec<Vec<f64>> = OUTCOME.found().map(|one| one.local_errors.clone()).collect();
    let worst = percentile_figure(&local, 0.95);
    state("local width through the model, 95th percentile of the absolute error in px", worst, "none, stated");
    assert!(error.value <= 0.6);
}

#[test]
#[ignore = "runs the network for minutes"]
fn lengths_are_near_the_truth() {
    let shapes = [
        ("straight", Shape::Straight),
        ("sine", Shape::Sine),
        ("1:2 slopes", Shape::Slopes),
        ("branched", Shape::Branched),
    ];
    let missed: Vec<&str> = shapes
        .into_iter()
        .filter(|(name, shape)| {
            let of_shape = OUTCOME.found().filter(|one| one.truth.shape == *shape);
            let errors: Vec<f64> = of_shape.map(|one| one.length_error().abs()).collect();
            let error = mean_figure(&errors);
            state(&format!("length through the model, {name}, mean absolute error as a share"), error, "0.05");
            error.value > 0.05
        })
        .map(|(name, _)| name)
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// Share of the cracks found in one piece whose interval holds the truth.
fn covered(of: fn(&CrackMeasurement) -> Estimate, truth: fn(&Crack) -> f64) -> Figure {
    let whole = OUTCOME
        .matches
        .iter()
        .filter_map(|one| if let [only] = one.found.as_slice() { Some((one, only)) } else { None });
    let hits: Vec<bool> =
        whole.map(|(one, only)| (of(only).low..=of(only).high).contains(&truth(&one.truth))).collect();
    share_figure(&hits)
}

#[test]
#[ignore = "runs the network for minutes"]
fn intervals_hold_what_they_promise() {
    let widths = covered(|crack| crack.width_mean_px, Crack::mean_width);
    let lengths = covered(|crack| crack.length_px, Crack::length);
    state("intervals of the mean width through the model that hold the truth, share", widths, "0.90");
    state("intervals of the length through the model that hold the truth, share", lengths, "0.90");
    let half = |of: fn(&CrackMeasurement) -> Estimate| {
        let halves = OUTCOME.found().flat_map(|one| &one.found).map(|crack| of(crack).half_width());
        mean(&halves.collect::<Vec<_>>())
    };
    println!("their half-widths, mean: {:.3} px and {:.3} px", half(|c| c.width_mean_px), half(|c| c.length_px));
    assert!(widths.n >= 500 && widths.value >= 0.90 && lengths.value >= 0.90);
}

#[test]
#[ignore = "runs the network for a minute"]
fn thin_cracks_are_given_an_upper_bound() {
    let thin = |dice: &mut Dice| Profile::constant(dice.between(1.0, 3.0));
    let outcome = survey_all(1000..1000 + THIN_PHOTOGRAPHS, thin);
    let below: Vec<bool> = outcome
        .found()
        .flat_map(|one| one.found.iter().map(|crack| one.truth.mean_width() <= crack.width_mean_px.high))
        .collect();
    let recall: Vec<f64> = outcome.matches.iter().map(|one| one.recall).collect();
    state("cracks of 1–3 px through the model, share of the length found", mean_figure(&recall), "none, stated");
    let share = share_figure(&below);
    state("cracks of 1–3 px through the model below the interval's upper end, share", share, "0.90");
    assert!(share.value >= 0.90);
}

/// Where errors come from, by shape and width.
#[test]
#[ignore = "a list to read, it holds nothing to a bar; runs the network for minutes"]
fn errors_by_kind() {
    for shape in [Shape::Straight, Shape::Sine, Shape::Slopes, Shape::Arc, Shape::Branched] {
        for (low, high) in [(0.0, 5.0), (5.0, 8.0), (8.0, 12.0), (12.0, 20.0)] {
            let of_kind = |one: &&Match| one.truth.shape == shape && (low..high).contains(&one.truth.mean_width());
            let found: Vec<&Match> = OUTCOME.found().filter(of_kind).collect();
            let all = OUTCOME.matches.iter().filter(of_kind).count();
            let mean_of = |of: fn(&Match) -> f64| mean(&found.iter().map(|one| of(one)).collect::<Vec<_>>());
            let (width, length, recall) =
                (mean_of(Match::width_error), mean_of(Match::length_error), mean_of(|m| m.recall));
            println!(
                "{shape:?}, {low}–{high} px: {} of {all} found, recall {recall:.3}, width {width:+.3} px, length {:+.2} %",
                found.len(),
                100.0 * length,
            );
        }
    }
    assert!(!OUTCOME.matches.is_empty());
}
