//! `POST /save-for-retrain`: a photograph, and what a person says of it.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, web};
use image::GrayImage;
use metrics::counter;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::digest::sha256_hex;
use crate::serving::Upload;
use crate::store::Submission;
use crate::vision::BinaryMask;
use crate::vision::decode::{self, DecodeError, DecodeLimits};
use crate::web::guard::actor;
use crate::web::upload::Form;
use crate::web::{ApiError, WebState};

const MAX_COMMENT_BYTES: usize = 4_000;

/// The form of `/save-for-retrain`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form in OpenAPI")]
pub struct FeedbackForm {
    /// The photograph.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
    /// What is crack: a picture of the same size, stored without loss, 0 background, all else crack.
    #[schema(format = Binary, content_media_type = "image/png")]
    mask: Option<String>,
    /// Free text.
    comment: Option<String>,
}

/// Answer of `/save-for-retrain`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Saved {
    /// Always `success`; from now on it survives a crash.
    status: &'static str,
    /// Identity of the submission.
    id: Uuid,
    /// Where the photograph is kept.
    path: String,
    /// Where the label is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_path: Option<String>,
}

/// Keeps a photograph, with or without a corrected mask, for the next training.
#[utoipa::path(post, path = "/save-for-retrain", tag = "feedback",
    request_body(content = FeedbackForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Saved),
        (status = "4XX", body = ApiError, content_type = "application/problem+json"),
        (status = 507, description = "The disk is full", body = ApiError, content_type = "application/problem+json")))]
pub async fn save_for_retrain(
    state: web::Data<WebState>,
    request: HttpRequest,
    body: Payload,
) -> Result<web::Json<Saved>, ApiError> {
    let mut form = Form::read(&state, &request, body, &["file", "mask", "comment"]).await?;
    let photo = form.file("file")?;
    let mask = form.optional_file("mask")?;
    let comment = form.text("comment", MAX_COMMENT_BYTES)?;
    let limits = state.predictor.limits();
    let _place = state.predictor.decoding_place().await?;
    let actor = actor(&request);
    let submission =
        web::block(move || check(photo, mask, comment, actor, limits)).await.map_err(ApiError::internal)??;
    let labelled = if submission.label.is_some() { "yes" } else { "no" };
    let saved = state.store.save_submission(submission).await?;
    counter!("hairline_feedback_saved_total", "labelled" => labelled).increment(1);
    Ok(web::Json(Saved {
        status: "success",
        id: saved.id,
        path: saved.photo_path.display().to_string(),
        mask_path: saved.label_path.map(|path| path.display().to_string()),
    }))
}

fn check(
    photo: Upload,
    mask: Option<Upload>,
    comment: Option<String>,
    actor: String,
    limits: DecodeLimits,
) -> Result<Submission, ApiError> {
    let decoded = decode::decode(&photo.content, limits)?;
    let size = decoded.pixels.dimensions();
    let label = mask.map(|mask| check_mask(&mask.content, size, limits)).transpose()?;
    Ok(Submission {
        sha256: sha256_hex(&photo.content),
        photo: photo.content,
        extension: decode::extension(decoded.format),
        size,
        label,
        comment,
        actor,
    })
}

/// Decodes a mask that must have this size.
pub(super) fn check_mask(mask: &[u8], size: (u32, u32), limits: DecodeLimits) -> Result<BinaryMask, ApiError> {
    let label: GrayImage = decode::decode_label(mask, limits).map_err(|error| {
        if error == DecodeError::Unsupported { lossy_mask() } else { ApiError::from(error).field("mask") }
    })?;
    if label.dimensions() == size {
        return Ok(BinaryMask::from_label(&label));
    }
    let ((width, height), (mask_width, mask_height)) = (size, label.dimensions());
    let detail =
        format!("The mask has {mask_width} × {mask_height} pixels, the upright photograph {width} × {height}.");
    Err(ApiError::mask_size_differs(detail, size))
}

/// The refusal of a mask that is not stored without loss.
pub(super) fn lossy_mask() -> ApiError {
    let detail = "The mask must be a picture stored without loss; JPEG and lossy WebP smear it.";
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_mask_format", "The mask cannot be read", detail)
        .field("mask")
        .limit(json!({ "formats": decode::LABEL_FORMATS }))
}
