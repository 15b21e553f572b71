//! Beyond this machine, every request carries a token.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use super::Actor;
use crate::web::{ApiError, WebState};

/// Name of the cookie that a browser carries after logging in.
pub const COOKIE: &str = "hairline_token";

/// What may be seen without a token: whether Hairline is alive, and the way in.
const OPEN: [&str; 4] = ["/ping", "/healthz", "/readyz", "/login"];

/// The middleware.
pub async fn require_token(
    state: web::Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    if state.token_required && !OPEN.contains(&path) && !path.starts_with("/assets/") {
        let secret = secret(&request)
            .ok_or_else(|| unauthorised("This address asks for a token: `Authorization: Bearer …`."))?;
        let name = state.store.verify_token(&secret).await.map_err(ApiError::from)?;
        let name = name.ok_or_else(|| unauthorised("The token is unknown or was revoked."))?;
        request.extensions_mut().insert(Actor(name));
    }
    next.call(request).await
}

fn secret(request: &ServiceRequest) -> Option<String> {
    let bearer =
        request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    bearer.map(str::to_owned).or_else(|| request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()))
}

fn unauthorised(detail: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorised", "A token is needed", detail).field("header.Authorization")
}
