//! Multipart bodies, bounded while they are read.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::timeout;

use super::guard::actor;
use super::{ApiError, WebState};
use crate::serving::Upload;

/// Longest time for a body to arrive.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// How long the rest of a refused body is read and thrown away. A client that
/// is still sending reads the answer only if the connection stays open.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// One part of a form.
#[derive(Debug)]
pub struct Part {
    /// Name of the field.
    pub name: String,
    /// Name of the file at the sender's; empty if it is none.
    pub file_name: String,
    /// What was sent.
    pub content: Bytes,
}

/// A form that has been read whole.
#[derive(Debug)]
pub struct Form {
    parts: Vec<Part>,
    actor: String,
}

impl Form {
    /// Reads a multipart body; only fields in `known` may occur.
    ///
    /// # Errors
    /// 4xx that names the field and the limit.
    pub async fn read(
        state: &WebState,
        request: &HttpRequest,
        body: web::Payload,
        known: &[&str],
    ) -> Result<Self, ApiError> {
        let content_type = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !content_type.starts_with("multipart/form-data") {
            let detail = format!("The body must be multipart/form-data with the fields: {}.", known.join(", "));
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected_multipart", "Not a form", detail)
                .field("header.Content-Type")
                .limit(json!({ "content_type": "multipart/form-data", "fields": known })));
        }
        let _place = state.uploads.acquire().await.map_err(ApiError::internal)?;
        let multipart = Multipart::new(request.headers(), body);
        let max_bytes = state.settings.server.max_upload_bytes();
        match timeout(TIME_LIMIT, read_parts(multipart, max_bytes, known)).await {
            Ok(parts) => Ok(Self { parts: parts?, actor: actor(request) }),
            Err(_) => Err(too_slow()),
        }
    }

    /// The file in `field`, which must be there once and not be empty.
    ///
    /// # Errors
    /// 400 if it is missing, empty or given twice.
    pub fn file(&mut self, field: &'static str) -> Result<Upload, ApiError> {
        self.optional_file(field)?.ok_or_else(|| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "missing_field",
                "A field is missing",
                format!("The form has no field `{field}`."),
            )
            .field(field)
            .limit(json!({ "required": [field] }))
        })
    }

    /// The file in `field`, if there is one.
    ///
    /// # Errors
    /// 400 if it is empty or given twice.
    pub fn optional_file(&mut self, field: &'static str) -> Result<Option<Upload>, ApiError> {
        let mut files = self.files(field);
        match files.len() {
            0 => Ok(None),
            1 => {
                let file = files.remove(0);
                if file.content.is_empty() {
                    return Err(ApiError::from(crate::vision::DecodeError::Empty).field(field));
                }
                Ok(Some(file))
            }
            count => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "too_many_files",
                "Too many files",
                format!("The field `{field}` is given {count} times."),
            )
            .field(field)
            .limit(json!({ "max_files": 1 }))),
        }
    }

    /// All files in `field`.
    pub fn files(&mut self, field: &str) -> Vec<Upload> {
        let (found, rest) = std::mem::take(&mut self.parts).into_iter().partition(|part| part.name == field);
        self.parts = rest;
        let upload = |part: Part| Upload {
            file_name: display_name(part.file_name),
            content: part.content,
            actor: self.actor.clone(),
        };
        Vec::into_iter(found).map(upload).collect()
    }

    /// The text in `field`, if there is one and it is not empty.
    ///
    /// # Errors
    /// 400 if it is longer than `max_bytes` or not UTF-8.
    pub fn text(&self, field: &'static str, max_bytes: usize) -> Result<Option<String>, ApiError> {
        let Some(part) = self.parts.iter().find(|part| part.name == field) else { return Ok(None) };
        let wrong = |detail: String| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_field", "A field is wrong", detail)
                .field(field)
                .limit(json!({ "max_bytes": max_bytes, "encoding": "UTF-8" }))
        };
        if part.content.len() > max_bytes {
            return Err(wrong(format!(
                "The field `{field}` has {} bytes; {max_bytes} are allowed.",
                part.content.len()
            )));
        }
        let text =
            std::str::from_utf8(&part.content).map_err(|_| wrong(format!("The field `{field}` is not UTF-8 text.")))?;
        Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty()))
    }
}

