//! `POST /predict`: a photograph in, its mask out.

use std::sync::Arc;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cracks::measured;
use super::standards::asked_standard;
use crate::domain::TimingMs;
use crate::measure::{NoScale, ScaleRequest};
use crate::report::Inspection;
use crate::serving::{Predicted, Progress, Upload};
use crate::vision::{ProbabilityMap, encode, exif};
use crate::web::query::Query;
use crate::web::scale::{resolve, scale_request};
use crate::web::upload::Form;
use crate::web::{ApiError, WebState};

/// How the mask is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaskForm {
    Rows,
    Png,
    None,
}

const MASK_FORMS: [(&str, MaskForm); 3] = [("rows", MaskForm::Rows), ("png", MaskForm::Png), ("none", MaskForm::None)];

/// Bytes of rows that are sent at once.
const CHUNK_BYTES: usize = 1 << 16;

/// The form of `/predict`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form in OpenAPI")]
pub struct PredictForm {
    /// The photograph.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Answer of `/predict`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictAnswer {
    /// Always `success`.
    status: &'static str,
    /// Height and width in pixels.
    shape: [u32; 2],
    /// Identity of the prediction; its pictures are at `/api/v1/predictions/{id}/…`.
    id: Uuid,
    /// The model that answered.
    model: String,
    /// Whether there is any crack pixel.
    has_crack: bool,
    /// Share of crack pixels, 0 to 1.
    crack_ratio: f64,
    /// Where the time went, in milliseconds.
    timing_ms: TimingMs,
    /// The cracks, measured.
    #[serde(flatten)]
    inspection: Inspection,
    /// With `mask=png`: the mask as PNG (0 or 255), base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_png: Option<String>,
    /// With `mask=rows`: 0 or 1 for every pixel, row by row.
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<Vec<Vec<u8>>>,
}

/// Finds the cracks in a photograph.
#[utoipa::path(post, path = "/predict", tag = "predictions",
    params(
        ("mask" = Option<String>, Query, description = "`rows` (nested 0/1 rows, the default), `png` (base64) or `none`"),
        ("threshold" = Option<f32>, Query, description = "0 to 1 instead of the model's own"),
        ("mm_per_px" = Option<f64>, Query, description = "millimetres on the surface for one pixel, 0.001 to 1000"),
        ("distance_m" = Option<f64>, Query, description = "distance from the camera to the surface in metres, 0.01 to 1000; \
            needs a photograph that tells its focal length"),
        ("standard" = Option<String>, Query, description = "id of a standard, or `ID/ROW`, instead of the one in the settings")),
    request_body(content = PredictForm, content_type = "multipart/form-data"),
    responses((status = 200, body = PredictAnswer),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json"),
        (status = 503, description = "The queue is full; see Retry-After", body = ApiError, content_type = "application/problem+json")))]
pub async fn predict(
    state: web::Data<WebState>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, ApiError> {
    let query = Query::read(&request, &["mask", "threshold", "mm_per_px", "distance_m", "standard"])?;
    let form_of_mask = query.choice("mask", &MASK_FORMS)?.unwrap_or(MaskForm::Rows);
    let threshold = query.ratio("threshold")?;
    let (scale, standard) = (scale_request(&query)?, asked_standard(&state, &query)?);
    let mut form = Form::read(&state, &request, body, &["file"]).await?;
    let upload = form.file("file")?;
    refuse_without_lens(scale, &upload).await?;
    let predicted = state.predictor.predict(upload, Arc::new(Progress::default())).await?;
    let threshold = threshold.unwrap_or(predicted.prediction.summary.threshold);
    let measured = if threshold == predicted.prediction.summary.threshold {
        predicted.measured.clone()
    } else {
        measured(&state, &predicted.prediction, threshold).await?
    };
    let focal_35mm = measured.capture.focal_35mm;
    let scale = resolve(scale, focal_35mm, (predicted.map.width(), predicted.map.height()))?;
    let inspection = Inspection::new(&measured.survey, scale.as_ref(), standard.as_ref(), focal_35mm);
    answer(predicted, form_of_mask, threshold, inspection).await
}

/// A distance without a lens is refused before the network runs, not after.
async fn refuse_without_lens(scale: Option<ScaleRequest>, upload: &Upload) -> Result<(), ApiError> {
    let Some(ScaleRequest::DistanceM(_)) = scale else { return Ok(()) };
    let content = upload.content.clone();
    let capture = web::block(move || exif::read(&content)).await.map_err(ApiError::internal)?;
    if capture.focal_35mm.is_none() {
        return Err(NoScale::NoFocalLength.into());
    }
    Ok(())
}

async fn answer(
    predicted: Predicted,
    form: MaskForm,
    threshold: f32,
    inspection: Inspection,
) -> Result<HttpResponse, ApiError> {
    let Predicted { prediction, map, .. } = predicted;
    let crack_ratio = map.crack_ratio(threshold);
    let mut answer = PredictAnswer {
        status: "success",
        shape: [map.height(), map.width()],
        id: prediction.id,
        model: prediction.model.name,
        has_crack: crack_ratio > 0.0,
        crack_ratio,
        timing_ms: prediction.timing_ms,
        inspection,
        mask_png: None,
        prediction: None,
    };
    match form {
        MaskForm::None => Ok(HttpResponse::Ok().json(answer)),
        MaskForm::Png => {
            let encoded = web::block(move || {
                let mut png = Vec::new();
                encode::mask_png(&map, threshold, &mut png).map(|()| STANDARD.encode(png))
            });
            answer.mask_png = Some(encoded.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?);
            Ok(HttpResponse::Ok().json(answer))
        }
        MaskForm::Rows => {
            let head = serde_json::to_string(&answer).map_err(ApiError::internal)?;
            Ok(HttpResponse::Ok().content_type("application/json").streaming(stream::iter(rows(head, map, threshold))))
        }
    }
}

/// The answer with its rows, made while it is sent: as text they would take
/// twice the memory of the map.
fn rows(mut head: String, map: ProbabilityMap, threshold: f32) -> impl Iterator<Item = Result<Bytes, ApiError>> {
    head.pop();
    head.push_str(",\"prediction\":[");
    let level = ProbabilityMap::level(threshold);
    let (width, height) = (map.width() as usize, map.height() as usize);
    let rows_at_once = (CHUNK_BYTES / (2 * width + 2)).max(1);
    let chunks = (0..height).step_by(rows_at_once).map(move |first| {
        let mut text = Vec::with_capacity(rows_at_once * (2 * width + 2));
        for y in first..(first + rows_at_once).min(height) {
            text.extend_from_slice(if y == 0 { b"[" } else { b",[" });
            for (x, &value) in map.values()[y * width..][..width].iter().enumerate() {
                if x > 0 {
                    text.push(b',');
                }
                text.push(b'0' + u8::from(value >= level));
            }
            text.push(b']');
        }
        Ok(text.into())
    });
    std::iter::once(Ok(head.into())).chain(chunks).chain(std::iter::once(Ok(Bytes::from_static(b"]}"))))
}
