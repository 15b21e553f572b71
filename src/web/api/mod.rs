//! The JSON API. One file a resource.

pub(super) mod cracks;
mod feedback;
mod health;
mod openapi;
pub(super) mod pictures;
mod predict;
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
        .service(
            web::scope("/api/v1/predictions/{id}")
                .route("", web::get().to(pictures::prediction))
                .route("/cracks", web::get().to(cracks::cracks))
                .route("/cracks.csv", web::get().to(cracks::cracks_csv))
                .route("/cracks.geojson", web::get().to(cracks::cracks_geojson))
                .route("/cracks.dxf", web::get().to(cracks::cracks_dxf))
                .route("/photo", web::get().to(pictures::photo))
                .route("/mask.png", web::get().to(pictures::mask))
                .route("/overlay.png", web::get().to(pictures::overlay))
                .route("/probabilities.png", web::get().to(pictures::probabilities_png))
                .route("/probabilities.u16", web::get().to(pictures::probabilities_raw)),
        );
}
