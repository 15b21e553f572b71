//! Skeletons by the two-pass parallel thinning of Guo and Hall (Communications
//! of the ACM 32, 1989), then stripped of every pixel that is not needed to
//! hold the rest together.

use super::raster::Raster;
use crate::vision::BinaryMask;

/// Steps to the neighbours, clockwise from north; bit `k` of a neighbourhood is the `k`-th.
pub const NEIGHBOURS: [(isize, isize); 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// Marks crack pixels that stand in the list of those at the rim.
const LISTED: u8 = 2;

/// Makes the region one pixel thin; what hangs together stays so, and holes stay open.
pub fn thin(raster: &mut Raster) {
    thin_pixels(&mut raster.pixels, raster.width);
}

/// The one pixel wide skeleton of all regions of `mask`, of the same size.
pub fn skeleton(mask: &BinaryMask) -> BinaryMask {
    let (width, height) = (mask.width as usize, mask.height as usize);
    let stride = width + 2;
    let mut framed = vec![0; stride * (height + 2)];
    for (y, row) in mask.pixels.chunks_exact(width.max(1)).enumerate() {
        let to = &mut framed[(y + 1) * stride + 1..][..width];
        to.iter_mut().zip(row).for_each(|(pixel, &on)| *pixel = u8::from(on));
    }
    thin_pixels(&mut framed, stride);
    let row = |y: usize| framed[(y + 1) * stride + 1..][..width].iter().map(|&pixel| pixel != 0);
    BinaryMask { pixels: (0..height).flat_map(row).collect(), ..*mask }
}

/// Thins rows of `width` whose outermost pixels are background.
fn thin_pixels(pixels: &mut [u8], width: usize) {
    let steps = offsets(width);
    let tables = [pass_table(0), pass_table(1)];
    let mut border: Vec<usize> =
        (0..pixels.len()).filter(|&i| pixels[i] != 0 && bits(pixels, i, &steps) != 0xff).collect();
    for &i in &border {
        pixels[i] |= LISTED;
    }
    let mut idle = 0;
    let mut pass = 0;
    while idle < 2 {
        let (gone, kept): (Vec<usize>, Vec<usize>) =
            border.iter().partition(|&&i| tables[pass][usize::from(bits(pixels, i, &steps))]);
        border = kept;
        for &i in &gone {
            pixels[i] = 0;
        }
        for &i in &gone {
            for step in steps {
                let other = i.wrapping_add_signed(step);
                if pixels[other] == 1 {
                    pixels[other] |= LISTED;
                    border.push(other);
                }
            }
        }
        idle = if gone.is_empty() { idle + 1 } else { 0 };
        pass = 1 - pass;
    }
    for &i in &border {
        pixels[i] &= !LISTED;
    }
    strip(pixels, border, &steps);
}

/// Index steps to the neighbours in rows of `width`.
pub fn offsets(width: usize) -> [isize; 8] {
    NEIGHBOURS.map(|(dx, dy)| dy * width as isize + dx)
}

/// Which of the eight neighbours of pixel `i` are set.
pub fn bits(pixels: &[u8], i: usize, steps: &[isize; 8]) -> u8 {
    steps.iter().enumerate().fold(0, |bits, (k, &step)| bits | (pixels[i.wrapping_add_signed(step)] & 1) << k)
}

/// Removes pixels whose neighbours hang together without them; ends stay.
fn strip(pixels: &mut [u8], mut skeleton: Vec<usize>, steps: &[isize; 8]) {
    skeleton.sort_unstable();
    for i in skeleton {
        let around = bits(pixels, i, steps);
        if around.count_ones() >= 2 && pieces(around) == 1 {
            pixels[i] = 0;
        }
    }
}

/// For each neighbourhood, whether a pixel goes in a pass.
fn pass_table(pass: usize) -> [bool; 256] {
    std::array::from_fn(|around| {
        let p = |k: usize| around >> (k % 8) & 1 == 1;
        let pairs = |first: usize| (0..4).filter(|k| p(2 * k + first) || p(2 * k + first + 1)).count();
        let neighbours = pairs(0).min(pairs(1));
        // Numbered as in the paper, pass 0 looks at east, pass 1 at west.
        let [side, a, b, c] = if pass == 0 { [2, 0, 1, 3] } else { [6, 4, 5, 7] };
        let held = p(side) && (p(a) || p(b) || !p(c));
        pieces(around as u8) == 1 && (2..=3).contains(&neighbours) && !held
    })
}

/// Number of 8-connected pieces among the neighbours, when the pixel itself is gone.
fn pieces(around: u8) -> usize {
    let p = |k: usize| around >> (k % 8) & 1 == 1;
    (0..4).filter(|k| !p(2 * k) && (p(2 * k + 1) || p(2 * k + 2))).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::regions::Run;

    fn thinned(inside: impl Fn(f64, f64) -> bool, side: usize) -> Raster {
        let mut runs = Vec::new();
        for y in 0..side {
            for x in 0..side {
                if inside(x as f64 + 0.5, y as f64 + 0.5) {
                    runs.push(Run { y, from: x, to: x + 1 });
                }
            }
        }
        let mut raster = Raster::new(&runs);
        thin(&mut raster);
        raster
    }

    fn count(raster: &Raster) -> usize {
        raster.pixels.iter().map(|&p| usize::from(p)).sum()
    }

    #[test]
    fn a_bar_becomes_its_middle_line() {
        let raster = thinned(|x, y| (10.0..90.0).contains(&x) && (46.0..55.0).contains(&y), 100);
        let rows: Vec<f64> =
            (0..raster.pixels.len()).filter(|&i| raster.pixels[i] != 0).map(|i| raster.centre(i)[1]).collect();
        assert!((70..=80).contains(&rows.len()), "{} pixels", rows.len());
        assert!(rows.iter().all(|y| (y - 50.5).abs() <= 4.0));
        assert!(rows.iter().filter(|y| (**y - 50.5).abs() <= 1.0).count() >= 70);
    }

    #[test]
    fn a_ring_stays_a_ring_and_a_disc_shrinks_to_a_speck() {
        let distance = |x: f64, y: f64| (x - 50.0).hypot(y - 50.0);
        let ring = thinned(|x, y| (25.0..35.0).contains(&distance(x, y)), 100);
        let steps = offsets(ring.width);
        for i in (0..ring.pixels.len()).filter(|&i| ring.pixels[i] != 0) {
            assert!(bits(&ring.pixels, i, &steps).count_ones() >= 2, "the ring has an end");
        }
        assert!(count(&thinned(|x, y| distance(x, y) < 30.0, 100)) <= 3);
    }

    #[test]
    fn the_skeleton_of_a_mask_reaches_its_edges_and_keeps_regions_apart() {
        let inside = |x: usize, y: usize| (3..6).contains(&y) || (x >= 10 && y == 8);
        let pixels = (0..9 * 20).map(|i| inside(i % 20, i / 20)).collect();
        let lines = skeleton(&BinaryMask { width: 20, height: 9, pixels });
        let rows: Vec<u64> =
            lines.pixels.chunks_exact(20).map(|row| row.iter().map(|&on| u64::from(on)).sum()).collect();
        assert_eq!((lines.width, lines.height, rows[8]), (20, 9, 10), "what is thin already stays");
        assert!((18..=20).contains(&rows[4]) && rows[3] + rows[5] <= 2, "{rows:?}");
    }
}
