//! `GET /history`: every prediction that was made, to look through, judge and delete.

use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::card::percent;
use super::judge::Judged;
use super::{Frame, ShownModel, error_page, html, wants_fragment};
use crate::store::{HistoryPage, KeptPrediction};
use crate::vision::thumbnail;
use crate::web::api::history::{FILTERS, page};
use crate::web::api::pictures::{no_prediction, parse_id};
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryTemplate {
    version: &'static str,
    model: ShownModel,
    asked: Asked,
    choices: Vec<Choice>,
    shots: Vec<Shot>,
    next_url: String,
    filtered: bool,
    undo: Undo,
}

#[derive(Template)]
#[template(path = "gallery.html")]
struct GalleryFragment {
    shots: Vec<Shot>,
    next_url: String,
    filtered: bool,
}

#[derive(Template)]
#[template(path = "shots.html")]
struct ShotsFragment {
    shots: Vec<Shot>,
    next_url: String,
}

#[derive(Template)]
#[template(path = "deleted.html")]
struct DeletedFragment {
    undo: Undo,
    oob: bool,
}

#[derive(Template)]
#[template(path = "restored.html")]
struct RestoredFragment {
    shot: Shot,
    undo: Undo,
    oob: bool,
}

#[derive(Template)]
#[template(path = "undo.html")]
struct UndoFragment {
    undo: Undo,
    oob: bool,
}

/// What was typed into the filters.
struct Asked {
    q: String,
    from: String,
    to: String,
}

/// A filter with a list of values.
struct Choice {
    name: &'static str,
    title: &'static str,
    options: Vec<Value>,
    chosen: String,
}

struct Value {
    value: String,
    text: String,
}

/// One prediction in the gallery.
struct Shot {
    id: Uuid,
    name: String,
    width: u32,
    height: u32,
    time: String,
    when: String,
    model: String,
    crack_percent: String,
    uncertainty_percent: String,
    judged: Judged,
}

/// What was deleted and can be restored, or why it was not; both empty for nothing.
#[derive(Default)]
struct Undo {
    id: String,
    name: String,
    problem: String,
}

impl From<KeptPrediction> for Shot {
    fn from(kept: KeptPrediction) -> Self {
        let judged = Judged::from(&kept);
        let summary = kept.prediction.summary;
        let (width, height) = thumbnail::size((summary.width, summary.height));
        let time = Timestamp::from_millisecond(kept.created_ms).unwrap_or_default();
        Self {
            id: kept.prediction.id,
            name: kept.prediction.file_name,
            width,
            height,
            time: time.to_string(),
            when: time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            model: kept.prediction.model.name,
            crack_percent: percent(summary.crack_ratio),
            uncertainty_percent: format!("{:.0}", kept.uncertainty * 100.0),
            judged,
        }
    }
}

fn choice(query: &Query, name: &'static str, title: &'static str, options: &[(&str, &str)]) -> Choice {
    let value = |(value, text): &(&str, &str)| Value { value: (*value).into(), text: (*text).into() };
    let chosen = query.get(name).unwrap_or_default().to_owned();
    Choice { name, title, options: options.iter().map(value).collect(), chosen }
}

/// The filters; a value that came by URL and is not in the list is added, so that the form says what holds.
fn choices(query: &Query, models: &[String]) -> Vec<Choice> {
    let models: Vec<(&str, &str)> =
        [("", "All")].into_iter().chain(models.iter().map(|name| (name.as_str(), name.as_str()))).collect();
    let verdicts =
        [("", "All"), ("none", "None yet"), ("right", "Right"), ("wrong", "Wrong"), ("nothing", "Nothing here")];
    let least = [("", "Any"), ("0.0001", "0.01 %"), ("0.001", "0.1 %"), ("0.01", "1 %"), ("0.05", "5 %")];
    let most = [("", "Any"), ("0", "None found"), ("0.001", "0.1 %"), ("0.01", "1 %"), ("0.05", "5 %")];
    let unsure = [("", "Any"), ("0.1", "10 %"), ("0.25", "25 %"), ("0.5", "50 %"), ("0.75", "75 %")];
    let mut choices = vec![
        choice(query, "verdict", "Verdict", &verdicts),
        choice(query, "min_crack_ratio", "Crack, at least", &least),
        choice(query, "max_crack_ratio", "Crack, at most", &most),
        choice(query, "min_uncertainty", "Unsure, at least", &unsure),
        choice(query, "model", "Model", &models),
    ];
    for Choice { options, chosen, .. } in &mut choices {
        if options.iter().all(|option| option.value != *chosen) {
            options.push(Value { value: chosen.clone(), text: chosen.clone() });
        }
    }
    choices
}

