//! A contact sheet: the photographs that a model finds best and worst.
//!
//! It shows photographs of the data folder, so their licence holds for it, too.

use std::cmp::Ordering;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use serde::Serialize;

use super::Judged;

/// Photographs on each side.
const EACH: usize = 6;
/// Largest size of a picture on the sheet, in pixels.
const CELL_PX: (u32, u32) = (400, 300);
/// Between pictures, and between the two sides.
const GAP_PX: (u32, u32) = (8, 40);
const PAPER: Rgb<u8> = Rgb([245, 245, 245]);
const RIGHT: [u8; 3] = [40, 200, 90];
const FALSE: [u8; 3] = [235, 50, 45];
const MISSED: [u8; 3] = [50, 120, 255];

/// The best and worst photographs so far, by F1.
#[derive(Debug, Default)]
pub struct ContactSheet {
    best: Vec<Entry>,
    worst: Vec<Entry>,
}

/// What stands where on the sheet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Legend {
    /// What the four columns and the colours are.
    pub explanation: &'static str,
    /// The two columns on the left, from the top.
    pub best: Vec<LegendRow>,
    /// The two columns on the right, from the top.
    pub worst: Vec<LegendRow>,
}

/// A photograph on the sheet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegendRow {
    /// Counted from 1.
    pub row: usize,
    /// Name without ending.
    pub stem: String,
    /// Pixel-exact F1.
    pub f1: f64,
}

const EXPLANATION: &str = "From the left: best photographs, what was found of them, worst photographs, what was found of \
                           them. Green: crack, found. Red: background, taken for crack. Blue: crack, missed.";

#[derive(Debug, Clone)]
struct Entry {
    stem: String,
    f1: f64,
    label_pixels: u64,
    /// Photograph and overlay.
    pictures: [RgbImage; 2],
}

impl ContactSheet {
    /// Keeps the photograph if it is among the best or the worst; where nothing is to be seen and nothing was found, never.
    pub fn add(&mut self, judged: Judged) {
        let pixels = &judged.totals.pixels;
        if pixels.labelled() + pixels.predicted() == 0 {
            return;
        }
        let (f1, label_pixels) = (judged.totals.f1(), pixels.labelled());
        let place = |list: &[Entry], order: fn(f64, f64) -> Ordering| {
            // Of equals, those with more crack stand first: there is more to see.
            let before =
                |entry: &Entry| order(entry.f1, f1).then(label_pixels.cmp(&entry.label_pixels)) != Ordering::Greater;
            Some(list.partition_point(before)).filter(|&at| at < EACH)
        };
        let (best, worst) = (place(&self.best, |a, b| b.total_cmp(&a)), place(&self.worst, |a, b| a.total_cmp(&b)));
        if best.is_none() && worst.is_none() {
            return;
        }
        let pictures = [fitted(judged.photo), fitted(&overlay(judged))];
        let entry = Entry { stem: judged.stem.to_owned(), f1, label_pixels, pictures };
        for (list, at) in [(&mut self.worst, worst), (&mut self.best, best)] {
            if let Some(at) = at {
                list.insert(at, entry.clone());
                list.truncate(EACH);
            }
        }
    }

    /// The sheet and what stands where; none of the best is shown among the worst again.
    pub fn draw(self) -> (RgbImage, Legend) {
        let Self { best, mut worst } = self;
        worst.retain(|entry| best.iter().all(|shown| shown.stem != entry.stem));
        let rows = best.len().max(worst.len()).max(1) as u32;
        let width = 4 * CELL_PX.0 + 4 * GAP_PX.0 + GAP_PX.1;
        let mut sheet = RgbImage::from_pixel(width, rows * (CELL_PX.1 + GAP_PX.0) + GAP_PX.0, PAPER);
        let side = 2 * (CELL_PX.0 + GAP_PX.0);
        for (list, left) in [(&best, GAP_PX.0), (&worst, side + GAP_PX.1)] {
            for (row, entry) in (0..).zip(list) {
                for (column, picture) in (0..).zip(&entry.pictures) {
                    let x = left + column * (CELL_PX.0 + GAP_PX.0) + (CELL_PX.0 - picture.width()) / 2;
                    let y = GAP_PX.0 + row * (CELL_PX.1 + GAP_PX.0) + (CELL_PX.1 - picture.height()) / 2;
                    imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
                }
            }
        }
        let legend = |list: Vec<Entry>| -> Vec<LegendRow> {
            (1..).zip(list).map(|(row, entry)| LegendRow { row, stem: entry.stem, f1: entry.f1 }).collect()
        };
        (sheet, Legend { explanation: EXPLANATION, best: legend(best), worst: legend(worst) })
    }
}

