//! `GET /predictions/{id}/edit`: the mask editor.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::{Frame, ShownModel, error_page, html};
use crate::digest::sha256_hex;
use crate::domain::Prediction;
use crate::web::api::pictures::{find, original};
use crate::web::{ApiError, WebState};

#[derive(Template)]
#[template(path = "editor.html")]
struct EditorPage {
    version: &'static str,
    model: ShownModel,
    id: Uuid,
    name: String,
    width: u32,
    height: u32,
    threshold: f32,
    /// The model that marked it.
    marked_by: String,
    /// SHA-256 of the photograph, under which its labels are kept.
    image: String,
}

/// The page; labels and pictures are fetched by its script.
pub async fn edit(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    match photograph(&state, &path).await {
        Ok((prediction, image)) => html(&page(&state, prediction, image)),
        Err(problem) => Ok(error_page(&state, &request, problem)),
    }
}

async fn photograph(state: &web::Data<WebState>, id: &str) -> Result<(Prediction, String), ApiError> {
    let prediction = find(state, id).await?;
    let image = match state.store.prediction_or_deleted(prediction.id).await? {
        Some(kept) => kept.image_sha256,
        None => sha256_hex(original(state, prediction.id).await?),
    };
    Ok((prediction, image))
}

fn page(state: &WebState, prediction: Prediction, image: String) -> EditorPage {
    let Frame { version, model } = Frame::new(state);
    let summary = prediction.summary;
    EditorPage {
        version,
        model,
        id: prediction.id,
        name: prediction.file_name,
        width: summary.width,
        height: summary.height,
        threshold: summary.threshold,
        marked_by: prediction.model.name,
        image,
    }
}
