//! Crack or no crack: of whole photographs, and false alarms on crack-free tiles.

use std::ops::AddAssign;

use super::ConfusionCounts;
use crate::vision::BinaryMask;

/// Predicted pixels from which on a photograph, or a tile, counts as cracked.
pub const ALARM_PX: u64 = 50;
/// Side of a tile in pixels.
pub const TILE_PX: u32 = 256;
/// From one tile to the next: they overlap by half, because photographs have few whole ones side by side.
const STEP_PX: u32 = 128;

/// What was predicted on tiles without a labelled pixel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TileCounts {
    /// Crack-free tiles.
    pub tiles: u64,
    /// Those with at least [`ALARM_PX`] predicted pixels.
    pub alarms: u64,
    /// Predicted pixels on all of them.
    pub crack_pixels: u64,
}

impl TileCounts {
    /// Looks at all whole tiles of [`TILE_PX`] on a grid of half that step from the upper left corner.
    pub fn of(predicted: &BinaryMask, label: &BinaryMask) -> Self {
        let mut counts = Self::default();
        let starts = |side: u32| (0..(side + 1).saturating_sub(TILE_PX)).step_by(STEP_PX as usize);
        for top in starts(label.height) {
            for left in starts(label.width) {
                let corner = (left, top);
                if count(label, corner) == 0 {
                    let crack_pixels = count(predicted, corner);
                    counts += Self { tiles: 1, alarms: u64::from(crack_pixels >= ALARM_PX), crack_pixels };
                }
            }
        }
        counts
    }

    /// Share of tiles with an alarm, of none without tiles.
    pub fn alarm_share(&self) -> Option<f64> {
        (self.tiles > 0).then(|| self.alarms as f64 / self.tiles as f64)
    }

    /// Share of their area that was taken for crack, of none without tiles.
    pub fn area_share(&self) -> Option<f64> {
        let area = self.tiles as f64 * f64::from(TILE_PX * TILE_PX);
        (self.tiles > 0).then(|| self.crack_pixels as f64 / area)
    }
}

impl AddAssign for TileCounts {
    fn add_assign(&mut self, other: Self) {
        self.tiles += other.tiles;
        self.alarms += other.alarms;
        self.crack_pixels += other.crack_pixels;
    }
}

/// Crack pixels of the tile at `corner`.
fn count(mask: &BinaryMask, (left, top): (u32, u32)) -> u64 {
    let row = |y: u32| &mask.pixels[(y * mask.width + left) as usize..][..TILE_PX as usize];
    (top..top + TILE_PX).flat_map(row).map(|&on| u64::from(on)).sum()
}

/// Whether the photograph as a whole was judged right.
pub fn decision(pixels: &ConfusionCounts) -> ConfusionCounts {
    ConfusionCounts::one(pixels.predicted() >= ALARM_PX, pixels.labelled() > 0)
}

/// The 95 % interval of a share by Wilson (1927).
pub fn wilson(part: u64, whole: u64) -> Option<[f64; 2]> {
    const Z: f64 = 1.959_964;
    let n = (whole > 0).then_some(whole as f64)?;
    let share = part as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Rounding must not take the ends out of what a share can be.
    Some([((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(width: u32, height: u32, on: &[(u32, u32, u32)]) -> BinaryMask {
        let mut pixels = vec![false; (width * height) as usize];
        for &(x, y, count) in on {
            pixels[(y * width + x) as usize..][..count as usize].fill(true);
        }
        BinaryMask { width, height, pixels }
    }

    #[test]
    fn only_whole_tiles_without_label_count_and_fifty_pixels_are_an_alarm() {
        // Five by three tiles, and a rim that belongs to none.
        let label = mask(800, 600, &[(300, 10, 1), (790, 590, 5)]);
        let predicted = mask(800, 600, &[(300, 20, 90), (0, 0, 49), (255, 255, 1), (600, 300, 49), (780, 10, 20)]);
        let counts = TileCounts::of(&predicted, &label);
        assert_eq!(counts, TileCounts { tiles: 13, alarms: 1, crack_pixels: 236 });
        assert_eq!(counts.alarm_share(), Some(1.0 / 13.0));
        assert_eq!(counts.area_share(), Some(236.0 / (13.0 * 65_536.0)));
        let small = TileCounts::of(&mask(255, 900, &[]), &mask(255, 900, &[]));
        assert_eq!((small.tiles, small.alarm_share(), small.area_share()), (0, None, None));
    }

    #[test]
    fn a_photograph_is_cracked_by_one_labelled_or_fifty_predicted_pixels() {
        let judged = |true_positive, false_positive, false_negative| {
            decision(&ConfusionCounts { true_positive, false_positive, false_negative, true_negative: 1000 })
        };
        assert_eq!(judged(1, 49, 0), ConfusionCounts::one(true, true));
        assert_eq!(judged(1, 48, 0), ConfusionCounts::one(false, true));
        assert_eq!(judged(0, 50, 0), ConfusionCounts::one(true, false));
        assert_eq!(judged(0, 49, 0), ConfusionCounts::one(false, false));
        assert_eq!(judged(0, 0, 1), ConfusionCounts::one(false, true));
    }

    #[test]
    fn intervals_of_shares_as_in_the_literature() {
        // Newcombe (1998), table I, Wilson's method without continuity correction.
        for (part, whole, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)] {
            let [found_low, found_high] = wilson(part, whole).unwrap();
            assert!((found_low - low).abs() < 5e-5 && (found_high - high).abs() < 5e-5, "{found_low} {found_high}");
        }
        assert_eq!(wilson(0, 0), None);
    }
}
