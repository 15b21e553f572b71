//! Every refusal, as `application/problem+json` (RFC 9457).
//!
//! `code` is stable and meant for programs, `detail` for people, `limit` holds
//! the bound that was crossed. Causes of 5xx go to the log, not to the client.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::serving::PredictError;
use crate::store::{LabelError, RecentError, StoreError};
use crate::vision::decode::{DecodeError, FORMATS};

/// A refusal or failure on its way to the client.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiError {
    /// What kind of problem, in words.
    pub title: &'static str,
    /// HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16)]
    pub status: StatusCode,
    /// What kind of problem, for programs; never changes.
    pub code: &'static str,
    /// What was wrong this time.
    pub detail: String,
    /// The field, parameter or header that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The bound that was crossed, or what is allowed.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub limit: Value,
    #[serde(skip)]
    retry_after_seconds: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl ApiError {
    /// A problem without field and limit.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { title, status, code, detail, field: None, limit: Value::Null, retry_after_seconds: None }
    }

    /// Names the field, parameter or header.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// States the bound.
    #[must_use]
    pub fn limit(mut self, limit: Value) -> Self {
        self.limit = limit;
        self
    }

    /// A failure of ours: `cause` is logged, the client learns only that it happened.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(cause = %cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong inside Hairline",
            "The cause is in Hairline's log. Try again; if it stays, report it with the log.",
        )
    }

    /// Nothing is kept under this address.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", detail)
    }

    /// A mask has another size than its photograph, which is `width × height`.
    pub fn mask_size_differs(detail: impl Into<String>, (width, height): (u32, u32)) -> Self {
        let title = "Mask and photograph differ in size";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "mask_size_differs", title, detail)
            .field("mask")
            .limit(json!({ "width": width, "height": height }))
    }

    /// Nothing can be accepted now.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "Hairline is busy", detail);
        Self { retry_after_seconds: Some(retry_after_seconds), ..error }
    }

    /// The limit as a sentence for the page; empty if there is none.
    pub fn limit_text(&self) -> String {
        let Value::Object(limit) = &self.limit else { return String::new() };
        let text = |value: &Value| match value {
            Value::Array(items) => {
                items.iter().map(|v| v.as_str().map_or(v.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
            }
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
        };
        limit
            .iter()
            .map(|(key, value)| format!("{} {}", key.replace('_', " "), text(value)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        let detail = error.to_string();
        let formats = || json!({ "formats": FORMATS.split(", ").collect::<Vec<_>>() });
        let problem = match error {
            DecodeError::Empty => Self::new(StatusCode::BAD_REQUEST, "empty_file", "The file is empty", detail)
                .limit(json!({ "min_bytes": 1 })),
            DecodeError::Unsupported => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_format",
                "Not a photograph that can be read",
                detail,
            )
            .limit(formats()),
            DecodeError::Heif(_) => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "heif_not_supported",
                "This format cannot be read",
                detail,
            )
            .limit(formats()),
            DecodeError::TooManyPixels { max_pixels, .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_pixels", "The photograph is too large", detail)
                    .limit(json!({ "max_pixels": max_pixels }))
            }
            DecodeError::Truncated(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "truncated_image", "The file is cut off", detail)
                    .limit(json!({ "required": "a complete file" }))
            }
            DecodeError::Corrupt(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "corrupt_image", "The file is damaged", detail)
                    .limit(json!({ "required": "an undamaged file" }))
            }
        };
        problem.field("file")
    }
}

impl From<PredictError> for ApiError {
    fn from(error: PredictError) -> Self {
        match error {
            PredictError::Photo(error) => error.into(),
            PredictError::Overloaded(error) => {
                let limit = json!({ "photos_waiting": error.photos, "megapixels_waiting": error.megapixels });
                Self::unavailable("queue_full", error.to_string(), error.retry_after.as_secs()).limit(limit)
            }
            PredictError::Work(crate::serving::WorkError::Closed) => {
                Self::unavailable("shutting_down", error.to_string(), 5)
            }
            PredictError::Work(crate::serving::WorkError::Cancelled) => Self::new(
                StatusCode::CONFLICT,
                "cancelled",
                "It was cancelled",
                "The photograph was cancelled before its result was there.",
            ),
            PredictError::Keep(error) => error.into(),
            PredictError::Work(_) | PredictError::Picture(_) | PredictError::Mask(_) | PredictError::Task(_) => {
                Self::internal(error)
            }
        }
    }
}

impl From<RecentError> for ApiError {
    fn from(error: RecentError) -> Self {
        match error {
            RecentError::Gone => Self::not_found(error.to_string()).field("id"),
            RecentError::Io(_) => Self::internal(error),
        }
    }
}

impl From<LabelError> for ApiError {
    fn from(error: LabelError) -> Self {
        let detail = error.to_string();
        match error {
            LabelError::Conflict { current } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "label_conflict",
                "Somebody saved another version",
                format!("Version {current} was saved while this one was made. Look at it, then save yours on top."),
            )
            .field("header.If-Match")
            .limit(json!({ "current": current })),
            LabelError::UnknownImage => Self::not_found(detail).field("sha256"),
            LabelError::UnknownVersion => Self::not_found(detail).field("version"),
            LabelError::UnknownPrediction => Self::not_found(detail).field("query.prediction"),
            LabelError::Size { photo: (width, height), .. } => Self::mask_size_differs(detail, (width, height)),
            LabelError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The key stands for another request",
                "This Idempotency-Key was used for another request; a new request needs a new key.",
            )
            .field("header.Idempotency-Key")
            .limit(json!({ "requests_a_key": 1 })),
            LabelError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_disk_full() {
            tracing::error!(cause = %error, "disk full");
            let detail = "The disk is full: nothing was saved. Free some space and send it again.";
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "The disk is full", detail);
        }
        Self::internal(error)
    }
}
