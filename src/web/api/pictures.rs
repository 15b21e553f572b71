//! `/api/v1/predictions/{id}`: a finished prediction and its pictures.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use image::ImageFormat;
use image::codecs::jpeg::JpegEncoder;
use uuid::Uuid;

use crate::domain::{DecodeLimits, Prediction};
use crate::store::{PredictionFile, RecentError};
use crate::vision::decode;
use crate::vision::encode::{self, OVERLAY_OPACITY, OverlayStyle};
use crate::vision::{Colour, ProbabilityMap};
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

/// Quality of photographs that a browser could not show as they came.
const JPEG_QUALITY: u8 = 92;

/// What belongs to one prediction never changes; a viewer that was scrolled away asks for it again.
pub(super) const UNCHANGING: &str = "private, max-age=3600, immutable";

/// The photograph, in a form that browsers show.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/photo", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "image/*", body = Vec<u8>)))]
pub async fn photo(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let prediction = find(&state, &path).await?;
    let original = original(&state, prediction.id).await?;
    shown(original, prediction.media_type, state.predictor.limits()).await
}

/// A photograph in a form that browsers show.
pub(super) async fn shown(original: Bytes, media_type: String, limits: DecodeLimits) -> Result<HttpResponse, ApiError> {
    let shown_as_it_is = media_type != ImageFormat::Tiff.to_mime_type();
    let content = blocking(move || {
        if shown_as_it_is {
            return Ok(original);
        }
        let decoded = decode::decode(&original, limits)?;
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
            .encode_image(&decoded.pixels)
            .map_err(ApiError::internal)?;
        Ok(Bytes::from(jpeg))
    });
    let media_type = if shown_as_it_is { media_type } else { ImageFormat::Jpeg.to_mime_type().into() };
    Ok(HttpResponse::Ok().content_type(media_type).insert_header((CACHE_CONTROL, UNCHANGING)).body(content.await?))
}

/// The mask as 8-bit PNG, 0 or 255.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/mask.png", tag = "predictions",
    params(("id" = Uuid, Path), ("threshold" = Option<f32>, Query, description = "0 to 1")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>)))]
pub async fn mask(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let threshold = Query::read(&request, &["threshold"])?.ratio("threshold")?;
    let prediction = find(&state, &path).await?;
    let name = download_name(&prediction, "mask.png");
    let threshold = threshold.unwrap_or(prediction.summary.threshold);
    if threshold == prediction.summary.threshold
        && let Some(png) = state.store.prediction_file(prediction.id, PredictionFile::Mask).await?
    {
        return Ok(download(png, &name));
    }
    let png = blocking(move || {
        let map = state.recent.probabilities(&prediction)?;
        png(|out| encode::mask_png(&map, threshold, out))
    });
    Ok(download(png.await?, &name))
}

/// The photograph under the coloured mask, as PNG.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/overlay.png", tag = "predictions",
    params(("id" = Uuid, Path), ("threshold" = Option<f32>, Query, description = "0 to 1"),
        ("opacity" = Option<f32>, Query, description = "0 to 1"), ("colour" = Option<String>, Query, description = "RRGGBB")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>)))]
pub async fn overlay(
    state: web::Data<WebState>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let query = Query::read(&request, &["threshold", "opacity", "colour"])?;
    let prediction = find(&state, &path).await?;
    let style = OverlayStyle {
        threshold: query.ratio("threshold")?.unwrap_or(prediction.summary.threshold),
        opacity: query.ratio("opacity")?.unwrap_or(OVERLAY_OPACITY),
        colour: query.parse::<Colour>("colour")?.unwrap_or_default(),
    };
    let name = download_name(&prediction, "overlay.png");
    let _place = state.predictor.decoding_place().await?;
    let limits = state.predictor.limits();
    let as_predicted = style.threshold == prediction.summary.threshold;
    let mask =
        if as_predicted { state.store.prediction_file(prediction.id, PredictionFile::Mask).await? } else { None };
    let (recent, original) = (state.recent.clone(), original(&state, prediction.id).await?);
    let png = blocking(move || {
        let photo = decode::decode(&original, limits)?;
        let map = match (recent.probabilities(&prediction), mask) {
            (Err(RecentError::Gone), Some(mask)) => map_of_mask(&mask)?,
            (map, _) => map?,
        };
        png(|out| encode::overlay_png(&photo.pixels, &map, style, out))
    });
    Ok(download(png.await?, &name))
}

