//! Counts, times and logs every request, and gives bare errors a body.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use metrics::{counter, histogram};
use uuid::Uuid;

use crate::web::ApiError;

const QUIET: [&str; 4] = ["/metrics", "/healthz", "/readyz", "/ping"];

/// The middleware.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let request_id = Uuid::now_v7();
    let method = known_method(request.method());
    let path = request.path().to_owned();
    // Guards refuse before the router runs, so the template is looked up here.
    let template = request.resource_map().match_pattern(&path).unwrap_or_else(|| "unmatched".into());
    let result = next.call(request).await;
    let response = result.map(|response| with_body(response.map_into_boxed_body()));
    let status = match &response {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let seconds = started.elapsed().as_secs_f64();
    let quiet = QUIET.contains(&template.as_str());
    counter!("hairline_http_requests_total", "method" => method, "route" => template.clone(), "status" => status.as_u16().to_string())
        .increment(1);
    histogram!("hairline_http_request_duration_seconds", "method" => method, "route" => template).record(seconds);
    let duration_ms = (seconds * 1e3).round();
    if status.is_server_error() {
        tracing::warn!(%request_id, method, path, status = status.as_u16(), duration_ms, "answered {method} {path}");
    } else if quiet {
        tracing::debug!(%request_id, method, path, status = status.as_u16(), duration_ms, "answered {method} {path}");
    } else {
        tracing::info!(%request_id, method, path, status = status.as_u16(), duration_ms, "answered {method} {path}");
    }
    response
}

/// Methods are chosen by the client; a label must not be.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The router's own 405 has no body.
fn with_body(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || response.headers().contains_key("content-type") {
        return response;
    }
    let allowed = response.headers().get("allow").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let detail = format!("This address does not take {}.", response.request().method());
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Wrong method", detail)
        .limit(serde_json::json!({ "allowed": allowed.split(", ").collect::<Vec<_>>() }));
    let mut problem = error.error_response();
    if let Ok(value) = allowed.parse() {
        problem.headers_mut().insert(actix_web::http::header::ALLOW, value);
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, problem)
}
