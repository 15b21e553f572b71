//! `/api/v1/review` and `/api/v1/quarantine`: what to label next, and which labels wait for a person.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::review::{Reason, signals};
use crate::store::{Decided, LabelError, LabelState, QuarantinedLabel, ReviewCounts, ReviewItem, ReviewPlace};
use crate::web::guard::actor;
use crate::web::query::{Query, invalid};
use crate::web::{ApiError, WebState};

/// Items on a page unless another number is asked for, and at most.
const LIMIT: (u32, u32) = (20, 100);

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewAnswer {
    /// How far the next retraining is.
    pub counts: CountsAnswer,
    /// What to label next, best first.
    pub items: Vec<ReviewItemAnswer>,
    /// `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How far the next retraining is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountsAnswer {
    #[serde(flatten)]
    counts: ReviewCounts,
    /// Labels after which a retraining is due.
    threshold: u64,
    /// All of it in words: "7 of 10 labelled, 12 wait for a mask".
    pub summary: String,
}

impl CountsAnswer {
    fn new(counts: ReviewCounts, threshold: u64) -> Self {
        let ReviewCounts { labelled, waiting, .. } = counts;
        let wait = if waiting == 1 { "waits" } else { "wait" };
        Self { counts, threshold, summary: format!("{labelled} of {threshold} labelled, {waiting} {wait} for a mask") }
    }
}

/// A photograph to label.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewItemAnswer {
    /// SHA-256 of the photograph's file.
    pub image_sha256: String,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// Its latest prediction, if it has one.
    #[schema(value_type = Option<Uuid>)]
    pub prediction_id: Option<String>,
    /// Name of the file at the sender's.
    pub file_name: Option<String>,
    /// Whether a person asked for a label of it.
    pub waiting: bool,
    /// What was said when it was given for retraining.
    pub comment: Option<String>,
    /// What a label of it would be worth, 0 to 1.
    pub benefit: f64,
    /// Why it is asked, in words.
    pub reason: String,
}

