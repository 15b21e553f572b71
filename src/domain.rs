//! Types that several rooms speak of.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a photograph may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Width × height.
    pub max_pixels: u64,
}

/// A stored result: what a model said of one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Identity; sorts by time.
    pub id: Uuid,
    /// The name the client gave the file; for people only, never part of a path.
    pub file_name: String,
    /// MIME type of the photograph as it came.
    pub media_type: String,
    /// Size and result.
    pub summary: Summary,
    /// The model that answered.
    pub model: ModelName,
    /// Where the time went.
    pub timing_ms: TimingMs,
}

/// The figures of a prediction at its model's threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// Probability from which on a pixel counts as crack.
    pub threshold: f32,
    /// Number of such pixels.
    pub crack_pixels: u64,
    /// Their share of the photograph, 0..1.
    pub crack_ratio: f64,
}

/// How a model is called, and under which licence it may be used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelName {
    /// Name in the model file.
    pub name: String,
    /// Licence of the weights.
    pub licence: String,
    /// SHA-256 of the model file, hexadecimal.
    pub sha256: String,
}

/// What a person says of a prediction in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The mask is as it should be.
    Right,
    /// The mask is to be corrected.
    Wrong,
    /// There is no crack in the photograph.
    Nothing,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Right, Self::Wrong, Self::Nothing];

    /// As it is written in rows, requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Nothing => "nothing",
        }
    }
}

impl std::str::FromStr for Verdict {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).ok_or("one of: right, wrong, nothing")
    }
}

/// Milliseconds of each stage of a prediction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimingMs {
    /// Waiting for a place to be decoded and for the first tile.
    pub queue: f64,
    /// Decoding and turning upright.
    pub decode: f64,
    /// The network, from the first tile to the last.
    pub network: f64,
    /// Measuring what the network found.
    #[serde(default)]
    pub measure: f64,
    /// From the first byte read to the answer.
    pub total: f64,
}

/// Who acts on this machine without a token.
pub const LOCAL_ACTOR: &str = "local";

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
