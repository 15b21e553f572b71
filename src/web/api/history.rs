//! `/api/v1/predictions`: every prediction that was made, its verdict, and what was deleted.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pictures::{find, no_prediction, parse_id};
use crate::domain::{Prediction, TimingMs, Verdict};
use crate::store::{Cursor, HistoryFilter, KeptPrediction, VerdictFilter};
use crate::web::guard::actor;
use crate::web::query::{Query, invalid};
use crate::web::upload::read_body;
use crate::web::{ApiError, WebState};

/// Predictions on a page unless another number is asked for, and at most.
const LIMIT: (usize, usize) = (48, 200);

/// Parameters that narrow a list.
pub const FILTERS: [&str; 8] =
    ["verdict", "model", "from", "to", "min_crack_ratio", "max_crack_ratio", "min_uncertainty", "q"];

/// Longest text that is searched for, in characters.
const MAX_SEARCH: usize = 200;

/// A finished prediction.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictionAnswer {
    id: Uuid,
    /// Name of the file at the sender's.
    file_name: String,
    /// Width in pixels.
    width: u32,
    /// Height in pixels.
    height: u32,
    /// Probability from which on a pixel counts as crack.
    threshold: f32,
    /// Whether there is any crack pixel.
    has_crack: bool,
    /// Share of crack pixels, 0 to 1.
    crack_ratio: f64,
    /// The model that answered.
    model: String,
    /// Licence of its weights.
    model_licence: String,
    /// Where the time went, in milliseconds.
    timing_ms: TimingMs,
    #[serde(flatten)]
    kept: Option<KeptAnswer>,
}

/// What the history adds; predictions of versions without one have none.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptAnswer {
    /// SHA-256 of the photograph; its labels are at `/api/v1/images/{sha256}/labels`.
    image_sha256: String,
    /// When the photograph came, Unix milliseconds.
    created_ms: i64,
    /// How far the mask is expected to be from the truth, 0 (sure) to 1.
    uncertainty: f64,
    /// Who asked.
    actor: String,
    /// What was last said of it.
    verdict: Option<Verdict>,
    /// Who said it.
    verdict_actor: Option<String>,
    /// When it was said, Unix milliseconds.
    verdict_ms: Option<i64>,
}

impl From<Prediction> for PredictionAnswer {
    fn from(prediction: Prediction) -> Self {
        let summary = prediction.summary;
        Self {
            id: prediction.id,
            file_name: prediction.file_name,
            width: summary.width,
            height: summary.height,
            threshold: summary.threshold,
            has_crack: summary.crack_pixels > 0,
            crack_ratio: summary.crack_ratio,
            model: prediction.model.name,
            model_licence: prediction.model.licence,
            timing_ms: prediction.timing_ms,
            kept: None,
        }
    }
}

impl From<KeptPrediction> for PredictionAnswer {
    fn from(kept: KeptPrediction) -> Self {
        let KeptPrediction { prediction, image_sha256, created_ms, uncertainty, actor, verdict, .. } = kept;
        let answer = KeptAnswer {
            image_sha256,
            created_ms,
            uncertainty,
            actor,
            verdict: verdict.as_ref().map(|latest| latest.verdict),
            verdict_ms: verdict.as_ref().map(|latest| latest.said_ms),
            verdict_actor: verdict.map(|latest| latest.actor),
        };
        Self { kept: Some(answer), ..prediction.into() }
    }
}

/// A page of predictions.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictionsAnswer {
    /// Newest first.
    predictions: Vec<PredictionAnswer>,
    /// `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What a person says of a prediction.
#[derive(Debug, Deserialize, ToSchema)]
pub struct VerdictRequest {
    /// `right`, `wrong` or `nothing`.
    #[schema(value_type = Verdict)]
    verdict: String,
}

/// What `query` narrows the history to.
///
/// # Errors
/// 400 if a parameter is wrong.
pub fn filter(query: &Query) -> Result<HistoryFilter, ApiError> {
    let given = |name: &str| query.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let text = given("q");
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH) {
        let detail = format!("it has more than {MAX_SEARCH} characters");
        return Err(invalid("q", &detail, json!({ "max_characters": MAX_SEARCH })));
    }
    Ok(HistoryFilter {
        verdict: query.given::<VerdictFilter>("verdict")?,
        model: given("model"),
        from_ms: query.time("from")?.map(|span| span.0),
        to_ms: query.time("to")?.map(|span| span.1),
        min_crack_ratio: query.exact_ratio("min_crack_ratio")?,
        max_crack_ratio: query.exact_ratio("max_crack_ratio")?,
        min_uncertainty: query.exact_ratio("min_uncertainty")?,
        text,
    })
}