impl From<ReviewItem> for ReviewItemAnswer {
    fn from(item: ReviewItem) -> Self {
        let why = signals(&item.review).words();
        let reason = match (item.waiting, item.said_wrong, item.prediction_id.is_some()) {
            (true, true, _) => format!("Somebody said that the mask is wrong, and it was not corrected yet; {why}."),
            (true, false, true) => format!("It was given for retraining without a mask; {why}."),
            (true, false, false) => "It was given for retraining without a mask; no model has seen it.".into(),
            (false, ..) => capitalised(&format!("{why}.")),
        };
        Self {
            image_sha256: item.review.image_sha256,
            width: item.size.0,
            height: item.size.1,
            prediction_id: item.prediction_id,
            file_name: item.file_name,
            waiting: item.waiting,
            comment: item.comment,
            benefit: item.review.benefit,
            reason,
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A page of the quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineAnswer {
    /// Those that wait longest first.
    pub labels: Vec<QuarantinedAnswer>,
    /// Labels that were not looked at yet; they may come.
    pub unchecked: i64,
    /// `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A label that does not train until a person accepts it.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantinedAnswer {
    /// SHA-256 of the photograph's file.
    pub image_sha256: String,
    /// Version of the label.
    pub version: i64,
    /// Who made it.
    pub actor: String,
    /// When, Unix milliseconds.
    pub created_ms: i64,
    /// Why it waits.
    pub reasons: Vec<ReasonAnswer>,
    /// Whether a person may accept it all the same.
    pub can_be_accepted: bool,
}

/// A reason with its figures and as a sentence.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReasonAnswer {
    #[serde(flatten)]
    reason: Reason,
    /// The reason as a sentence.
    pub detail: String,
}

impl From<QuarantinedLabel> for QuarantinedAnswer {
    fn from(label: QuarantinedLabel) -> Self {
        let reasons = reasons(&label.reasons);
        Self {
            image_sha256: label.image_sha256,
            version: label.version,
            actor: label.actor,
            created_ms: label.created_ms,
            can_be_accepted: reasons.iter().all(Reason::can_be_overruled),
            reasons: reasons.into_iter().map(|reason| ReasonAnswer { detail: reason.text(), reason }).collect(),
        }
    }
}

/// Reasons that the store kept; what an earlier version wrote and this one does not know is unreadable.
fn reasons(json: &str) -> Vec<Reason> {
    serde_json::from_str(json).unwrap_or_else(|error| vec![Reason::Unreadable { problem: error.to_string() }])
}

/// What became of a label.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionAnswer {
    image_sha256: String,
    version: i64,
    state: LabelState,
}

/// How far the next retraining is. No retraining is recorded yet, so all labels count.
async fn counts(state: &WebState) -> Result<CountsAnswer, ApiError> {
    Ok(CountsAnswer::new(state.store.review_counts(0).await?, state.settings.retrain.threshold))
}

/// The page of the queue that `query` asks for.
///
/// # Errors
/// 400 if a parameter is wrong; or the store fails.
pub async fn queue(state: &WebState, query: &Query) -> Result<ReviewAnswer, ApiError> {
    let limit = limit(query)?;
    let wrong =
        || invalid("cursor", "it is not `next` of a page before", json!({ "expected": "`next` of a page before" }));
    let after = query.get("cursor").map(|text| parse_place(text).ok_or_else(wrong)).transpose()?;
    let items = state.store.review_queue(after, limit).await?;
    let full = items.len() == limit as usize;
    let next = items
        .last()
        .filter(|_| full)
        .map(|item| format!("{}_{}_{}", u8::from(item.waiting), item.review.benefit, item.review.image_sha256));
    let items = items.into_iter().map(ReviewItemAnswer::from).collect();
    Ok(ReviewAnswer { counts: counts(state).await?, items, next })
}

fn parse_place(text: &str) -> Option<ReviewPlace> {
    let mut parts = text.splitn(3, '_');
    let waiting = match parts.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let benefit = parts.next()?.parse().ok().filter(|benefit: &f64| benefit.is_finite())?;
    Some(ReviewPlace { waiting, benefit, image_sha256: parts.next()?.to_owned() })
}

/// The page of the quarantine that `query` asks for.
///
/// # Errors
/// 400 if a parameter is wrong; or the store fails.
pub async fn quarantined(state: &WebState, query: &Query) -> Result<QuarantineAnswer, ApiError> {
    let limit = limit(query)?;
    let wrong =
        || invalid("cursor", "it is not `next` of a page before", json!({ "expected": "`next` of a page before" }));
    let parse = |text: &str| text.split_once('_').and_then(|(ms, sha256)| Some((ms.parse().ok()?, sha256.to_owned())));
    let after = query.get("cursor").map(|text| parse(text).ok_or_else(wrong)).transpose()?;
    let labels = state.store.quarantined_labels(after, limit).await?;
    let full = labels.len() == limit as usize;
    let next = labels.last().filter(|_| full).map(|label| format!("{}_{}", label.checked_ms, label.image_sha256));
    let unchecked = state.store.review_counts(0).await?.unchecked;
    Ok(QuarantineAnswer { labels: labels.into_iter().map(QuarantinedAnswer::from).collect(), unchecked, next })
}

fn limit(query: &Query) -> Result<u32, ApiError> {
    match query.number("limit")? {
        None => Ok(LIMIT.0),
        Some(limit) if limit.fract() == 0.0 && (1.0..=f64::from(LIMIT.1)).contains(&limit) => Ok(limit as u32),
        Some(_) => {
            let detail = format!("it is not a whole number from 1 to {}", LIMIT.1);
            Err(invalid("limit", &detail, json!({ "min": 1, "max": LIMIT.1 })))
        }
    }
}

/// Which photographs to label next: first those that people asked for, then by what a label would teach.
///
/// The benefit is 0.5 × uncertainty of the latest prediction + 0.3 × disagreement of the two latest models (1 − Dice)
/// + 0.2 × novelty (distance of the perceptual hash to the nearest labelled photograph, over 32 bits).
#[utoipa::path(get, path = "/api/v1/review", tag = "review",
    params(("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "photographs on a page, 1 to 100; 20 unless given")),
    responses((status = 200, body = ReviewAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn review(state: web::Data<WebState>, request: HttpRequest) -> Result<web::Json<ReviewAnswer>, ApiError> {
    Ok(web::Json(queue(&state, &Query::read(&request, &["cursor", "limit"])?).await?))
}

/// Labels that do not train until a person accepts them, with the reasons.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "review",
    params(("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "labels on a page, 1 to 100; 20 unless given")),
    responses((status = 200, body = QuarantineAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn quarantine(
    state: web::Data<WebState>,
    request: HttpRequest,
) -> Result<web::Json<QuarantineAnswer>, ApiError> {
    Ok(web::Json(quarantined(&state, &Query::read(&request, &["cursor", "limit"])?).await?))
}

/// Says that a label may train although something is odd about it.
#[utoipa::path(post, path = "/api/v1/images/{sha256}/labels/{version}/accept", tag = "review",
    params(("sha256" = String, Path), ("version" = i64, Path)),
    responses((status = 200, body = DecisionAnswer),
        (status = 409, description = "It was not looked at yet, or cannot be accepted", body = ApiError, content_type = "application/problem+json"),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn accept(
    state: web::Data<WebState>,
    path: web::Path<(String, i64)>,
    request: HttpRequest,
) -> Result<web::Json<DecisionAnswer>, ApiError> {
    let review = state.store.label_review(&path.0, path.1).await?;
    let found = review.map(|(_, json)| reasons(&json)).unwrap_or_default();
    if let Some(reason) = found.iter().find(|reason| !reason.can_be_overruled()) {
        let detail = format!("{} Such a label cannot train; save another one.", reason.text());
        return Err(ApiError::new(StatusCode::CONFLICT, "cannot_overrule", "The label cannot be accepted", detail)
            .field("version")
            .limit(json!({ "reason": reason })));
    }
    decide(&state, path.into_inner(), LabelState::Accepted, &actor(&request)).await
}

/// Says that a label must not train; its photograph waits for another one.
#[utoipa::path(post, path = "/api/v1/images/{sha256}/labels/{version}/reject", tag = "review",
    params(("sha256" = String, Path), ("version" = i64, Path)),
    responses((status = 200, body = DecisionAnswer),
        (status = 409, description = "It was not looked at yet", body = ApiError, content_type = "application/problem+json"),
        (status = "4XX", body = ApiError, content_type = "application/problem+json")))]
pub async fn reject(
    state: web::Data<WebState>,
    path: web::Path<(String, i64)>,
    request: HttpRequest,
) -> Result<web::Json<DecisionAnswer>, ApiError> {
    decide(&state, path.into_inner(), LabelState::Rejected, &actor(&request)).await
}

async fn decide(
    state: &WebState,
    (image_sha256, version): (String, i64),
    decision: LabelState,
    actor: &str,
) -> Result<web::Json<DecisionAnswer>, ApiError> {
    match state.store.decide_label(&image_sha256, version, decision, actor).await? {
        Decided::Done => Ok(web::Json(DecisionAnswer { image_sha256, version, state: decision })),
        Decided::Unknown => Err(LabelError::UnknownVersion.into()),
        Decided::Unchecked => Err(ApiError::new(
            StatusCode::CONFLICT,
            "label_unchecked",
            "The label was not looked at yet",
            "The label is looked at in a moment; then it can be accepted or rejected.",
        )
        .field("version")),
    }
}
