//! Procedural photographs of walls and roads with cracks of known geometry.
//!
//! A scene is built the way light meets it: a material paints reflectance and relief
//! (`surface`), cracks grow through it (`crack`), things are left on it
//! (`distractor`), sun and sky fall on the relief (`light`), and a camera records the
//! result (`camera`). The mask is computed from the crack outlines before lens and
//! sensor touch anything.
//!
//! All arithmetic is IEEE `f32` addition, multiplication, division and square root in a
//! fixed order, and the random streams are `ChaCha8`: the same parameters give the same
//! bytes on every machine.

mod bond;
mod camera;
mod crack;
pub mod dataset;
mod distractor;
mod field;
mod fixture;
mod ground;
mod light;
mod math;
mod noise;
mod objects;
pub mod options;
mod pose;
pub mod random;
pub mod samples;
mod seam;
mod stones;
mod surface;
pub mod truth;

pub use crack::{CrackTruth, CrackVertex, Junction};

use camera::Camera;
use clap::ValueEnum;
use crack::Habit;
use crack::dress::Dressing;
use distractor::Distractors;
use field::{Field, Frame};
use ground::Ground;
use image::{GrayImage, RgbImage};
use light::Light;
use pose::Pose;
use random::{Part, Random};
use serde::Serialize;
use std::ops::RangeInclusive;

/// Material of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// Formed, board-marked, trowelled or weathered concrete.
    Concrete,
    /// Road asphalt.
    Asphalt,
    /// Brickwork with mortar joints.
    Brick,
    /// Rendered, usually painted wall.
    Render,
}

impl Surface {
    /// Every material.
    pub const ALL: [Self; 4] = [Self::Concrete, Self::Asphalt, Self::Brick, Self::Render];
}

/// What to render; anything left open is drawn from the seed.
#[derive(Clone, Debug)]
pub struct SceneParams {
    /// Seed of every random choice.
    pub seed: u64,
    /// Width of the picture in pixels, at least 1.
    pub width: u32,
    /// Height of the picture in pixels, at least 1.
    pub height: u32,
    /// Material.
    pub surface: Option<Surface>,
    /// Number of cracks, branches not counted; `0..=0` for an intact surface.
    pub cracks: Option<RangeInclusive<u32>>,
    /// Typical width of cracks in pixels; branches are narrower.
    pub crack_width_px: Option<RangeInclusive<f32>>,
    /// Whether things that are no cracks lie about or run through the surface.
    pub distractors: Option<bool>,
    /// Whether signs, recesses and the foot of a wall are added: what is dark and smooth and no crack.
    pub fixtures: bool,
}

impl SceneParams {
    /// A scene in which the seed decides everything but the size.
    pub fn new(seed: u64, width: u32, height: u32) -> Self {
        Self {
            seed,
            width,
            height,
            surface: None,
            cracks: None,
            crack_width_px: None,
            distractors: None,
            fixtures: false,
        }
    }
}

/// A rendered photograph and what is true of it.
#[derive(Clone, Debug)]
pub struct SyntheticPhoto {
    /// The photograph, sRGB, not compressed.
    pub image: RgbImage,
    /// 255 where at least half of the pixel's area lies inside a crack, else 0.
    pub mask: GrayImage,
    /// Geometry of every crack and branch.
    pub cracks: Vec<CrackTruth>,
    /// Material.
    pub surface: Surface,
}

/// Renders a scene on the calling thread.
pub fn render(params: &SceneParams) -> SyntheticPhoto {
    let frame = Frame { width: params.width.max(1) as usize, height: params.height.max(1) as usize };
    let scene = Scene::new(params, frame);
    let (surface, zoom, pose) = (scene.surface, scene.zoom, &scene.pose);
    let (mut ground, guide) = surface::paint(&mut scene.stream(Part::Surface), surface, frame, zoom, pose);
    scene.age(&mut ground);
    let mut grower = scene.stream(Part::Cracks);
    let cracks = crack::grow(&mut grower, frame, &scene.habit, &guide, pose);
    let coverage = crack::coverage::coverage(frame, &cracks);
    let radiance = scene.light(ground, &cracks, &coverage);
    let mut film = scene.stream(Part::Camera);
    let camera = Camera::new(&mut film);
    SyntheticPhoto { image: camera.expose(&mut film, radiance), mask: mask(&coverage), cracks, surface }
}

/// Choices that concern the whole scene.
struct Scene {
    seed: u64,
    surface: Surface,
    zoom: f32,
    pose: Pose,
    habit: Habit,
    distractors: bool,
    /// None leaves it to the seed.
    seams: Option<bool>,
    fixtures: bool,
}

