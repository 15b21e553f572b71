//! Rendered cracks beside what was measured on them.

use hairline::measure::{self, CentrePoint, CrackMeasurement, CrackSurvey, Estimate};
use hairline::vision::{BinaryMask, ProbabilityMap};
use rayon::prelude::*;

use super::dice::Dice;
use super::renderer::Scene;
use super::shapes::{Crack, Profile, SINGLE, Shape, Station, distance};

/// Beyond half the width, a centre line this far away is another's.
const NEAR_PX: f64 = 3.0;
/// Local widths are read at every so many stations.
const EVERY: usize = 4;

/// One crack on its frame, and the survey of it.
pub struct Case {
    pub seed: u64,
    pub scene: Scene,
    pub profile: Profile,
    pub found: CrackSurvey,
}

impl Case {
    pub fn crack(&self) -> &Crack {
        &self.scene.cracks[0]
    }

    pub fn found_length(&self) -> f64 {
        self.found.total_length_px()
    }

    pub fn width_error(&self) -> f64 {
        mean_width(&self.found.cracks) - self.crack().mean_width()
    }

    /// Error of the length as a share of it.
    pub fn length_error(&self) -> f64 {
        self.found_length() / self.crack().length() - 1.0
    }

    /// Errors of local widths away from ends and junctions; what was not found counts with all its width.
    pub fn local_errors(&self) -> Vec<f64> {
        let points = centre_points(&self.found);
        let error = |station: &Station| near(&points, station).map_or(-station.width, |p| p.width_px - station.width);
        self.crack().clear_stations().step_by(EVERY).map(error).collect()
    }

    /// The interval that `of` names, if exactly one crack was found.
    pub fn interval(&self, of: fn(&CrackMeasurement) -> Estimate) -> Option<Estimate> {
        if let [only] = self.found.cracks.as_slice() { Some(of(only)) } else { None }
    }
}

/// Mean width of all that was found, weighted by length; 0 if nothing was.
pub fn mean_width(found: &[CrackMeasurement]) -> f64 {
    let length: f64 = found.iter().map(|crack| crack.length_px.value).sum();
    let sum: f64 = found.iter().map(|crack| crack.length_px.value * crack.width_mean_px.value).sum();
    if length > 0.0 { sum / length } else { 0.0 }
}

pub fn centre_points(survey: &CrackSurvey) -> Vec<CentrePoint> {
    survey.cracks.iter().flat_map(|crack| &crack.branches).flat_map(|branch| &branch.points).copied().collect()
}

/// The found point nearest to `station`, if it can be the same crack's.
pub fn near<'a>(points: &'a [CentrePoint], station: &Station) -> Option<&'a CentrePoint> {
    let away = |p: &&CentrePoint| distance([p.x, p.y], station.at);
    let nearest = points.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
    (away(&nearest) <= NEAR_PX + 0.5 * station.width).then_some(nearest)
}

/// A width profile whose widths stay between 3 and 20 px, but for tapers.
pub fn any_profile(dice: &mut Dice) -> Profile {
    let profile = if dice.chance(0.5) {
        Profile::constant(dice.between(3.0, 20.0))
    } else {
        let mean = dice.between(3.0 / 0.65, 20.0 / 1.35);
        Profile::varying(dice, mean)
    };
    if dice.chance(0.4) { profile.tapered(dice) } else { profile }
}

/// A length that suits a width: long enough that the ends do not rule.
pub fn any_length(dice: &mut Dice, width: f64) -> f64 {
    dice.between(12.0, 22.0) * width + dice.between(80.0, 200.0)
}

pub fn any_shape(dice: &mut Dice) -> Shape {
    dice.one_of(&[SINGLE.as_slice(), &[Shape::Branched]].concat())
}

/// A scene with one crack, drawn from `seed`.
pub fn single(seed: u64, shape: fn(&mut Dice) -> Shape, profile: fn(&mut Dice) -> Profile) -> (Scene, Profile) {
    let mut dice = Dice::new(seed, 0);
    let (shape, profile) = (shape(&mut dice), profile(&mut dice));
    let length = any_length(&mut dice, profile.width);
    let crack = Crack::draw(&mut dice, shape, length, profile);
    (Scene::around(&mut dice, crack), profile)
}

/// Surveys of the true masks of `count` cracks, from `first` on.
pub fn from_masks(
    first: u64,
    count: u64,
    shape: fn(&mut Dice) -> Shape,
    profile: fn(&mut Dice) -> Profile,
) -> Vec<Case> {
    let one = |seed| {
        let (scene, profile) = single(seed, shape, profile);
        let found = measure::survey_mask(&scene.mask());
        Case { seed, scene, profile, found }
    };
    (first..first + count).into_par_iter().map(one).collect()
}

/// What a perfect network would answer: the true mask with edges as soft as lets a tip of one pixel live.
pub fn soft_map(mask: &BinaryMask) -> ProbabilityMap {
    const WEIGHTS: [i32; 3] = [1, 4, 1];
    let (width, height) = (mask.width as i32, mask.height as i32);
    let at = |x: i32, y: i32| {
        let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
        i32::from(mask.pixels[(y * width + x) as usize])
    };
    let value = |i: i32| {
        let (x, y) = (i % width, i / width);
        let row = |dy: i32| (-1..=1).map(|dx| WEIGHTS[(dx + 1) as usize] * at(x + dx, y + dy)).sum::<i32>();
        let sum: i32 = (-1..=1).map(|dy| WEIGHTS[(dy + 1) as usize] * row(dy)).sum();
        ProbabilityMap::quantise(sum as f32 / 36.0)
    };
    ProbabilityMap::new(mask.width, mask.height, (0..width * height).map(value).collect())
}
