//! `Idempotency-Key`: a request that is sent again gives its first answer.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde_json::json;

use super::ApiError;
use super::guard::actor;
use crate::digest::sha256_hex;
use crate::store::IdempotencyKey;

const MAX_CHARACTERS: usize = 200;

/// The key of `request` with this body, if it has one.
///
/// # Errors
/// 400 if the key is empty, too long, or not plain text.
pub fn idempotency_key(request: &HttpRequest, body: &[u8]) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(given) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = given.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > MAX_CHARACTERS {
        let detail = format!("The header Idempotency-Key must have 1 to {MAX_CHARACTERS} plain characters.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_header", "A header is wrong", detail)
            .field("header.Idempotency-Key")
            .limit(json!({ "max_characters": MAX_CHARACTERS })));
    }
    let asked = format!("{} {} {}", request.method(), request.uri(), sha256_hex(body));
    Ok(Some(IdempotencyKey { actor: actor(request), key: key.to_owned(), fingerprint: sha256_hex(asked) }))
}
