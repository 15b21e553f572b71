use proptest::prelude::*;

use super::*;
use crate::net::{InputScale, Model};

/// A network of width 2; the path around it is what is tested here.
fn segmenter(tile: u32, overlap: u32, scale: InputScale) -> Segmenter {
    let bytes = crate::net::tests::small_model(|metadata, _| metadata.input.scale = scale);
    Segmenter::new(Model::from_bytes(&bytes).unwrap(), TileSettings { tile, overlap, mirror: false })
}

fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cutting_and_blending_gives_the_picture_back(width in 1u32..700, height in 1u32..500, early in any::<bool>()) {
        let grid = TileGrid::new(width, height, 128, 32);
        let value = |x: u32, y: u32| ((x * 31 + y * 17) % 101) as f32 / 100.0;
        let tile_of = |index: usize| {
            let (left, top) = grid.tile(index).origin;
            let cells = (0..grid.y.tile).flat_map(|y| (0..grid.x.tile).map(move |x| (x, y)));
            cells.map(|(x, y)| value(left + x, top + y)).collect::<Vec<f32>>()
        };
        let mut blender = Blender::new(&grid);
        let mut order: Vec<usize> = (0..grid.len()).collect();
        if early {
            order.reverse();
        }
        for index in order {
            blender.add(&grid, grid.tile(index), tile_of(index));
        }
        let map = blender.finish();
        for y in 0..height {
            for x in 0..width {
                let found = map.values()[(y * width + x) as usize];
                let expected = ProbabilityMap::quantise(value(x, y));
                prop_assert!(found.abs_diff(expected) <= 1, "at {},{}: {} instead of {}", x, y, found, expected);
            }
        }
    }
}

#[test]
fn any_size_gives_a_map_of_that_size() {
    let segmenter = segmenter(64, 16, InputScale::Native);
    for (width, height) in [(1, 1), (1, 40), (16, 16), (17, 15), (100, 33), (130, 70)] {
        let map = segmenter.segment(photo(width, height), |_, _| {}).unwrap();
        assert_eq!((map.width(), map.height()), (width, height));
    }
}

#[test]
fn with_mirroring_left_and_right_are_treated_alike() {
    let plain = segmenter(64, 16, InputScale::Native);
    let settings = TileSettings { mirror: true, ..plain.tiles };
    let both = Segmenter::new(plain.model.clone(), settings);
    let photo = photo(48, 32);
    let flipped = image::imageops::flip_horizontal(&photo);
    let segment = |with: &Segmenter, photo: &RgbImage| with.segment(photo.clone(), |_, _| {}).unwrap();
    let (map, mirrored) = (segment(&both, &photo), segment(&both, &flipped));
    let rows = map.values().chunks_exact(48).zip(mirrored.values().chunks_exact(48));
    assert!(rows.clone().all(|(row, other)| row.iter().eq(other.iter().rev())));
    assert_ne!(
        map.values(),
        segment(&plain, &photo).values(),
        "an answer that is symmetrical by itself proves nothing"
    );
}

#[test]
fn a_squeezed_model_answers_at_the_size_of_the_photograph() {
    let map = segmenter(64, 16, InputScale::Squeeze(32)).segment(photo(90, 50), |_, _| {}).unwrap();
    assert_eq!((map.width(), map.height()), (90, 50));
}

#[test]
fn the_photograph_comes_back_where_the_network_saw_it_at_its_own_size() {
    for (scale, comes_back) in [(InputScale::Native, true), (InputScale::Squeeze(32), false)] {
        let segmenter = segmenter(64, 16, scale);
        let work = segmenter.start(photo(90, 50));
        let mut blender = Blender::new(&work.grid);
        for index in 0..work.grid.len() {
            let tile = work.grid.tile(index);
            blender.add(&work.grid, tile, segmenter.run_tile(&work, tile).unwrap());
        }
        assert_eq!(work.finish(blender).1, comes_back.then(|| photo(90, 50)), "{scale:?}");
    }
}

#[test]
fn progress_counts_every_tile() {
    let mut seen = Vec::new();
    segmenter(64, 16, InputScale::Native).segment(photo(150, 100), |done, total| seen.push((done, total))).unwrap();
    let total = seen.len();
    assert!(total > 1);
    assert_eq!(seen, (1..=total).map(|done| (done, total)).collect::<Vec<_>>());
}
