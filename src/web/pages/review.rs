//! `/review`: what to label next, and which labels wait for a person.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{Frame, ShownModel, html};
use crate::web::api::review::{self, QuarantinedAnswer, ReviewItemAnswer};
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    version: &'static str,
    model: ShownModel,
    counts: String,
    items: Vec<ReviewItemAnswer>,
    labels: Vec<QuarantinedAnswer>,
    unchecked: i64,
    next: Option<String>,
}

/// The page.
pub async fn page(state: web::Data<WebState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let quarantine = review::quarantined(&state, &Query::read(&request, &["cursor"])?).await?;
    let queue = review::queue(&state, &Query::default()).await?;
    let Frame { version, model } = Frame::new(&state);
    html(&ReviewPage {
        version,
        model,
        counts: queue.counts.summary,
        items: queue.items,
        labels: quarantine.labels,
        unchecked: quarantine.unchecked,
        next: quarantine.next,
    })
}

/// Accepts a label; the page is shown again.
pub async fn accept(
    state: web::Data<WebState>,
    path: web::Path<(String, i64)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    review::accept(state, path, request).await?;
    Ok(again())
}

/// Rejects a label; the page is shown again.
pub async fn reject(
    state: web::Data<WebState>,
    path: web::Path<(String, i64)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    review::reject(state, path, request).await?;
    Ok(again())
}

fn again() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/review#quarantine")).finish()
}
