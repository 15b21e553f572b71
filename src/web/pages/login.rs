//! `/login`: a browser beyond this machine shows its token once and gets a cookie.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Frame, ShownModel, html};
use crate::web::guard::token::COOKIE;
use crate::web::{ApiError, WebState};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    version: &'static str,
    model: ShownModel,
    refused: bool,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct LogIn {
    token: String,
}

/// The form.
pub async fn form(state: web::Data<WebState>) -> Result<HttpResponse, ApiError> {
    page(&state, false)
}

/// Sets the cookie if the token is valid.
pub async fn log_in(
    state: web::Data<WebState>,
    request: HttpRequest,
    form: web::Form<LogIn>,
) -> Result<HttpResponse, ApiError> {
    let secret = form.into_inner().token;
    if state.store.verify_token(secret.trim()).await?.is_none() {
        return page(&state, true);
    }
    let secure = request.connection_info().scheme() == "https";
    let cookie = Cookie::build(COOKIE, secret.trim().to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure);
    Ok(HttpResponse::SeeOther().cookie(cookie.finish()).insert_header((LOCATION, "/")).finish())
}

fn page(state: &WebState, refused: bool) -> Result<HttpResponse, ApiError> {
    let Frame { version, model } = Frame::new(state);
    html(&LoginPage { version, model, refused })
}
