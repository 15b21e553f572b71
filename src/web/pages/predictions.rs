//! Photographs that the page sends, and the cards that show how far they are.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use bytes::Bytes;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::card::{Card, CardFragment};
use super::{Frame, ShownModel, assets, cracks, error_page, html, judge, wants_fragment};
use crate::domain::Prediction;
use crate::serving::{PredictError, Progress, Upload};
use crate::store::RecentError;
use crate::synth::samples::SAMPLES;
use crate::web::api::pictures::find;
use crate::web::guard::actor;
use crate::web::query::Query;
use crate::web::upload::Form;
use crate::web::{ApiError, WebState};

/// Tells HTMX to swap and to poll no more.
const STOP_POLLING: u16 = 286;

/// When the page asks again whether there is room.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "prediction.html")]
struct PredictionPage {
    version: &'static str,
    model: ShownModel,
    running: bool,
    cards: Vec<Card>,
}

/// `POST /predictions`: accepts photographs and answers at once.
pub async fn create(state: web::Data<WebState>, request: HttpRequest, body: Payload) -> HttpResponse {
    let fragment = wants_fragment(&request);
    let uploads = match read_uploads(&state, &request, body).await {
        Ok(uploads) => uploads,
        Err(problem) if fragment => return refusal(&problem),
        Err(problem) => return error_page(&state, &request, problem),
    };
    let ids: Vec<Uuid> = uploads.into_iter().map(|upload| start(&state, upload)).collect();
    if fragment {
        return fragment_of(card(&state, ids[0]).await, StatusCode::ACCEPTED);
    }
    let location = match ids.as_slice() {
        [id] => format!("/predictions/{id}"),
        ids => format!("/predictions?ids={}", ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")),
    };
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

async fn read_uploads(state: &WebState, request: &HttpRequest, body: Payload) -> Result<Vec<Upload>, ApiError> {
    let mut form = Form::read(state, request, body, &["file", "sample"]).await?;
    // A browser sends an empty part for a picker in which nothing was chosen.
    let mut uploads: Vec<Upload> = form.files("file").into_iter().filter(|file| !file.content.is_empty()).collect();
    if let Some(name) = form.text("sample", 100)? {
        uploads.push(sample(&name, actor(request))?);
    }
    if uploads.is_empty() {
        let detail = "No photograph was chosen, or it is empty.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "missing_field", "No photograph", detail)
            .field("file")
            .limit(json!({ "min_files": 1 })));
    }
    let max = state.settings.inference.queue_photos;
    if state.jobs.running() + uploads.len() > max.max(uploads.len()) {
        let detail = format!("{max} photographs are waiting already; the page tries again by itself.");
        return Err(ApiError::unavailable("queue_full", detail, RETRY.as_secs()).limit(json!({ "max_photos": max })));
    }
    Ok(uploads)
}

fn sample(name: &str, actor: String) -> Result<Upload, ApiError> {
    let file_name = format!("{name}.jpg");
    let known = SAMPLES.iter().any(|sample| sample.name == name);
    let file = known.then(|| assets::find(&format!("samples/{file_name}"))).flatten();
    let file = file.ok_or_else(|| {
        let names: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_field",
            "No such sample",
            format!("There is no sample `{name}`."),
        )
        .field("sample")
        .limit(json!({ "allowed": names }))
    })?;
    Ok(Upload { file_name, content: Bytes::from(file.data.into_owned()), actor })
}

/// A refusal as a card, with the headers that it has as JSON.
fn refusal(problem: &ApiError) -> HttpResponse {
    let mut response = fragment_of(Card::failed(Uuid::now_v7(), "Photograph".into(), problem), problem.status);
    if let Some(wait) = problem.error_response().headers().get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    response
}