/// The photograph in dim grey, with what was right, false and missed.
fn overlay(judged: Judged) -> RgbImage {
    let mut picture = judged.photo.clone();
    let truth = judged.predicted.pixels.iter().zip(&judged.label.pixels);
    for (pixel, (&predicted, &label)) in picture.pixels_mut().zip(truth) {
        pixel.0 = match (predicted, label) {
            (true, true) => RIGHT,
            (true, false) => FALSE,
            (false, true) => MISSED,
            (false, false) => [(pixel.0.iter().map(|&v| u16::from(v)).sum::<u16>() / 6) as u8; 3],
        };
    }
    picture
}

/// `picture` in the largest size of its shape that fits a cell.
fn fitted(picture: &RgbImage) -> RgbImage {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = (f64::from(CELL_PX.0) / width).min(f64::from(CELL_PX.1) / height);
    let side = |length: f64, most: u32| ((length * scale).round() as u32).clamp(1, most);
    imageops::resize(picture, side(width, CELL_PX.0), side(height, CELL_PX.1), FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Totals;
    use crate::vision::BinaryMask;

    /// A photograph of 40 × 30 with ten labelled pixels, of which `found` are predicted.
    fn add(sheet: &mut ContactSheet, stem: &str, found: usize) {
        let mask = |count: usize| BinaryMask { width: 40, height: 30, pixels: (0..1200).map(|i| i < count).collect() };
        let (label, predicted) = (mask(10), mask(found));
        let photo = RgbImage::from_pixel(40, 30, Rgb([90, 90, 90]));
        let totals = Totals::of(&predicted, &label, 2);
        sheet.add(Judged { stem, photo: &photo, label: &label, predicted: &predicted, totals: &totals });
    }

    #[test]
    fn the_best_and_the_worst_are_kept_in_order() {
        let mut sheet = ContactSheet::default();
        let found = [3, 9, 1, 7, 10, 0, 5, 2, 8, 4, 6, 9, 3, 1];
        for (number, &found) in found.iter().enumerate() {
            add(&mut sheet, &format!("{number}"), found);
        }
        let (picture, legend) = sheet.draw();
        let stems = |rows: &[LegendRow]| rows.iter().map(|row| row.stem.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((stems(&legend.best), stems(&legend.worst)), ("4 1 11 8 3 10".into(), "5 2 13 7 0 12".into()));
        assert_eq!((legend.best[0].f1, legend.worst[0].f1, legend.worst[5].row), (1.0, 0.0, 6));
        assert_eq!(picture.dimensions(), (1672, 1856));
        // The first pixel of the first overlay was found, that of the worst was missed.
        let at = |x: u32| picture.get_pixel(x, 8).0;
        assert_eq!((at(8), at(416), at(824 + 40), at(1232 + 40)), ([90; 3], RIGHT, [90; 3], MISSED));
    }

    #[test]
    fn few_photographs_are_shown_once_and_empty_ones_never() {
        let mut sheet = ContactSheet::default();
        add(&mut sheet, "one", 5);
        let empty = BinaryMask { width: 40, height: 30, pixels: vec![false; 1200] };
        let (photo, totals) = (RgbImage::new(40, 30), Totals::of(&empty, &empty, 2));
        sheet.add(Judged { stem: "no", photo: &photo, label: &empty, predicted: &empty, totals: &totals });
        let (picture, legend) = sheet.draw();
        assert_eq!((legend.best.len(), legend.worst.len(), picture.height()), (1, 0, 316));
    }
}