/// The page that `query` asks for.
///
/// # Errors
/// 400 if a parameter is wrong; or the store fails.
pub async fn page(state: &WebState, query: &Query) -> Result<crate::store::HistoryPage, ApiError> {
    let limit = match query.number("limit")? {
        None => LIMIT.0,
        Some(limit) if limit.fract() == 0.0 && (1.0..=LIMIT.1 as f64).contains(&limit) => limit as usize,
        Some(_) => {
            let detail = format!("it is not a whole number from 1 to {}", LIMIT.1);
            return Err(invalid("limit", &detail, json!({ "min": 1, "max": LIMIT.1 })));
        }
    };
    let after = query.given::<Cursor>("cursor")?;
    Ok(state.store.list_predictions(&filter(query)?, after, limit).await?)
}

/// Predictions, newest first.
#[utoipa::path(get, path = "/api/v1/predictions", tag = "history",
    params(
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "predictions on a page, 1 to 200; 48 unless given"),
        ("verdict" = Option<String>, Query, description = "`right`, `wrong`, `nothing`, or `none` for those without a verdict"),
        ("model" = Option<String>, Query, description = "name of the model"),
        ("from" = Option<String>, Query, description = "made on this day (2026-01-31, UTC) or at this time (2026-01-31T08:00:00Z) or later"),
        ("to" = Option<String>, Query, description = "made until the end of this day (UTC), or before this time"),
        ("min_crack_ratio" = Option<f64>, Query, description = "least share of crack pixels, 0 to 1"),
        ("max_crack_ratio" = Option<f64>, Query, description = "greatest share of crack pixels, 0 to 1"),
        ("min_uncertainty" = Option<f64>, Query, description = "least uncertainty, 0 to 1"),
        ("q" = Option<String>, Query, description = "part of the file's name or of a comment on the photograph; at most 200 characters")),
    responses((status = 200, body = PredictionsAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn predictions(
    state: web::Data<WebState>,
    request: HttpRequest,
) -> Result<web::Json<PredictionsAnswer>, ApiError> {
    let known: Vec<&str> = FILTERS.into_iter().chain(["cursor", "limit"]).collect();
    let page = page(&state, &Query::read(&request, &known)?).await?;
    Ok(web::Json(PredictionsAnswer {
        predictions: page.predictions.into_iter().map(PredictionAnswer::from).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// What was predicted.
#[utoipa::path(get, path = "/api/v1/predictions/{id}", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, body = PredictionAnswer), (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn prediction(
    state: web::Data<WebState>,
    path: web::Path<String>,
) -> Result<web::Json<PredictionAnswer>, ApiError> {
    match state.store.prediction(parse_id(&path)?).await? {
        Some(kept) => Ok(web::Json(kept.into())),
        None => Ok(web::Json(find(&state, &path).await?.into())),
    }
}

/// Deletes a prediction; it can be restored until it is purged.
#[utoipa::path(delete, path = "/api/v1/predictions/{id}", tag = "history", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn delete(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    if !state.store.delete_prediction(parse_id(&path)?).await? {
        return Err(no_prediction());
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Takes back a deletion; a prediction that is not deleted stays as it is.
#[utoipa::path(post, operation_id = "restore_prediction", path = "/api/v1/predictions/{id}/restore", tag = "history", params(("id" = Uuid, Path)),
    responses((status = 200, body = PredictionAnswer), (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn restore(
    state: web::Data<WebState>,
    path: web::Path<String>,
) -> Result<web::Json<PredictionAnswer>, ApiError> {
    let id = parse_id(&path)?;
    state.store.restore_prediction(id).await?;
    Ok(web::Json(state.store.prediction(id).await?.ok_or_else(no_prediction)?.into()))
}

/// Says whether a prediction is right, wrong, or shows a crack where there is nothing.
///
/// `nothing` appends an empty label to the photograph; another verdict later withdraws it.
#[utoipa::path(put, path = "/api/v1/predictions/{id}/verdict", tag = "history", params(("id" = Uuid, Path)),
    request_body = VerdictRequest,
    responses((status = 200, body = PredictionAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json")))]
pub async fn verdict(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<web::Json<PredictionAnswer>, ApiError> {
    let id = parse_id(&path)?;
    let verdict = read_verdict(&read_body(&state, body).await?)?;
    if !state.store.say_verdict(id, verdict, &actor(&request)).await? {
        return Err(no_prediction());
    }
    metrics::counter!("hairline_verdicts_total", "verdict" => verdict.as_str()).increment(1);
    Ok(web::Json(state.store.prediction(id).await?.ok_or_else(no_prediction)?.into()))
}

fn read_verdict(body: &[u8]) -> Result<Verdict, ApiError> {
    let request: VerdictRequest = serde_json::from_slice(body)
        .map_err(|_| refused_verdict("The body must be JSON such as {\"verdict\": \"right\"}."))?;
    parse_verdict(&request.verdict)
}

/// Reads the word of a verdict.
///
/// # Errors
/// 400 if it is none.
pub fn parse_verdict(word: &str) -> Result<Verdict, ApiError> {
    word.parse().map_err(|expected| refused_verdict(&format!("`{word}` is not {expected}.")))
}

fn refused_verdict(detail: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_field", "A field is wrong", detail)
        .field("verdict")
        .limit(json!({ "allowed": Verdict::ALL.map(Verdict::as_str) }))
}
