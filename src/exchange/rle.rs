//! COCO's run lengths: column by column, background first, as a list or as pycocotools' text.

use serde::{Deserialize, Serialize};

use super::coco::CocoError;
use crate::vision::BinaryMask;

/// A mask as COCO writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rle {
    /// Height and width in pixels.
    pub size: [u32; 2],
    /// Lengths of runs, background and crack in turn.
    pub counts: Counts,
}

/// Lengths of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Counts {
    /// Six bits a character, each length less the one two before it.
    Text(String),
    /// As numbers.
    Numbers(Vec<u32>),
}

impl Rle {
    /// The run lengths of `mask`, as text.
    pub fn of(mask: &BinaryMask) -> Self {
        Self { size: [mask.height, mask.width], counts: Counts::Text(to_text(&lengths(mask))) }
    }

    /// Marks what the runs mark in `mask`.
    ///
    /// # Errors
    /// If the sizes differ, the text is no run lengths, or they do not add up to the mask.
    pub fn mark(&self, mask: &mut BinaryMask) -> Result<(), CocoError> {
        let [height, width] = self.size;
        if (width, height) != (mask.width, mask.height) {
            return Err(CocoError::Size { rle: (width, height), photo: (mask.width, mask.height) });
        }
        let pixels = u64::from(width) * u64::from(height);
        let lengths = match &self.counts {
            Counts::Text(text) => from_text(text, pixels)?,
            Counts::Numbers(numbers) => numbers.iter().map(|&n| u64::from(n)).collect(),
        };
        let sum = lengths.iter().fold(0_u64, |sum, &n| sum.saturating_add(n));
        if sum != pixels {
            return Err(CocoError::RunLengths(format!("they add up to {sum} of {pixels} pixels")));
        }
        let mut at = 0;
        for (i, length) in lengths.into_iter().enumerate() {
            if i % 2 == 1 {
                mark_columns(mask, at, at + length);
            }
            at += length;
        }
        Ok(())
    }
}

/// Marks pixels `from..to`, counted column by column.
pub fn mark_columns(mask: &mut BinaryMask, from: u64, to: u64) {
    let (width, height) = (mask.width as usize, u64::from(mask.height));
    for at in from..to {
        mask.pixels[(at % height) as usize * width + (at / height) as usize] = true;
    }
}

fn lengths(mask: &BinaryMask) -> Vec<u64> {
    let (width, height) = (mask.width as usize, mask.height as usize);
    let (mut lengths, mut length, mut marked) = (Vec::new(), 0, false);
    for x in 0..width {
        for y in 0..height {
            if mask.pixels[y * width + x] != marked {
                lengths.push(length);
                (length, marked) = (0, !marked);
            }
            length += 1;
        }
    }
    lengths.push(length);
    lengths
}

/// Least character of the text; six bits are added to it.
const BASE: u8 = 48;
/// Set in a character that another follows.
const MORE: i64 = 0x20;

fn to_text(lengths: &[u64]) -> String {
    let mut text = String::new();
    for (i, &length) in lengths.iter().enumerate() {
        let mut rest = length as i64 - if i > 2 { lengths[i - 2] as i64 } else { 0 };
        loop {
            let low = rest & 0x1f;
            rest >>= 5;
            // The highest of the five bits is the sign once nothing but sign is left.
            let done = rest == if low & 0x10 == 0 { 0 } else { -1 };
            text.push(char::from(BASE + (low | if done { 0 } else { MORE }) as u8));
            if done {
                break;
            }
        }
    }
    text
}

fn from_text(text: &str, pixels: u64) -> Result<Vec<u64>, CocoError> {
    /// Characters of a number: 7 × 5 bits hold any count of pixels.
    const MOST: u32 = 7;
    let wrong = |problem: &str| CocoError::RunLengths(problem.into());
    let mut lengths: Vec<u64> = Vec::new();
    let (mut value, mut position) = (0_i64, 0);
    for byte in text.bytes() {
        let bits =
            byte.checked_sub(BASE).filter(|bits| *bits < 64).ok_or_else(|| wrong("a character is none of theirs"))?;
        if position == MOST {
            return Err(wrong("a number does not end"));
        }
        value |= (i64::from(bits) & 0x1f) << (5 * position);
        position += 1;
        if i64::from(bits) & MORE != 0 {
            continue;
        }
        if bits & 0x10 != 0 {
            value |= -1 << (5 * position);
        }
        let before = if lengths.len() > 2 { lengths[lengths.len() - 2] as i64 } else { 0 };
        let length = u64::try_from(value + before).ok().filter(|length| *length <= pixels);
        lengths.push(length.ok_or_else(|| wrong("a run is longer than the mask, or shorter than nothing"))?);
        (value, position) = (0, 0);
    }
    if position == 0 { Ok(lengths) } else { Err(wrong("the text is cut off")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn empty(width: u32, height: u32) -> BinaryMask {
        BinaryMask { width, height, pixels: vec![false; (width * height) as usize] }
    }

    /// Written by pycocotools 2.0.11.
    #[test]
    fn the_text_is_that_of_pycocotools() {
        let mut mask = empty(5, 4);
        for at in [1, 2, 6, 7, 13, 19] {
            mask.pixels[at] = true;
        }
        let rle = Rle::of(&mask);
        assert_eq!((rle.size, rle.counts), ([4, 5], Counts::Text("42202O00".into())));
        let all = BinaryMask { pixels: vec![true; 20], ..empty(5, 4) };
        assert_eq!(Rle::of(&all).counts, Counts::Text("0d0".into()));
        assert_eq!(Rle::of(&empty(5, 4)).counts, Counts::Text("d0".into()));
    }

    proptest! {
        #[test]
        fn runs_give_the_mask_back(width in 1..40_u32, pixels in prop::collection::vec(any::<bool>(), 40..400)) {
            let height = pixels.len() as u32 / width;
            let mask = BinaryMask { width, height, pixels: pixels[..(width * height) as usize].to_vec() };
            let mut back = empty(width, height);
            Rle::of(&mask).mark(&mut back).unwrap();
            prop_assert_eq!(&back, &mask);
            let mut listed = empty(width, height);
            let numbers = lengths(&mask).into_iter().map(|n| n as u32).collect();
            Rle { size: [height, width], counts: Counts::Numbers(numbers) }.mark(&mut listed).unwrap();
            prop_assert_eq!(listed, mask);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[!-~]{0,40}") {
            let _ = Rle { size: [30, 20], counts: Counts::Text(text) }.mark(&mut empty(20, 30));
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for counts in [Counts::Numbers(vec![3, 4]), Counts::Numbers(vec![u32::MAX, u32::MAX]), Counts::Text("P".into())]
        {
            assert!(matches!(Rle { size: [4, 5], counts }.mark(&mut empty(5, 4)), Err(CocoError::RunLengths(_))));
        }
        let rle = Rle { size: [5, 4], counts: Counts::Numbers(vec![20]) };
        assert!(matches!(rle.mark(&mut empty(5, 4)), Err(CocoError::Size { .. })));
    }
}
