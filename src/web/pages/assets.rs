//! Scripts, styles and samples, embedded in the binary.

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::digest::hex;
use crate::web::ApiError;

#[derive(RustEmbed)]
#[folder = "assets/"]
#[exclude = "*.md"]
struct Assets;

/// One of them.
pub async fn asset(path: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let file = find(&path).ok_or_else(|| ApiError::not_found("There is no such asset."))?;
    let tag = format!("\"{}\"", &hex(&file.metadata.sha256_hash())[..32]);
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if known {
        return Ok(response.finish());
    }
    Ok(response.content_type(media_type(&path)).body(file.data.into_owned()))
}

/// The content of an embedded file.
pub fn find(path: &str) -> Option<EmbeddedFile> {
    Assets::get(path)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