fn next_url(query: &Query, page: &HistoryPage) -> String {
    let Some(next) = page.next else { return String::new() };
    let given = FILTERS.iter().filter_map(|name| Some((*name, query.get(name).filter(|value| !value.is_empty())?)));
    let encode =
        |value: &str| percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
    let filters: String = given.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
    format!("/history?{filters}cursor={next}")
}

/// The page; for HTMX the gallery, or with a cursor the photographs that come next.
pub async fn history(state: web::Data<WebState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    match shown(&state, &request).await {
        Ok(response) => Ok(response),
        Err(problem) => refused(&state, &request, problem),
    }
}

async fn shown(state: &WebState, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let known: Vec<&str> = FILTERS.into_iter().chain(["cursor", "deleted"]).collect();
    let query = Query::read(request, &known)?;
    let page = page(state, &query).await?;
    let (next_url, filtered) =
        (next_url(&query, &page), FILTERS.iter().any(|name| query.get(name).is_some_and(|v| !v.is_empty())));
    let shots: Vec<Shot> = page.predictions.into_iter().map(Shot::from).collect();
    if wants_fragment(request) {
        return match query.get("cursor") {
            Some(_) => html(&ShotsFragment { shots, next_url }),
            None => html(&GalleryFragment { shots, next_url, filtered }),
        };
    }
    let Frame { version, model } = Frame::new(state);
    let typed = |name: &str| query.get(name).unwrap_or_default().to_owned();
    let asked = Asked { q: typed("q"), from: typed("from"), to: typed("to") };
    let choices = choices(&query, &state.store.predicting_models().await?);
    let undo = undo(state, query.get("deleted").unwrap_or_default()).await?;
    html(&HistoryTemplate { version, model, asked, choices, shots, next_url, filtered, undo })
}

/// The offer to restore prediction `id`, if it is deleted.
async fn undo(state: &WebState, id: &str) -> Result<Undo, ApiError> {
    let Ok(id) = Uuid::parse_str(id) else { return Ok(Undo::default()) };
    let kept = state.store.prediction_or_deleted(id).await?.filter(|kept| kept.deleted_ms.is_some());
    Ok(kept.map_or_else(Undo::default, |kept| Undo {
        id: id.to_string(),
        name: kept.prediction.file_name,
        problem: String::new(),
    }))
}

/// `POST /history/{id}/delete`: takes a prediction out of the gallery and offers to restore it.
pub async fn delete(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let done = async {
        let id = parse_id(&path)?;
        if !state.store.delete_prediction(id).await? {
            return Err(no_prediction());
        }
        undo(&state, &path).await
    };
    match done.await {
        Ok(undo) if wants_fragment(&request) => html(&DeletedFragment { undo, oob: true }),
        Ok(undo) => {
            Ok(HttpResponse::SeeOther().insert_header((LOCATION, format!("/history?deleted={}", undo.id))).finish())
        }
        Err(problem) => refused(&state, &request, problem),
    }
}

/// `POST /history/{id}/restore`: brings it back where it was.
pub async fn restore(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let done = async {
        let id = parse_id(&path)?;
        state.store.restore_prediction(id).await?;
        state.store.prediction(id).await?.ok_or_else(no_prediction)
    };
    match done.await {
        Ok(kept) if wants_fragment(&request) => {
            html(&RestoredFragment { shot: kept.into(), undo: Undo::default(), oob: true })
        }
        Ok(_) => Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/history")).finish()),
        Err(problem) => refused(&state, &request, problem),
    }
}

/// Leaves the gallery as it is and says why.
fn refused(state: &WebState, request: &HttpRequest, problem: ApiError) -> Result<HttpResponse, ApiError> {
    if !wants_fragment(request) {
        return Ok(error_page(state, request, problem));
    }
    let mut response = html(&UndoFragment { undo: Undo { problem: problem.detail, ..Undo::default() }, oob: false })?;
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("hx-retarget"), HeaderValue::from_static("#undo"));
    headers.insert(HeaderName::from_static("hx-reswap"), HeaderValue::from_static("outerHTML"));
    Ok(response)
}
