//! What is odd about a label. Pure: the same label beside the same others gives the same reasons.

use image::RgbImage;

use super::contrast::edge_share;
use super::reasons::{DICE_LIMIT, EDGE_LIMIT, HASH_LIMIT, Reason, SHARE_LIMIT};
use crate::evaluation::MatchCounts;
use crate::vision::{BinaryMask, PerceptualHash};

/// Distance in pixels that two people's labels may be off.
const TOLERANCE_PX: u32 = 2;

/// A label that is looked at.
#[derive(Debug)]
pub struct Label<'a> {
    /// The photograph, upright.
    pub photo: &'a RgbImage,
    /// What was marked.
    pub mask: &'a BinaryMask,
    /// Whether a person said that there is no crack.
    pub nothing_here: bool,
}

/// A photograph that looks the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamePicture {
    /// SHA-256, or data folder and file.
    pub name: String,
    /// Its hash.
    pub hash: PerceptualHash,
}

/// What another person marked on the same photograph.
#[derive(Debug)]
pub struct OtherLabel {
    /// Its version.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// What was marked.
    pub mask: BinaryMask,
}

/// What a label is compared with.
#[derive(Debug, Default)]
pub struct Neighbours<'a> {
    /// Other photographs that have labels.
    pub labelled: &'a [SamePicture],
    /// Photographs that judge models.
    pub evaluation: &'a [SamePicture],
    /// The latest label of the same photograph by somebody else.
    pub other_label: Option<&'a OtherLabel>,
}

/// Everything odd about `label`, whose photograph has `hash`; nothing if it may train.
pub fn check(label: &Label, hash: PerceptualHash, neighbours: &Neighbours) -> Vec<Reason> {
    let Label { photo, mask, nothing_here } = label;
    if photo.dimensions() != (mask.width, mask.height) {
        return vec![Reason::WrongSize { label: [mask.width, mask.height], photo: [photo.width(), photo.height()] }];
    }
    let same_picture = [
        nearest(hash, neighbours.labelled).map(|(of, distance)| Reason::NearDuplicate {
            of,
            distance,
            limit: HASH_LIMIT,
        }),
        nearest(hash, neighbours.evaluation).map(|(of, distance)| Reason::NearEvaluationImage {
            of,
            distance,
            limit: HASH_LIMIT,
        }),
    ];
    let amount = amount(mask, *nothing_here);
    // Contrast says nothing of a mask that is empty or covers everything.
    let contrast = if amount.is_some() || mask.count() == 0 { None } else { contrast(photo, mask) };
    let conflict = neighbours.other_label.and_then(|other| conflict(mask, other));
    [amount, contrast, conflict].into_iter().chain(same_picture).flatten().collect()
}

fn amount(mask: &BinaryMask, nothing_here: bool) -> Option<Reason> {
    let count = mask.count();
    if count == 0 {
        return (!nothing_here).then_some(Reason::EmptyMask);
    }
    let share = count as f64 / mask.pixels.len() as f64;
    (share > SHARE_LIMIT).then_some(Reason::OverfullMask { share, limit: SHARE_LIMIT })
}

fn contrast(photo: &RgbImage, mask: &BinaryMask) -> Option<Reason> {
    let share = edge_share(photo, mask)?;
    (share < EDGE_LIMIT).then_some(Reason::FarFromEdges { share, limit: EDGE_LIMIT })
}

fn conflict(mask: &BinaryMask, other: &OtherLabel) -> Option<Reason> {
    if (mask.width, mask.height) != (other.mask.width, other.mask.height) {
        return None;
    }
    let dice = if mask.count() == 0 || other.mask.count() == 0 {
        if mask.count() == other.mask.count() { 1.0 } else { 0.0 }
    } else {
        MatchCounts::tolerant(mask, &other.mask, TOLERANCE_PX).f1()
    };
    let (version, actor) = (other.version, other.actor.clone());
    (dice < DICE_LIMIT).then_some(Reason::Conflict { version, actor, dice, limit: DICE_LIMIT })
}

fn nearest(hash: PerceptualHash, others: &[SamePicture]) -> Option<(String, u32)> {
    let distances = others.iter().map(|other| (hash.distance(other.hash), other));
    let (distance, other) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= HASH_LIMIT).then(|| (other.name.clone(), distance))
}