/// A mask as probabilities of none and all; what is kept longer than the true ones.
fn map_of_mask(png: &[u8]) -> Result<ProbabilityMap, ApiError> {
    let mask = image::load_from_memory_with_format(png, ImageFormat::Png).map_err(ApiError::internal)?.into_luma8();
    let values = mask.as_raw().iter().map(|&value| if value > 0 { u16::MAX } else { 0 }).collect();
    Ok(ProbabilityMap::new(mask.width(), mask.height(), values))
}

/// Probability × 65535 as 16-bit grey PNG.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/probabilities.png", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>)))]
pub async fn probabilities_png(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let prediction = find(&state, &path).await?;
    let name = download_name(&prediction, "prob.png");
    let png = blocking(move || {
        let map = state.recent.probabilities(&prediction)?;
        png(|out| encode::probability_png(&map, out))
    });
    Ok(download(png.await?, &name))
}

/// Probability × 65535 as little-endian u16, row by row, without a header.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/probabilities.u16", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub async fn probabilities_raw(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&path)?;
    let raw = blocking(move || Ok(state.recent.raw_probabilities(id)?));
    let mut response = HttpResponse::Ok();
    // Compressing it would take longer than sending it to a browser on the same machine.
    response.insert_header((CONTENT_ENCODING, ContentEncoding::Identity)).insert_header((CACHE_CONTROL, UNCHANGING));
    Ok(response.content_type("application/octet-stream").body(raw.await?))
}

/// The photograph in small, as JPEG.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/thumbnail.jpg", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>)))]
pub async fn thumbnail(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    kept_file(&state, &path, PredictionFile::Thumbnail, "image/jpeg").await
}

/// The mask in the thumbnail's size: orange where there is crack, else transparent.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/thumbnail-mask.png", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>)))]
pub async fn thumbnail_mask(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    kept_file(&state, &path, PredictionFile::Marks, "image/png").await
}

async fn kept_file(
    state: &WebState,
    id: &str,
    file: PredictionFile,
    media_type: &str,
) -> Result<HttpResponse, ApiError> {
    let content = state.store.prediction_file(parse_id(id)?, file).await?.ok_or_else(no_prediction)?;
    Ok(HttpResponse::Ok().content_type(media_type).insert_header((CACHE_CONTROL, UNCHANGING)).body(content))
}

/// The prediction whose id a path names.
pub async fn find(state: &web::Data<WebState>, id: &str) -> Result<Prediction, ApiError> {
    let id = parse_id(id)?;
    match state.store.prediction_or_deleted(id).await? {
        Some(kept) if kept.deleted_ms.is_none() => return Ok(kept.prediction),
        Some(_) => return Err(no_prediction()),
        None => {}
    }
    // Versions before the history kept predictions nowhere else.
    let recent = state.recent.clone();
    blocking(move || Ok(recent.prediction(id)?)).await
}

/// The photograph of prediction `id` as it came.
pub async fn original(state: &web::Data<WebState>, id: Uuid) -> Result<Bytes, ApiError> {
    if let Some(photo) = state.store.prediction_file(id, PredictionFile::Photo).await? {
        return Ok(photo);
    }
    let recent = state.recent.clone();
    blocking(move || Ok(Bytes::from(recent.photo(id)?))).await
}

/// The id that a path names.
pub fn parse_id(text: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(text).map_err(|_| no_prediction())
}

/// The refusal of an id that names nothing.
pub fn no_prediction() -> ApiError {
    ApiError::not_found("There is no prediction of this id, or it was deleted.").field("id")
}

/// Runs `work` on a thread for blocking work.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    web::block(work).await.map_err(ApiError::internal)?
}

fn png(write: impl FnOnce(&mut Vec<u8>) -> Result<(), png::EncodingError>) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(ApiError::internal)?;
    Ok(bytes)
}

/// `photo.jpg` → `photo.mask.png`, in characters that every header and disk takes.
pub(super) fn download_name(prediction: &Prediction, ending: &str) -> String {
    let stem = prediction.file_name.rsplit_once('.').map_or(prediction.file_name.as_str(), |(stem, _)| stem);
    let safe: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_ ".contains(c) { c } else { '_' }).collect();
    format!("{}.{ending}", if safe.trim().is_empty() { "photograph" } else { safe.trim() })
}

fn download(png: impl Into<Bytes>, name: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .body(png.into())
}
