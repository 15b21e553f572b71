//! What a model file says of itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The only architecture so far.
pub const ARCHITECTURE: &str = "attention-unet";
/// Version of the metadata that is written and read.
pub const FORMAT: u32 = 1;

/// The content of the metadata key `hairline`.
///
/// Fields stand in alphabetical order, which makes the JSON canonical: equal
/// models give equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelMetadata {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Channels of the first level.
    pub base_width: usize,
    /// Probability that a short region has to reach somewhere to count as crack; 0 asks for nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub core: f32,
    /// Always 1, the only format so far.
    pub format: u32,
    /// How photographs become input.
    pub input: InputSpec,
    /// Licence of the weights.
    pub licence: String,
    /// Name shown to people.
    pub name: String,
    /// See [`super::parameters_sha256`]; empty if it was never computed.
    pub parameters_sha256: String,
    /// Logits are divided by it before the sigmoid.
    pub temperature: f32,
    /// Probability from which on a pixel counts as crack, chosen on validation photographs.
    pub threshold: f32,
    /// Data sets the weights were trained on.
    pub trained_on: Vec<String>,
}

/// How photographs become input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Subtracted from each channel's 0..1 value.
    pub mean: [f32; 3],
    /// The scale the model was trained on.
    pub scale: InputScale,
    /// Each channel is divided by it afterwards.
    pub std: [f32; 3],
}

/// The scale at which a model sees a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum InputScale {
    /// Pixel for pixel.
    Native,
    /// The whole photograph squeezed into a square of this side, as old checkpoints want it.
    Squeeze(u32),
}

impl FromStr for InputScale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |digits: &str| digits.parse().ok().filter(|side: &u32| *side > 0 && side.is_multiple_of(16));
        match text.strip_prefix("squeeze:").map(side) {
            None if text == "native" => Ok(Self::Native),
            Some(Some(side)) => Ok(Self::Squeeze(side)),
            _ => Err(format!("`{text}` is not `native` or `squeeze:SIDE` with a multiple of 16")),
        }
    }
}

impl TryFrom<String> for InputScale {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<InputScale> for String {
    fn from(scale: InputScale) -> Self {
        scale.to_string()
    }
}

impl fmt::Display for InputScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Squeeze(side) => write!(f, "squeeze:{side}"),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl ModelMetadata {
    /// Checks every field.
    ///
    /// # Errors
    /// A sentence about the first field that is wrong.
    pub fn validate(&self) -> Result<(), String> {
        let probability = |v: f32| v > 0.0 && v < 1.0;
        let checks = [
            (self.format == FORMAT, format!("format is {}; this version reads {FORMAT}", self.format)),
            (self.architecture == ARCHITECTURE, format!("architecture `{}` is unknown", self.architecture)),
            (
                (2..=512).contains(&self.base_width) && self.base_width.is_multiple_of(2),
                format!("base_width {} is not an even number from 2 to 512", self.base_width),
            ),
            (probability(self.threshold), format!("threshold {} is not between 0 and 1", self.threshold)),
            (
                self.temperature.is_finite() && self.temperature > 0.0,
                format!("temperature {} is not above 0", self.temperature),
            ),
            ((0.0..1.0).contains(&self.core), format!("core {} is not from 0 to below 1", self.core)),
            (self.input.mean.iter().all(|v| v.is_finite()), "input.mean is not finite".into()),
            (self.input.std.iter().all(|v| v.is_finite() && *v > 0.0), "input.std is not above 0".into()),
            (!self.name.is_empty(), "name is empty".into()),
            (!self.licence.is_empty(), "licence is empty".into()),
        ];
        checks.into_iter().find(|(ok, _)| !ok).map_or(Ok(()), |(_, problem)| Err(problem))
    }

    /// Whether the weights may only be used for non-commercial research.
    pub fn is_non_commercial(&self) -> bool {
        self.licence.contains("non-commercial")
    }
}
