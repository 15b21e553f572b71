//! What may be asked of a data folder of drawn photographs.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::Surface;

/// Sides of a drawn photograph in pixels; drawing takes about 70 bytes of memory a pixel, on each core.
pub const SIDES_PX: RangeInclusive<u32> = 64..=4096;
/// Typical widths of cracks in pixels: from what a camera just shows to the widest that is drawn.
pub const WIDTHS_PX: RangeInclusive<f32> = 0.5..=18.0;

/// Why an option is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptionError {
    /// Not two numbers with an `x` between.
    #[error("the size `{0}` is not WIDTHxHEIGHT in pixels, such as 640x480")]
    NoSize(String),
    /// A side is too small or too large.
    #[error("the {name} of {px} px is not within {}..={} px", SIDES_PX.start(), SIDES_PX.end())]
    Side {
        /// `width` or `height`.
        name: &'static str,
        /// The side in pixels.
        px: u32,
    },
    /// Not two numbers with `..` between.
    #[error("the crack widths `{0}` are not A..B in pixels, such as 1.5..6")]
    NoWidths(String),
    /// A width is too small or too large, or the first is above the second.
    #[error("the crack widths {low}..{high} px are not two ascending numbers within {}..={} px", WIDTHS_PX.start(), WIDTHS_PX.end())]
    Widths {
        /// First width in pixels.
        low: f32,
        /// Second width in pixels.
        high: f32,
    },
}

/// Size of the photographs, within [`SIDES_PX`]; written `WIDTHxHEIGHT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width_px: u32,
    height_px: u32,
}

impl Size {
    /// A size in pixels.
    ///
    /// # Errors
    /// If a side is outside [`SIDES_PX`].
    pub fn new(width_px: u32, height_px: u32) -> Result<Self, OptionError> {
        for (name, px) in [("width", width_px), ("height", height_px)] {
            if !SIDES_PX.contains(&px) {
                return Err(OptionError::Side { name, px });
            }
        }
        Ok(Self { width_px, height_px })
    }

    /// Width and height in pixels.
    pub fn sides_px(self) -> (u32, u32) {
        (self.width_px, self.height_px)
    }
}

impl Default for Size {
    fn default() -> Self {
        Self { width_px: 640, height_px: 480 }
    }
}

impl FromStr for Size {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || OptionError::NoSize(text.to_owned());
        let (width, height) = text.split_once('x').ok_or_else(refused)?;
        Self::new(width.parse().map_err(|_| refused())?, height.parse().map_err(|_| refused())?)
    }
}

/// Typical widths of cracks, within [`WIDTHS_PX`]; written `A..B`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrackWidths {
    low_px: f32,
    high_px: f32,
}

impl CrackWidths {
    /// From one width to another, in pixels.
    ///
    /// # Errors
    /// If one is outside [`WIDTHS_PX`] or the first exceeds the second.
    pub fn new(low_px: f32, high_px: f32) -> Result<Self, OptionError> {
        if low_px <= high_px && WIDTHS_PX.contains(&low_px) && WIDTHS_PX.contains(&high_px) {
            return Ok(Self { low_px, high_px });
        }
        Err(OptionError::Widths { low: low_px, high: high_px })
    }

    /// The widths in pixels.
    pub fn range_px(self) -> RangeInclusive<f32> {
        self.low_px..=self.high_px
    }
}

impl FromStr for CrackWidths {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || OptionError::NoWidths(text.to_owned());
        let (low, high) = text.split_once("..").ok_or_else(refused)?;
        Self::new(low.parse().map_err(|_| refused())?, high.parse().map_err(|_| refused())?)
    }
}

/// How a data folder is drawn; what is left open is drawn from the seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct DatasetOptions {
    /// Number of photographs.
    pub count: u32,
    /// Equal seeds give equal photographs.
    pub seed: u32,
    /// Size of the photographs.
    pub size: Size,
    /// Material of all of them.
    pub surface: Option<Surface>,
    /// Typical widths of their cracks; branches are narrower, tips taper.
    pub widths: Option<CrackWidths>,
    /// Whether signs, recesses and the foot of a wall are added.
    pub fixtures: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_limits_and_name_them() {
        assert_eq!("64x4096".parse(), Size::new(64, 4096));
        assert_eq!("640x480".parse(), Ok(Size::default()));
        for (text, error) in [
            ("63x480", OptionError::Side { name: "width", px: 63 }),
            ("640x4097", OptionError::Side { name: "height", px: 4097 }),
            ("640", OptionError::NoSize("640".into())),
            ("640x-1", OptionError::NoSize("640x-1".into())),
            ("640x99999999999", OptionError::NoSize("640x99999999999".into())),
        ] {
            assert_eq!(text.parse::<Size>(), Err(error), "{text}");
        }
        let told = Size::new(63, 480).unwrap_err().to_string();
        assert!(told.contains("width") && told.contains("63") && told.contains("64..=4096"), "{told}");
    }

    #[test]
    fn crack_widths_keep_their_limits_and_name_them() {
        assert_eq!("0.5..18".parse(), CrackWidths::new(0.5, 18.0));
        assert_eq!("3..3".parse(), CrackWidths::new(3.0, 3.0));
        for text in ["0.4..3", "3..18.1", "5..4", "NaN..4", "1..inf"] {
            let error = text.parse::<CrackWidths>().unwrap_err();
            assert!(matches!(error, OptionError::Widths { .. }), "{text}");
            assert!(error.to_string().contains("0.5..=18"), "{error}");
        }
        for text in ["", "3", "3-4", "3..", "a..b"] {
            assert_eq!(text.parse::<CrackWidths>(), Err(OptionError::NoWidths(text.into())));
        }
    }
}
