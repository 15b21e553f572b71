//! `/predictions/{id}/cracks`: measured cracks below their photograph, at any threshold, scale and standard.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::card::Card;
use super::crack_panel::{CracksPanel, Problem};
use super::{error_page, html, judge, predictions, wants_fragment};
use crate::domain::Prediction;
use crate::web::api::cracks::{CrackQuery, inspect};
use crate::web::api::pictures::find;
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

/// The cracks by themselves, for HTMX.
#[derive(Template)]
#[template(path = "cracks.html")]
struct CracksFragment {
    panel: CracksPanel,
}

/// The fragment, or the page of the prediction with it.
pub async fn cracks(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let prediction = match find(&state, &path).await {
        Ok(prediction) => prediction,
        Err(problem) if wants_fragment(&request) => return refusal(&path, &problem),
        Err(problem) => return Ok(error_page(&state, &request, problem)),
    };
    let asked = asked_panel(&state, prediction.clone(), &request).await;
    if wants_fragment(&request) {
        return match asked {
            Ok(panel) => html(&CracksFragment { panel }),
            Err(problem) => refusal(&path, &problem),
        };
    }
    let (card, status) = match asked {
        Ok(panel) => {
            let judged = judge::judged(&state, prediction.id).await;
            (Card { judged, ..Card::done(prediction, Some(panel)) }, StatusCode::OK)
        }
        Err(problem) => {
            let mut card = predictions::card(&state, prediction.id).await;
            if let Some(panel) = &mut card.cracks {
                panel.problem = Some(Problem::new(&problem));
            }
            (card, problem.status)
        }
    };
    let mut response = predictions::page(&state, vec![card])?;
    *response.status_mut() = status;
    Ok(response)
}

async fn asked_panel(
    state: &web::Data<WebState>,
    prediction: Prediction,
    request: &HttpRequest,
) -> Result<CracksPanel, ApiError> {
    let query = CrackQuery::read(state, request)?;
    let found = inspect(state, prediction, query.clone()).await?;
    Ok(CracksPanel { asked: true, ..CracksPanel::new(state, &found, &query) })
}

/// The cracks of `prediction` as they were measured with it, without a scale.
///
/// # Errors
/// If they cannot be read.
pub async fn default_panel(state: &web::Data<WebState>, prediction: Prediction) -> Result<CracksPanel, ApiError> {
    let query = CrackQuery::of(state, &Query::default())?;
    let found = inspect(state, prediction, query.clone()).await?;
    Ok(CracksPanel::new(state, &found, &query))
}

/// A refusal that HTMX puts beside the field that was wrong, so that the cracks stay as they are.
fn refusal(id: &str, problem: &ApiError) -> Result<HttpResponse, ApiError> {
    let Ok(id) = Uuid::parse_str(id) else { return Err(problem.clone()) };
    let shown = Problem::new(problem);
    let mut response = html(&shown)?;
    *response.status_mut() = problem.status;
    let place = HeaderValue::from_str(&format!("[id='problem-{}-{id}']", shown.place)).map_err(ApiError::internal)?;
    response.headers_mut().insert(HeaderName::from_static("hx-retarget"), place);
    response.headers_mut().insert(HeaderName::from_static("hx-reswap"), HeaderValue::from_static("innerHTML"));
    Ok(response)
}