/// Starts a prediction that outlives this request, and shutdown waits for.
fn start(state: &web::Data<WebState>, upload: Upload) -> Uuid {
    let id = Uuid::now_v7();
    let progress = Arc::new(Progress::default());
    state.jobs.begin(id, upload.file_name.clone(), Arc::clone(&progress));
    let (predictor, jobs) = (Arc::clone(&state.predictor), Arc::clone(&state.jobs));
    let task = async move {
        loop {
            match predictor.predict_as(id, upload.clone(), Arc::clone(&progress)).await {
                Ok(_) => return drop(jobs.forget(id)),
                // The page has its own place in the queue; programs that fill the rest must not cost a person theirs.
                Err(PredictError::Overloaded(busy)) if jobs.get(id).is_some() => {
                    sleep(busy.retry_after.min(RETRY)).await;
                }
                Err(error) => return jobs.fail(id, error.into()),
            }
        }
    };
    state.background.spawn_on(task, &state.runtime);
    id
}

/// `GET /predictions/{id}`: the card, or the page with the card.
pub async fn one(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Ok(id) = Uuid::parse_str(&path) else {
        return Ok(error_page(&state, &request, ApiError::not_found("There is no prediction of this id.").field("id")));
    };
    let card = card(&state, id).await;
    if !wants_fragment(&request) {
        return page(&state, vec![card]);
    }
    let stop = StatusCode::from_u16(STOP_POLLING).map_err(ApiError::internal)?;
    let status = if card.state == "running" { StatusCode::OK } else { stop };
    Ok(fragment_of(card, status))
}

/// `GET /predictions?ids=…`: the cards of several photographs that were sent together.
pub async fn several(state: web::Data<WebState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let ids = match Query::read(&request, &["ids"]) {
        Ok(query) => query.get("ids").unwrap_or_default().to_owned(),
        Err(problem) => return Ok(error_page(&state, &request, problem)),
    };
    let mut cards = Vec::new();
    for id in ids.split(',').filter_map(|id| Uuid::parse_str(id).ok()) {
        cards.push(card(&state, id).await);
    }
    page(&state, cards)
}

/// `DELETE /predictions/{id}`: stops computing it.
pub async fn cancel(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id =
        Uuid::parse_str(&path).map_err(|_| ApiError::not_found("There is no prediction of this id.").field("id"))?;
    let name = state.jobs.forget(id).map_or_else(String::new, |job| {
        job.progress.cancel();
        job.file_name
    });
    Ok(fragment_of(Card::gone(id, name), StatusCode::OK))
}

/// What is known of `id` now.
pub async fn card(state: &web::Data<WebState>, id: Uuid) -> Card {
    if let Some(job) = state.jobs.get(id) {
        return Card::from_job(id, job, state.jobs.before(id));
    }
    match find(state, &id.to_string()).await {
        Ok(prediction) => finished(state, prediction).await,
        Err(error) if error.status == StatusCode::NOT_FOUND => Card::gone(id, "Photograph".into()),
        Err(error) => Card::failed(id, "Photograph".into(), &error),
    }
}

async fn finished(state: &web::Data<WebState>, prediction: Prediction) -> Card {
    let id = prediction.id;
    let recent = Arc::clone(&state.recent);
    let card = match web::block(move || recent.prediction(id)).await {
        Ok(Err(RecentError::Gone)) => Card::kept(prediction),
        _ => {
            let cracks = cracks::default_panel(state, prediction.clone()).await;
            // The rest of the result is worth showing without them; the log has the reason.
            Card::done(prediction, cracks.ok())
        }
    };
    Card { judged: judge::judged(state, id).await, ..card }
}

/// The page with `cards`.
pub fn page(state: &WebState, cards: Vec<Card>) -> Result<HttpResponse, ApiError> {
    let Frame { version, model } = Frame::new(state);
    let running = cards.iter().any(|card| card.state == "running");
    html(&PredictionPage { version, model, running, cards })
}

fn fragment_of(card: Card, status: StatusCode) -> HttpResponse {
    match html(&CardFragment { card }) {
        Ok(mut response) => {
            *response.status_mut() = status;
            response
        }
        Err(error) => error.error_response(),
    }
}
