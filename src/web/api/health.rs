//! Is it alive, is it ready, what does it count.

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::{ApiError, WebState};

/// Answer of `/ping`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ping {
    /// Always `ok`.
    status: &'static str,
    /// A greeting that old clients compare.
    message: &'static str,
    /// Version of the binary.
    version: &'static str,
}

/// Is the API there?
#[utoipa::path(get, path = "/ping", tag = "health", responses((status = 200, body = Ping)))]
pub async fn ping() -> impl Responder {
    web::Json(Ping { status: "ok", message: "API is alive!", version: env!("CARGO_PKG_VERSION") })
}

/// Answer of `/healthz` and `/readyz`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// The model that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Photographs accepted and not finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    photos_in_work: Option<usize>,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> impl Responder {
    web::Json(Health { status: "ok", model: None, photos_in_work: None })
}

/// Is the model loaded, and can the store be written?
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = ApiError, content_type = "application/problem+json")))]
pub async fn readyz(state: web::Data<WebState>) -> Result<web::Json<Health>, ApiError> {
    state.store.check_writable().await.map_err(|error| {
        tracing::error!(cause = %error, "the store cannot be written");
        ApiError::unavailable("store_not_writable", "The store cannot be written; the cause is in Hairline's log.", 5)
    })?;
    Ok(web::Json(Health {
        status: "ok",
        model: Some(state.predictor.model_name().name),
        photos_in_work: Some(state.predictor.photos_in_work()),
    }))
}

/// Everything that is counted, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn metrics(state: web::Data<WebState>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.exporter.render())
}
