//! Skeletons by the two-pass parallel thinning of Guo and Hall (Communications
//! of the ACM 32, 1989), then stripped of every pixel that is not needed to
//! hold the rest together.

use super::raster::Raster;

/// Steps to the neighbours, clockwise from north; bit `k` of a neighbourhood is the `k`-th.
pub const NEIGHBOURS: [(isize, isize); 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// Marks crack pixels that stand in the list of those at the rim.
const LISTED: u8 = 2;

/// Makes the region one pixel thin; what hangs together stays so, and holes stay open.
pub fn thin(raster: &mut Raster) {
    let steps = offsets(raster.width);
    let tables = [pass_table(0), pass_table(1)];
    let mut border: Vec<usize> = (0..raster.pixels.len())
        .filter(|&i| raster.pixels[i] != 0 && bits(&raster.pixels, i, &steps) != 0xff)
        .collect();
    for &i in &border {
        raster.pixels[i] |= LISTED;
    }
    let mut idle = 0;
    let mut pass = 0;
    while idle < 2 {
        let (gone, kept): (Vec<usize>, Vec<usize>) =
            border.iter().partition(|&&i| tables[pass][usize::from(bits(&raster.pixels, i, &steps))]);
        border = kept;
        for &i in &gone {
            raster.pixels[i] = 0;
        }
        for &i in &gone {
            for step in steps {
                let other = i.wrapping_add_signed(step);
                if raster.pixels[other] == 1 {
                    raster.pixels[other] |= LISTED;
                    border.push(other);
                }
            }
        }
        idle = if gone.is_empty() { idle + 1 } else { 0 };
        pass = 1 - pass;
    }
    for &i in &border {
        raster.pixels[i] &= !LISTED;
    }
    strip(raster, border, &steps);
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
fn strip(raster: &mut Raster, mut skeleton: Vec<usize>, steps: &[isize; 8]) {
    skeleton.sort_unstable();
    for i in skeleton {
        let around = bits(&raster.pixels, i, steps);
        if around.count_ones() >= 2 && pieces(around) == 1 {
            raster.pixels[i] = 0;
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
}
