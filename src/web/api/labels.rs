//! `/api/v1/images/{sha256}/labels`: what people say is crack, version by version.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::feedback::{check_mask, lossy_mask};
use super::pictures::blocking;
use crate::store::{LabelDraft, LabelError, LabelVersion};
use crate::web::guard::actor;
use crate::web::idempotency::idempotency_key;
use crate::web::query::{Query, invalid};
use crate::web::upload::read_body;
use crate::web::{ApiError, WebState};

/// Longest name of tools, in characters.
const MAX_TOOL: usize = 100;

/// All versions of a photograph's label.
#[derive(Debug, Serialize, ToSchema)]
pub struct LabelsAnswer {
    /// Newest first.
    labels: Vec<LabelVersion>,
}

/// The versions of a photograph's label, newest first.
#[utoipa::path(get, path = "/api/v1/images/{sha256}/labels", tag = "labels",
    params(("sha256" = String, Path, description = "SHA-256 of the photograph's file")),
    responses((status = 200, body = LabelsAnswer),
        (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn labels(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let labels = state.store.labels(&path).await?;
    let latest = labels.first().map_or(0, |label| label.version);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(latest))).json(LabelsAnswer { labels }))
}

/// The picture of one version: PNG, 0 background, 255 crack.
#[utoipa::path(get, path = "/api/v1/images/{sha256}/labels/{version}.png", tag = "labels",
    params(("sha256" = String, Path), ("version" = i64, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>),
        (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn label(state: web::Data<WebState>, path: web::Path<(String, i64)>) -> Result<HttpResponse, ApiError> {
    let (sha256, version) = path.into_inner();
    let png = state.store.label_png(&sha256, version).await?.ok_or(LabelError::UnknownVersion)?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((ETAG, tag(version)))
        .insert_header((CACHE_CONTROL, "private, max-age=3600, immutable"))
        .body(png))
}

/// Appends a version, unless another came in between.
#[utoipa::path(post, path = "/api/v1/images/{sha256}/labels", tag = "labels",
    params(
        ("sha256" = String, Path),
        ("tool" = Option<String>, Query, description = "what it was made with, such as `brush,trace`"),
        ("prediction" = Option<Uuid>, Query, description = "the prediction that is corrected; its verdict becomes `wrong`"),
        ("If-Match" = String, Header, description = "the version it began with, such as `\"3\"`; `\"0\"` where there is none"),
        ("Idempotency-Key" = Option<String>, Header, description = "names the request: sent again, it gives the same answer")),
    request_body(content = Vec<u8>, content_type = "image/png", description = "stored without loss, in the photograph's upright size; black is background"),
    responses((status = 201, description = "`ETag` is the new version", body = LabelVersion),
        (status = 412, description = "Another version came in between: `limit.current`", body = ApiError, content_type = "application/problem+json"),
        (status = 428, description = "There is no If-Match", body = ApiError, content_type = "application/problem+json"),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json")))]
pub async fn append(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let query = Query::read(&request, &["tool", "prediction"])?;
    let tool = tool(&query)?;
    let prediction_id = match query.get("prediction") {
        None => None,
        Some(id) => Some(
            Uuid::parse_str(id).map_err(|_| invalid("prediction", "it is no id", json!({ "expected": "a UUID" })))?,
        ),
    };
    let base = read_if_match(&request)?;
    let image = state.store.image(&path).await?.ok_or(LabelError::UnknownImage)?;
    if request.headers().get(CONTENT_TYPE).is_none_or(|given| given != "image/png") {
        return Err(lossy_mask().field("header.Content-Type"));
    }
    let content = read_body(&state, body).await?;
    let idempotency = idempotency_key(&request, &content)?;
    let _place = state.predictor.decoding_place().await?;
    let (size, limits) = (image.size, state.predictor.limits());
    let mask = blocking(move || check_mask(&content, size, limits)).await?;
    let draft = LabelDraft {
        image_sha256: path.into_inner(),
        mask,
        base: Some(base),
        parent: Some(base).filter(|base| *base > 0),
        tool,
        actor: actor(&request),
        prediction_id,
        idempotency,
    };
    Ok(created(&state.store.append_label(draft).await?))
}

/// Appends a copy of a version as the newest.
#[utoipa::path(post, operation_id = "restore_label", path = "/api/v1/images/{sha256}/labels/{version}/restore", tag = "labels",
    params(("sha256" = String, Path), ("version" = i64, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "`ETag` is the new version", body = LabelVersion),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json")))]
pub async fn restore(
    state: web::Data<WebState>,
    path: web::Path<(String, i64)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (sha256, version) = path.into_inner();
    let idempotency = idempotency_key(&request, b"")?;
    Ok(created(&state.store.restore_label(&sha256, version, actor(&request), idempotency).await?))
}

fn created(label: &LabelVersion) -> HttpResponse {
    metrics::counter!("hairline_label_versions_total").increment(1);
    HttpResponse::Created().insert_header((ETAG, tag(label.version))).json(label)
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

fn tool(query: &Query) -> Result<Option<String>, ApiError> {
    let Some(tool) = query.get("tool").filter(|tool| !tool.is_empty()) else { return Ok(None) };
    let plain = tool.chars().all(|c| c.is_ascii_alphanumeric() || "-_,".contains(c));
    if !plain || tool.len() > MAX_TOOL {
        let limit = json!({ "max_characters": MAX_TOOL, "characters": "letters, digits, - _ ," });
        return Err(invalid("tool", "it is no list of tools such as `brush,trace`", limit));
    }
    Ok(Some(tool.to_owned()))
}

/// The version that the sender began with.
fn read_if_match(request: &HttpRequest) -> Result<i64, ApiError> {
    let expected = json!({ "expected": "the version it began with, such as \"3\"; \"0\" where there is none" });
    let Some(given) = request.headers().get(IF_MATCH) else {
        let detail = "Without the header If-Match, work of somebody else could be covered unseen.";
        let status = StatusCode::PRECONDITION_REQUIRED;
        return Err(ApiError::new(status, "if_match_required", "If-Match is missing", detail)
            .field("header.If-Match")
            .limit(expected));
    };
    let text = given.to_str().unwrap_or_default();
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version.filter(|version| *version >= 0).ok_or_else(|| {
        let detail = format!("`{text}` is not a version in quotation marks.");
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_header", "A header is wrong", detail)
            .field("header.If-Match")
            .limit(expected)
    })
}
