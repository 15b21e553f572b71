//! One photograph on the page: running, done, failed or gone.

use askama::Template;
use uuid::Uuid;

use super::crack_panel::CracksPanel;
use super::judge::Judged;
use crate::domain::Prediction;
use crate::serving::Stage;
use crate::web::ApiError;
use crate::web::state::PageJob;

/// What the card's template shows; fields of other states are empty.
#[derive(Debug, Default)]
pub struct Card {
    pub state: &'static str,
    pub id: Uuid,
    pub name: String,
    pub stage: &'static str,
    pub tiles_done: usize,
    pub tiles_total: usize,
    pub queue_place: usize,
    pub width: u32,
    pub height: u32,
    pub megapixels: String,
    pub threshold: f32,
    pub crack_percent: String,
    pub has_crack: bool,
    pub total_ms: u64,
    pub network_ms: u64,
    pub decode_ms: u64,
    pub model_name: String,
    pub model_licence: String,
    /// The cracks; absent if they could not be measured.
    pub cracks: Option<CracksPanel>,
    /// What was said of it; absent if it is not in the history.
    pub judged: Option<Judged>,
    pub error_title: &'static str,
    pub error_detail: String,
    pub error_code: &'static str,
    pub error_limit: String,
}

/// A share as percent; what is there is never shown as nothing.
pub fn percent(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 5e-5 { "< 0.01".into() } else { format!("{:.2}", ratio * 100.0) }
}

/// A card by itself, for HTMX.
#[derive(Template)]
#[template(path = "card.html")]
pub struct CardFragment {
    pub card: Card,
}

impl Card {
    /// A photograph that is not finished, or has failed.
    pub fn from_job(id: Uuid, job: PageJob, before: usize) -> Self {
        if let Some(error) = job.failure {
            return Self::failed(id, job.file_name, &error);
        }
        let stage = job.progress.stage();
        let (tiles_done, tiles_total) = job.progress.tiles();
        let waiting = stage == Stage::Waiting && tiles_total == 0;
        Self {
            state: "running",
            id,
            name: job.file_name,
            stage: match stage {
                Stage::Waiting => "Waiting in the queue",
                Stage::Decoding => "Decoding the photograph",
                Stage::Looking => "Looking for cracks",
                Stage::Measuring => "Measuring what was found",
            },
            tiles_done,
            tiles_total,
            queue_place: if waiting { before } else { 0 },
            ..Self::default()
        }
    }

    /// A finished prediction with its cracks.
    pub fn done(prediction: Prediction, cracks: Option<CracksPanel>) -> Self {
        let summary = prediction.summary;
        let pixels = f64::from(summary.width) * f64::from(summary.height);
        Self {
            state: "done",
            id: prediction.id,
            name: prediction.file_name,
            width: summary.width,
            height: summary.height,
            megapixels: format!("{:.1}", pixels / 1e6),
            threshold: summary.threshold,
            crack_percent: percent(summary.crack_ratio),
            has_crack: summary.crack_pixels > 0,
            total_ms: prediction.timing_ms.total.round() as u64,
            network_ms: prediction.timing_ms.network.round() as u64,
            decode_ms: prediction.timing_ms.decode.round() as u64,
            model_name: prediction.model.name,
            model_licence: prediction.model.licence,
            cracks,
            ..Self::default()
        }
    }

    /// A prediction whose probabilities have made room for newer ones.
    pub fn kept(prediction: Prediction) -> Self {
        Self { state: "kept", ..Self::done(prediction, None) }
    }

    /// A photograph that cannot be predicted.
    pub fn failed(id: Uuid, name: String, error: &ApiError) -> Self {
        Self {
            state: "failed",
            id,
            name,
            error_title: error.title,
            error_detail: error.detail.clone(),
            error_code: error.code,
            error_limit: error.limit_text(),
            ..Self::default()
        }
    }

    /// A prediction that is not kept any more.
    pub fn gone(id: Uuid, name: String) -> Self {
        Self { state: "gone", id, name, ..Self::default() }
    }
}
