//! The OpenAPI document, derived from the handlers.

use actix_web::HttpResponse;
use utoipa::OpenApi;

use super::{cracks, exchange, feedback, health, history, images, labels, pictures, predict, review, standards};

#[derive(OpenApi)]
#[openapi(
    info(title = "Hairline", description = "Finds cracks in photographs of concrete, asphalt and masonry."),
    paths(
        predict::predict,
        feedback::save_for_retrain,
        history::predictions,
        history::prediction,
        history::delete,
        history::restore,
        history::verdict,
        labels::labels,
        labels::label,
        labels::append,
        labels::restore,
        pictures::thumbnail,
        pictures::thumbnail_mask,
        pictures::photo,
        pictures::mask,
        pictures::overlay,
        pictures::probabilities_png,
        pictures::probabilities_raw,
        cracks::cracks,
        cracks::cracks_csv,
        cracks::cracks_geojson,
        cracks::cracks_dxf,
        review::review,
        review::quarantine,
        review::accept,
        review::reject,
        images::image_photo,
        images::image_thumbnail,
        images::predict_again,
        exchange::export_labels,
        exchange::import_labels,
        standards::standards,
        health::ping,
        health::healthz,
        health::readyz,
        health::metrics,
    )
)]
struct Document;

/// The document as JSON.
pub fn openapi_json() -> serde_json::Value {
    serde_json::to_value(Document::openapi()).unwrap_or_default()
}

/// Serves it.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().json(openapi_json())
}
