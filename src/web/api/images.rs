//! `/api/v1/images/{sha256}`: a photograph that is kept, and predicting it once more.

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use image::ImageFormat;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pictures::{UNCHANGING, blocking, shown};
use crate::serving::{Progress, Upload};
use crate::store::{KeptImage, LabelError};
use crate::vision::{decode, thumbnail};
use crate::web::guard::actor;
use crate::web::{ApiError, WebState};

/// A prediction that was made of a photograph that is here already.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictedAnswer {
    /// Its pictures are at `/api/v1/predictions/{id}/…`.
    id: Uuid,
}

/// The photograph with this SHA-256, in a form that browsers show.
#[utoipa::path(get, path = "/api/v1/images/{sha256}/photo", tag = "labels", params(("sha256" = String, Path)),
    responses((status = 200, content_type = "image/*", body = Vec<u8>),
        (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn image_photo(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let image = find(&state, &path).await?;
    let media_type = ImageFormat::from_path(&image.path).unwrap_or(ImageFormat::Jpeg).to_mime_type();
    let content = fs_err::tokio::read(&image.path).await.map_err(ApiError::internal)?;
    shown(content.into(), media_type.into(), state.predictor.limits()).await
}

/// The photograph with this SHA-256 in small, as JPEG.
#[utoipa::path(get, path = "/api/v1/images/{sha256}/thumbnail.jpg", tag = "labels", params(("sha256" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn image_thumbnail(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let image = find(&state, &path).await?;
    let limits = state.predictor.limits();
    let _place = state.predictor.decoding_place().await?;
    let content = fs_err::tokio::read(&image.path).await.map_err(ApiError::internal)?;
    let small =
        blocking(move || thumbnail::jpeg(&decode::decode(&content, limits)?.pixels).map_err(ApiError::internal));
    Ok(HttpResponse::Ok().content_type("image/jpeg").insert_header((CACHE_CONTROL, UNCHANGING)).body(small.await?))
}

/// Finds the cracks in a photograph that is here already.
#[utoipa::path(post, path = "/api/v1/images/{sha256}/predictions", tag = "predictions", params(("sha256" = String, Path)),
    responses((status = 201, body = PredictedAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 503, description = "The queue is full; see Retry-After", body = ApiError, content_type = "application/problem+json")))]
pub async fn predict_again(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let image = find(&state, &path).await?;
    let content = fs_err::tokio::read(&image.path).await.map_err(ApiError::internal)?;
    // What the file was called is not known any more; its hash is too long for people.
    let extension =
        image.path.extension().map_or_else(String::new, |extension| extension.to_string_lossy().into_owned());
    let file_name = format!("{}.{extension}", image.sha256.get(..8).unwrap_or_default());
    let upload = Upload { file_name, content: content.into(), actor: actor(&request) };
    let predicted = state.predictor.predict(upload, Arc::new(Progress::default())).await?;
    Ok(HttpResponse::Created().json(PredictedAnswer { id: predicted.prediction.id }))
}

async fn find(state: &WebState, sha256: &str) -> Result<KeptImage, ApiError> {
    Ok(state.store.image(sha256).await?.ok_or(LabelError::UnknownImage)?)
}