impl Scene {
    fn new(params: &SceneParams, frame: Frame) -> Self {
        let mut random = Random::new(params.seed, Part::Scene);
        let drawn = random.pick(&[
            Surface::Concrete,
            Surface::Concrete,
            Surface::Asphalt,
            Surface::Asphalt,
            Surface::Brick,
            Surface::Render,
        ]);
        let surface = params.surface.unwrap_or(drawn);
        let size = (frame.width.max(frame.height) as f32 / 1024.0).sqrt().clamp(0.5, 2.5);
        let zoom = size * random.log_range(0.7, 1.5);
        let pose = Pose::handheld(&mut random, frame);
        let habit = habit(&mut random, params, surface, zoom);
        let littered = random.chance(if habit.roots == 0 { 0.6 } else { 0.2 });
        let (distractors, seams) = (params.distractors.unwrap_or(littered), params.distractors);
        let fixtures = params.fixtures;
        Self { seed: params.seed, surface, zoom, pose, habit, distractors, seams, fixtures }
    }

    fn stream(&self, part: Part) -> Random {
        Random::new(self.seed, part)
    }

    /// Adds what is built into the surface or grows on it.
    fn age(&self, ground: &mut Ground) {
        let mut random = self.stream(Part::Seams);
        let seamed = random.chance(if self.habit.roots == 0 { 0.7 } else { 0.25 });
        let overgrown = random.chance(0.16) && matches!(self.surface, Surface::Concrete | Surface::Render);
        if overgrown {
            surface::growth(&mut random, ground, self.zoom);
        }
        if self.seams.unwrap_or(seamed) {
            seam::paint(&mut random, self.surface, ground, self.zoom, &self.pose);
        }
        if self.fixtures {
            fixture::build(&mut self.stream(Part::Recesses), ground, self.zoom, &self.pose);
        }
    }

    /// Dresses the cracks, litters the ground and lights it: linear radiance a channel.
    fn light(&self, mut ground: Ground, cracks: &[CrackTruth], coverage: &Field) -> [Field; 3] {
        let zoom = self.zoom;
        let mut random = self.stream(Part::Dressing);
        let dressing = Dressing::new(&mut random, &ground, cracks, zoom);
        dressing.wear(&mut random, &mut ground, cracks, zoom);

        let mut random = self.stream(Part::Light);
        let light = Light::new(&mut random);
        let mut sun = light::sun_view(&mut random, ground.frame(), &light, zoom);
        let mut objects = Distractors::default();
        if self.distractors {
            let mut random = self.stream(Part::Distractors);
            let place = (&mut ground, &mut sun);
            objects.place(&mut random, self.surface, place, (coverage, &light), zoom);
        }
        if self.fixtures {
            objects.add(fixture::plates(&mut self.stream(Part::Plates), &mut sun, coverage, &light, zoom));
        }
        let irradiance = light.irradiance(&ground.relief, &sun);
        let mut radiance = light::shaded(&ground, &irradiance);
        dressing.fill_in(&mut radiance, &light.flat(&sun), coverage, &light);
        objects.lay(&mut radiance, &irradiance);
        radiance
    }
}

fn habit(random: &mut Random, params: &SceneParams, surface: Surface, zoom: f32) -> Habit {
    let usual = random.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
    let roots = match &params.cracks {
        Some(range) => random.int(*range.start(), (*range.end()).max(*range.start())),
        None => usual,
    };
    let mesh = surface != Surface::Brick && random.chance(0.13);
    let middle = random.log_range(1.6, 15.0) * zoom.sqrt() * if mesh { 0.7 } else { 1.0 };
    let widths = match &params.crack_width_px {
        Some(range) => range.clone(),
        None => middle * 0.8..=middle * 1.25,
    };
    Habit {
        roots: if mesh && roots > 0 && params.cracks.is_none() { roots + 1 } else { roots },
        widths,
        zoom,
        branching: if mesh { 0.55 } else { random.pick(&[0.0, 0.12, 0.25, 0.5]) / zoom },
        mesh,
        roughness: random.range(0.09, 0.155),
        ragged: random.range(0.6, 1.5),
    }
}

fn mask(coverage: &Field) -> GrayImage {
    let bytes = coverage.data.iter().map(|&v| if v >= 0.5 { 255 } else { 0 });
    let (width, height) = (coverage.frame.width as u32, coverage.frame.height as u32);
    GrayImage::from_raw(width, height, bytes.collect()).unwrap_or_else(|| GrayImage::new(width, height))
}

#[cfg(test)]
mod tests;
