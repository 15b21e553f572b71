//! Which crops make a batch: a function of (seed, epoch, index) alone.

use std::sync::Arc;

use rayon::prelude::*;

use super::crop::Crop;
use super::light;
use super::params::TrainParams;
use super::photos::LabelledPhoto;
use crate::net::InputSpec;
use crate::segment::normalised_tile;
use crate::synth::random::Random;

/// Sets the draws of the order and of the crops apart.
const ORDER: u64 = 0x0D;
const CROPS: u64 = 0xC0;

/// The input of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// Normalised crops, `[B, 3, side, side]`.
    pub input: Vec<f32>,
    /// Their masks, `[B, side, side]`, 0 or 1.
    pub targets: Vec<f32>,
}

/// Draws the crops of an epoch.
#[derive(Debug)]
pub struct Sampler<'a> {
    photos: &'a [Arc<LabelledPhoto>],
    params: &'a TrainParams,
    input: InputSpec,
    epoch: u32,
    order: Vec<usize>,
}

/// Steps of an epoch: those that the crops of all photographs fill, at least one.
pub fn steps_per_epoch(photos: usize, params: &TrainParams) -> u64 {
    (photos as u64 * u64::from(params.crops_per_photo) / params.batch as u64).max(1)
}

impl<'a> Sampler<'a> {
    /// The crops of `epoch`: every photograph is seen once before one is seen again.
    pub fn new(photos: &'a [Arc<LabelledPhoto>], params: &'a TrainParams, input: InputSpec, epoch: u32) -> Self {
        let crops = steps_per_epoch(photos.len(), params) as usize * params.batch;
        let rounds = crops.div_ceil(photos.len()) as u64;
        let order = (0..rounds).flat_map(|round| permutation(photos.len(), params.seed, epoch, round)).collect();
        Self { photos, params, input, epoch, order }
    }

    /// The batch of a step, counted from 0 in its epoch; computed on all threads.
    pub fn batch(&self, step: u64) -> Samples {
        let first = step as usize * self.params.batch;
        let pixels = (self.params.crop * self.params.crop) as usize;
        let mut input = vec![0.0; self.params.batch * 3 * pixels];
        let mut targets = vec![0.0; self.params.batch * pixels];
        let places = input.par_chunks_mut(3 * pixels).zip(targets.par_chunks_mut(pixels)).enumerate();
        places.with_max_len(1).for_each(|(index, (input, targets))| {
            let (values, mask) = self.crop(first + index);
            input.copy_from_slice(&values);
            targets.copy_from_slice(&mask);
        });
        Samples { input, targets }
    }

    fn crop(&self, index: usize) -> (Vec<f32>, Vec<f32>) {
        let TrainParams { crop: side, augment, seed, .. } = *self.params;
        let photo = &self.photos[self.order[index]];
        let mut random = Random::keyed([seed, u64::from(self.epoch), index as u64, CROPS]);
        let (mut image, mask) = Crop::draw(&mut random, photo, side, augment).cut(photo);
        if augment {
            image = light::change(&mut random, image);
        }
        (normalised_tile(&image, (0, 0), (side, side), &self.input), mask)
    }
}

/// Fisher and Yates's shuffle.
fn permutation(count: usize, seed: u64, epoch: u32, round: u64) -> Vec<usize> {
    let mut random = Random::keyed([seed, u64::from(epoch), round, ORDER]);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, random.int(0, last as u32) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::InputScale;
    use crate::vision::BinaryMask;
    use image::{Rgb, RgbImage};

    const INPUT: InputSpec = InputSpec { mean: [0.5; 3], scale: InputScale::Native, std: [0.25; 3] };

    fn photos(count: u8) -> Vec<Arc<LabelledPhoto>> {
        let photo = |i: u8| {
            let mask = BinaryMask { width: 40, height: 30, pixels: (0..1200).map(|at| at % 97 == 0).collect() };
            Arc::new(LabelledPhoto::new(RgbImage::from_pixel(40, 30, Rgb([i * 20, 100, 50])), mask))
        };
        (0..count).map(photo).collect()
    }

    fn params(augment: bool) -> TrainParams {
        TrainParams {
            batch: 3,
            crop: 32,
            crops_per_photo: 2,
            augment,
            ..TrainParams::parse(None, crate::training::RECIPE).unwrap()
        }
    }

    #[test]
    fn a_batch_depends_on_seed_epoch_and_step_alone() {
        let (photos, params) = (photos(5), params(true));
        let batch = |epoch, step| Sampler::new(&photos, &params, INPUT, epoch).batch(step);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(batch(2, 1), pool.install(|| batch(2, 1)));
        assert_ne!(batch(2, 1), batch(2, 0));
        assert_ne!(batch(2, 1), batch(3, 1));
        let other = TrainParams { seed: 9, ..params.clone() };
        assert_ne!(batch(2, 1), Sampler::new(&photos, &other, INPUT, 2).batch(1));
    }

    #[test]
    fn an_epoch_sees_every_photograph_equally_often() {
        let (photos, params) = (photos(9), params(false));
        let sampler = Sampler::new(&photos, &params, INPUT, 0);
        let mut seen = [0; 9];
        for step in 0..steps_per_epoch(9, &params) {
            for crop in sampler.batch(step).input.chunks_exact(3 * 32 * 32) {
                seen[((crop[0] * 0.25 + 0.5) * 255.0 / 20.0).round() as usize] += 1;
            }
        }
        assert_eq!(seen, [2; 9]);
        assert_eq!(steps_per_epoch(1, &params), 1, "few photographs still make a batch");
        Sampler::new(&photos[..1], &params, INPUT, 0).batch(0);
    }
}
