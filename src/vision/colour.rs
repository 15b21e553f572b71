//! Colour of the mask in an overlay.

use std::fmt;
use std::str::FromStr;

/// An sRGB colour, written `RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl Default for Colour {
    /// An orange that stays apart from grey, brick and asphalt, for colour-blind eyes too.
    fn default() -> Self {
        Self([0xFF, 0x5C, 0x00])
    }
}

impl FromStr for Colour {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "six hexadecimal digits, RRGGBB";
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(EXPECTED);
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| EXPECTED)?;
        let [_, r, g, b] = value.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_nonsense_is_refused() {
        assert_eq!("ff5c00".parse(), Ok(Colour::default()));
        assert_eq!("#00FF7f".parse::<Colour>().map(|c| c.to_string()), Ok("00ff7f".into()));
        for bad in ["", "fff", "gggggg", "+12345", "1234567", "é1234"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }
}
