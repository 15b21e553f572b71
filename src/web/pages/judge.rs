//! `POST /predictions/{id}/verdict`: right, wrong or nothing here, in one click.

use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::{error_page, html, wants_fragment};
use crate::domain::Verdict;
use crate::store::KeptPrediction;
use crate::web::api::history::parse_verdict;
use crate::web::api::pictures::{no_prediction, parse_id};
use crate::web::guard::actor;
use crate::web::upload::read_body;
use crate::web::{ApiError, WebState};

/// The buttons of one prediction, and what was said last.
#[derive(Debug, Clone)]
pub struct Judged {
    pub id: Uuid,
    pub name: String,
    /// The latest verdict; empty for none.
    pub verdict: &'static str,
    /// Why the last click was in vain; empty if it was not.
    pub problem: String,
}

impl From<&KeptPrediction> for Judged {
    fn from(kept: &KeptPrediction) -> Self {
        Self {
            id: kept.prediction.id,
            name: kept.prediction.file_name.clone(),
            verdict: kept.verdict.as_ref().map_or("", |latest| latest.verdict.as_str()),
            problem: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "judge.html")]
struct JudgeFragment {
    judged: Judged,
}

/// The buttons of prediction `id`, if it is in the history.
pub async fn judged(state: &WebState, id: Uuid) -> Option<Judged> {
    state.store.prediction(id).await.ok().flatten().as_ref().map(Judged::from)
}

/// Keeps the verdict; `wrong` goes on to the editor.
pub async fn say(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let said = match read_word(&state, body).await {
        Ok(word) => keep(&state, &path, &word, &actor(&request)).await,
        Err(problem) => Err(problem),
    };
    let editor = format!("/predictions/{}/edit", *path);
    match said {
        Ok((_, Verdict::Wrong)) if wants_fragment(&request) => {
            let place = HeaderValue::from_str(&editor).map_err(ApiError::internal)?;
            Ok(HttpResponse::Ok().insert_header((HeaderName::from_static("hx-redirect"), place)).finish())
        }
        Ok((judged, _)) if wants_fragment(&request) => html(&JudgeFragment { judged }),
        Ok((_, Verdict::Wrong)) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, editor)).finish()),
        Ok((judged, _)) => {
            Ok(HttpResponse::SeeOther().insert_header((LOCATION, format!("/predictions/{}", judged.id))).finish())
        }
        Err(problem) if wants_fragment(&request) => refusal(&state, &path, &problem).await,
        Err(problem) => Ok(error_page(&state, &request, problem)),
    }
}

/// The word that a button of the form sends.
async fn read_word(state: &WebState, body: web::Payload) -> Result<String, ApiError> {
    let body = read_body(state, body).await?;
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map(web::Query::into_inner).unwrap_or_default();
    Ok(pairs.into_iter().find(|(name, _)| name == "verdict").map(|(_, word)| word).unwrap_or_default())
}

async fn keep(state: &WebState, id: &str, verdict: &str, actor: &str) -> Result<(Judged, Verdict), ApiError> {
    let (id, verdict) = (parse_id(id)?, parse_verdict(verdict)?);
    if !state.store.say_verdict(id, verdict, actor).await? {
        return Err(no_prediction());
    }
    metrics::counter!("hairline_verdicts_total", "verdict" => verdict.as_str()).increment(1);
    Ok((judged(state, id).await.ok_or_else(no_prediction)?, verdict))
}

/// The buttons as they are, with the reason why nothing was kept.
async fn refusal(state: &WebState, id: &str, problem: &ApiError) -> Result<HttpResponse, ApiError> {
    let Ok(id) = Uuid::parse_str(id) else { return Err(problem.clone()) };
    let judged =
        judged(state, id).await.unwrap_or(Judged { id, name: String::new(), verdict: "", problem: String::new() });
    let mut response = html(&JudgeFragment { judged: Judged { problem: problem.detail.clone(), ..judged } })?;
    *response.status_mut() = problem.status;
    Ok(response)
}
