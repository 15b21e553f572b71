//! `/api/v1/predictions/{id}`: a finished prediction and its pictures.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, web};
use image::ImageFormat;
use image::codecs::jpeg::JpegEncoder;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Prediction, TimingMs};
use crate::vision::decode;
use crate::vision::encode::{self, OVERLAY_OPACITY, OverlayStyle};
use crate::vision::{Colour, ProbabilityMap};
use crate::web::query::Query;
use crate::web::{ApiError, WebState};

/// Quality of photographs that a browser could not show as they came.
const JPEG_QUALITY: u8 = 92;

/// What belongs to one prediction never changes; a viewer that was scrolled away asks for it again.
const UNCHANGING: &str = "private, max-age=3600, immutable";

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
        }
    }
}

/// What was predicted.
#[utoipa::path(get, path = "/api/v1/predictions/{id}", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, body = PredictionAnswer), (status = 404, body = ApiError, content_type = "application/problem+json")))]
pub async fn prediction(
    state: web::Data<WebState>,
    path: web::Path<String>,
) -> Result<web::Json<PredictionAnswer>, ApiError> {
    Ok(web::Json(find(&state, &path).await?.into()))
}

/// The photograph, in a form that browsers show.
#[utoipa::path(get, path = "/api/v1/predictions/{id}/photo", tag = "predictions", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "image/*", body = Vec<u8>)))]
pub async fn photo(state: web::Data<WebState>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let prediction = find(&state, &path).await?;
    let limits = state.predictor.limits();
    let media_type = prediction.media_type.clone();
    let shown_as_it_is = media_type != ImageFormat::Tiff.to_mime_type();
    let content = blocking(move || {
        let original = state.recent.photo(prediction.id)?;
        if shown_as_it_is {
            return Ok(original);
        }
        let decoded = decode::decode(&original, limits)?;
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
            .encode_image(&decoded.pixels)
            .map_err(ApiError::internal)?;
        Ok(jpeg)
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
    let png = blocking(move || {
        let map = state.recent.probabilities(&prediction)?;
        png(|out| encode::mask_png(&map, threshold.unwrap_or(prediction.summary.threshold), out))
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
    let recent = state.recent.clone();
    let png = blocking(move || {
        let photo = decode::decode(&recent.photo(prediction.id)?, limits)?;
        let map: ProbabilityMap = recent.probabilities(&prediction)?;
        png(|out| encode::overlay_png(&photo.pixels, &map, style, out))
    });
    Ok(download(png.await?, &name))
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

/// The prediction whose id a path names.
pub async fn find(state: &web::Data<WebState>, id: &str) -> Result<Prediction, ApiError> {
    let id = parse_id(id)?;
    let recent = state.recent.clone();
    blocking(move || Ok(recent.prediction(id)?)).await
}

fn parse_id(text: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(text).map_err(|_| ApiError::not_found("There is no prediction of this id.").field("id"))
}

/// Runs `work` on a thread for blocking work.
pub(in crate::web) async fn blocking<T: Send + 'static>(
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

fn download(png: Vec<u8>, name: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CONTENT_DISPOSITION, format!("inline; filename=\"{name}\"")))
        .body(png)
}
