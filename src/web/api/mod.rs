//! The JSON API. One file a resource.

pub(super) mod cracks;
mod exchange;
mod feedback;
mod health;
pub(super) mod history;
mod images;
mod labels;
mod openapi;
pub(super) mod pictures;
mod predict;
pub(super) mod review;
mod standards;

use actix_web::web::{self, ServiceConfig};

pub use openapi::openapi_json;

/// Registers all routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/ping", web::get().to(health::ping))
        .route("/healthz", web::get().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .route("/metrics", web::get().to(health::metrics))
        .route("/openapi.json", web::get().to(openapi::document))
        .service(web::resource("/predict").route(web::post().to(predict::predict)))
        .service(web::resource("/save-for-retrain").route(web::post().to(feedback::save_for_retrain)))
        .route("/api/v1/standards", web::get().to(standards::standards))
        .route("/api/v1/predictions", web::get().to(history::predictions))
        .route("/api/v1/review", web::get().to(review::review))
        .route("/api/v1/quarantine", web::get().to(review::quarantine))
        .route("/api/v1/export", web::get().to(exchange::export_labels))
        .service(web::resource("/api/v1/import").route(web::post().to(exchange::import_labels)))
        .route("/api/v1/images/{sha256}/photo", web::get().to(images::image_photo))
        .route("/api/v1/images/{sha256}/thumbnail.jpg", web::get().to(images::image_thumbnail))
        .service(web::resource("/api/v1/images/{sha256}/predictions").route(web::post().to(images::predict_again)))
        .service(
            web::scope("/api/v1/images/{sha256}/labels")
                .service(web::resource("").route(web::get().to(labels::labels)).route(web::post().to(labels::append)))
                .route(r"/{version:\d{1,18}}.png", web::get().to(labels::label))
                .route(r"/{version:\d{1,18}}/restore", web::post().to(labels::restore))
                .route(r"/{version:\d{1,18}}/accept", web::post().to(review::accept))
                .route(r"/{version:\d{1,18}}/reject", web::post().to(review::reject)),
        )
        .service(
            web::scope("/api/v1/predictions/{id}")
                .service(
                    web::resource("")
                        .route(web::get().to(history::prediction))
                        .route(web::delete().to(history::delete)),
                )
                .route("/restore", web::post().to(history::restore))
                .route("/verdict", web::put().to(history::verdict))
                .route("/cracks", web::get().to(cracks::cracks))
                .route("/cracks.csv", web::get().to(cracks::cracks_csv))
                .route("/cracks.geojson", web::get().to(cracks::cracks_geojson))
                .route("/cracks.dxf", web::get().to(cracks::cracks_dxf))
                .route("/thumbnail.jpg", web::get().to(pictures::thumbnail))
                .route("/thumbnail-mask.png", web::get().to(pictures::thumbnail_mask))
                .route("/photo", web::get().to(pictures::photo))
                .route("/mask.png", web::get().to(pictures::mask))
                .route("/overlay.png", web::get().to(pictures::overlay))
                .route("/probabilities.png", web::get().to(pictures::probabilities_png))
                .route("/probabilities.u16", web::get().to(pictures::probabilities_raw)),
        );
}