/// Reads a body that is no form.
///
/// # Errors
/// 4xx that names the limit.
pub async fn read_body(state: &WebState, mut body: web::Payload) -> Result<Bytes, ApiError> {
    let _place = state.uploads.acquire().await.map_err(ApiError::internal)?;
    let max_bytes = state.settings.server.max_upload_bytes();
    let whole = async {
        let mut content = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| cut_off(&error))?;
            if (content.len() + chunk.len()) as u64 > max_bytes {
                let _ = timeout(DRAIN_TIME, async { while let Some(Ok(_)) = body.next().await {} }).await;
                return Err(too_large(max_bytes));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    };
    timeout(TIME_LIMIT, whole).await.unwrap_or_else(|_| Err(too_slow()))
}

fn cut_off(error: &actix_web::error::PayloadError) -> ApiError {
    let detail = format!("The body did not arrive whole: {error}.");
    ApiError::new(StatusCode::BAD_REQUEST, "malformed_body", "The body cannot be read", detail).field("body")
}

fn too_slow() -> ApiError {
    let (title, detail) = ("The upload took too long", "The body did not arrive in time.");
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "upload_too_slow", title, detail)
        .limit(json!({ "max_seconds": TIME_LIMIT.as_secs() }))
}

/// The last component of what the client calls the file, cut to what fits on a page.
fn display_name(name: String) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|c| !c.is_control()).take(120).collect();
    if printable.is_empty() { "photograph".into() } else { printable }
}

async fn read_parts(mut multipart: Multipart, max_bytes: u64, known: &[&str]) -> Result<Vec<Part>, ApiError> {
    let mut parts = Vec::new();
    let mut unknown = None;
    let mut left = max_bytes;
    while let Some(field) = multipart.next().await {
        let mut field = field.map_err(malformed)?;
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default().to_owned();
        let Some(content) = read_content(&mut field, &mut left).await? else {
            drop(field);
            drain(multipart).await;
            return Err(too_large(max_bytes));
        };
        if known.contains(&name.as_str()) {
            parts.push(Part { name, file_name, content });
        } else {
            unknown.get_or_insert(name);
        }
    }
    unknown.map_or(Ok(parts), |name| {
        let detail = format!("There is no field `{name}`; the fields are: {}.", known.join(", "));
        Err(ApiError::new(StatusCode::BAD_REQUEST, "unknown_field", "A field is unknown", detail)
            .field(name)
            .limit(json!({ "fields": known })))
    })
}

/// The field's content, or nothing if it is larger than what is `left`.
async fn read_content(field: &mut Field, left: &mut u64) -> Result<Option<Bytes>, ApiError> {
    let mut content = BytesMut::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(malformed)?;
        let Some(rest) = left.checked_sub(chunk.len() as u64) else { return Ok(None) };
        *left = rest;
        content.extend_from_slice(&chunk);
    }
    Ok(Some(content.freeze()))
}

async fn drain(mut multipart: Multipart) {
    let all = async {
        while let Some(Ok(mut field)) = multipart.next().await {
            while let Some(Ok(_)) = field.next().await {}
        }
    };
    let _ = timeout(DRAIN_TIME, all).await;
}

fn too_large(max_bytes: u64) -> ApiError {
    let detail = format!("The request is larger than {} MB.", max_bytes / 1_000_000);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The upload is too large", detail)
        .field("body")
        .limit(json!({ "max_bytes": max_bytes }))
}

fn malformed(error: actix_multipart::MultipartError) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "malformed_form",
        "The form cannot be read",
        format!("The multipart body is broken: {error}."),
    )
    .field("body")
    .limit(json!({ "content_type": "multipart/form-data" }))
}
