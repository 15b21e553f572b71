//! Predictions that versions before the history kept for a while, brought into it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::predictor::{PredictError, masks};
use crate::digest::sha256_hex;
use crate::store::{NewPrediction, Recent, RecentError, Store, StoreError};
use crate::vision::decode::{self, DecodeLimits};
use crate::vision::thumbnail;

/// Who asked is not known of them.
const ACTOR: &str = "unknown";

/// Keeps all predictions whose photograph is in `recent` alone; one that cannot be read stays there, and the log has the
/// reason. What was stopped half-way goes on at the next start.
pub async fn adopt_old(recent: &Arc<Recent>, store: &Store, limits: DecodeLimits) {
    let mut adopted = 0;
    for id in recent.with_photo() {
        match adopt(recent, store, (id, limits)).await {
            Ok(()) => adopted += 1,
            Err(error) => tracing::warn!(%id, %error, "an old prediction could not be brought into the history"),
        }
    }
    if adopted > 0 {
        tracing::info!(predictions = adopted, "old predictions were brought into the history");
    }
}

async fn adopt(recent: &Arc<Recent>, store: &Store, (id, limits): (Uuid, DecodeLimits)) -> Result<(), PredictError> {
    if store.prediction_or_deleted(id).await?.is_none() {
        let old = Arc::clone(recent);
        store.keep_prediction(spawn_blocking(move || read(&old, id, limits)).await??).await?;
    }
    let old = Arc::clone(recent);
    Ok(spawn_blocking(move || old.forget_photo(id)).await?.map_err(StoreError::from)?)
}

fn read(recent: &Recent, id: Uuid, limits: DecodeLimits) -> Result<NewPrediction, PredictError> {
    let unreadable = |error: RecentError| StoreError::from(std::io::Error::other(error));
    let prediction = recent.prediction(id).map_err(unreadable)?;
    let photo = Bytes::from(recent.photo(id).map_err(unreadable)?);
    let map = recent.probabilities(&prediction).map_err(unreadable)?;
    let decoded = decode::decode(&photo, limits)?;
    let threshold = prediction.summary.threshold;
    let (mask_png, marks_png) = masks(&map, threshold)?;
    Ok(NewPrediction {
        image_sha256: sha256_hex(&photo),
        extension: decode::extension(decoded.format),
        thumbnail_jpeg: thumbnail::jpeg(&decoded.pixels)?,
        uncertainty: map.uncertainty(threshold),
        actor: ACTOR.into(),
        mask_png,
        marks_png,
        photo,
        prediction,
    })
}
