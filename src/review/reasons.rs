//! What keeps a label in quarantine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest share of a photograph that a label may mark: what covers more is no crack, and `measure` leaves it out too.
pub const SHARE_LIMIT: f64 = crate::measure::LARGEST_SHARE;
/// Bits in which the hashes of two photographs may differ while they count as the same picture.
///
/// Of 12 720 pairs of different drawn photographs none is closer than 16; copies (JPEG of quality 60, half the size, a
/// fifth brighter, 2 % cropped) are within 8 of their original.
pub const HASH_LIMIT: u32 = 8;
/// Least share of marked pixels that must be darker than what is beside them; see [`super::edge_share`].
pub const EDGE_LIMIT: f64 = 0.35;
/// Least Dice, forgiving 2 pixels, with what another person marked.
pub const DICE_LIMIT: f64 = 0.5;

/// Why a label does not train until a person accepts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// Label and photograph differ in size; this cannot be overruled.
    WrongSize {
        /// Width and height of the label in pixels.
        label: [u32; 2],
        /// Width and height of the upright photograph in pixels.
        photo: [u32; 2],
    },
    /// The photograph or the label cannot be read any more; this cannot be overruled.
    Unreadable {
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing is marked, and nobody said that there is nothing.
    EmptyMask,
    /// More is marked than a crack covers.
    OverfullMask {
        /// Marked share of the photograph, 0 to 1.
        share: f64,
        /// Largest share allowed.
        limit: f64,
    },
    /// Another labelled photograph looks the same.
    NearDuplicate {
        /// SHA-256 of the other photograph.
        of: String,
        /// Bits in which the hashes differ.
        distance: u32,
        /// Distance up to which photographs count as the same.
        limit: u32,
    },
    /// A photograph that judges models looks the same.
    NearEvaluationImage {
        /// Data folder and file.
        of: String,
        /// Bits in which the hashes differ.
        distance: u32,
        /// Distance up to which photographs count as the same.
        limit: u32,
    },
    /// What is marked is no darker than what is beside it.
    FarFromEdges {
        /// Share of marked pixels that are darker, 0 to 1.
        share: f64,
        /// Least share.
        limit: f64,
    },
    /// Another person marked something else.
    Conflict {
        /// The other label version.
        version: i64,
        /// Who made it.
        actor: String,
        /// Dice of the two, forgiving 2 pixels.
        dice: f64,
        /// Least Dice.
        limit: f64,
    },
}

impl Reason {
    /// The reason as a sentence for people.
    pub fn text(&self) -> String {
        match self {
            Self::WrongSize { label: [w, h], photo: [width, height] } => {
                format!("The mask has {w} × {h} pixels, the upright photograph {width} × {height}.")
            }
            Self::Unreadable { problem } => format!("It cannot be read: {problem}."),
            Self::EmptyMask => "Nothing is marked, and nobody said that there is nothing.".into(),
            Self::OverfullMask { share, limit } => {
                format!("{} of the photograph is marked; a crack covers {} at most.", percent(*share), percent(*limit))
            }
            Self::NearDuplicate { of, distance, .. } => {
                format!("It looks like photograph {}…, which has a label ({distance} of 64 bits differ).", short(of))
            }
            Self::NearEvaluationImage { of, distance, .. } => {
                format!("It looks like {of}, which judges models ({distance} of 64 bits differ).")
            }
            Self::FarFromEdges { share, limit } => format!(
                "Only {} of what is marked is darker than what is beside it; {} is usual at least.",
                percent(*share),
                percent(*limit)
            ),
            Self::Conflict { version, actor, dice, limit } => {
                format!("Version {version} by {actor} marks something else: Dice {dice:.2}, below {limit:.2}.")
            }
        }
    }

    /// Whether a person may say that the label is good all the same.
    pub fn can_be_overruled(&self) -> bool {
        !matches!(self, Self::WrongSize { .. } | Self::Unreadable { .. })
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// The first digits of a hash, enough for people.
fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}
