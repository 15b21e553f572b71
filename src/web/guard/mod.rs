//! What every request passes before a handler sees it.

pub mod headers;
pub mod observe;
pub mod origin;
pub mod token;

use actix_web::HttpMessage;
use actix_web::HttpRequest;

use crate::domain::LOCAL_ACTOR;

/// Who a request comes from.
#[derive(Debug, Clone)]
pub struct Actor(pub String);

/// Who `request` comes from.
pub fn actor(request: &HttpRequest) -> String {
    request.extensions().get::<Actor>().map_or_else(|| LOCAL_ACTOR.into(), |actor| actor.0.clone())
}
