//! HTML for people: askama templates and HTMX fragments of the same templates.

mod assets;
mod card;
mod crack_panel;
mod cracks;
mod docs;
mod editor;
mod history;
mod home;
mod judge;
mod login;
mod predictions;
mod review;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use askama::Template;

use super::{ApiError, WebState};

/// Registers all routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home::home))
        .route("/docs", web::get().to(docs::docs))
        .service(web::resource("/login").route(web::get().to(login::form)).route(web::post().to(login::log_in)))
        .service(
            web::resource("/predictions")
                .route(web::get().to(predictions::several))
                .route(web::post().to(predictions::create)),
        )
        .service(
            web::resource("/predictions/{id}")
                .route(web::get().to(predictions::one))
                .route(web::delete().to(predictions::cancel)),
        )
        .route("/history", web::get().to(history::history))
        .route("/history/{id}/delete", web::post().to(history::delete))
        .route("/history/{id}/restore", web::post().to(history::restore))
        .route("/predictions/{id}/verdict", web::post().to(judge::say))
        .route("/predictions/{id}/cracks", web::get().to(cracks::cracks))
        .route("/predictions/{id}/edit", web::get().to(editor::edit))
        .route("/review", web::get().to(review::page))
        .service(web::resource(r"/review/{sha256}/{version:\d{1,18}}/accept").route(web::post().to(review::accept)))
        .service(web::resource(r"/review/{sha256}/{version:\d{1,18}}/reject").route(web::post().to(review::reject)))
        .route("/assets/{path:.*}", web::get().to(assets::asset));
}

/// What the frame of every page shows.
struct Frame {
    version: &'static str,
    model: ShownModel,
}

struct ShownModel {
    name: String,
    licence: String,
    licence_notice: &'static str,
}

impl Frame {
    fn new(state: &WebState) -> Self {
        let metadata = &state.predictor.segmenter().model().metadata;
        let licence_notice =
            if metadata.is_non_commercial() { "Its weights are for non-commercial research only." } else { "" };
        let model = ShownModel { name: metadata.name.clone(), licence: metadata.licence.clone(), licence_notice };
        Self { version: env!("CARGO_PKG_VERSION"), model }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    version: &'static str,
    model: ShownModel,
    problem: ApiError,
}

fn html(page: &impl Template) -> Result<HttpResponse, ApiError> {
    let text = page.render().map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
}

/// An error as a page for browsers, as JSON for the rest.
fn error_page(state: &WebState, request: &HttpRequest, problem: ApiError) -> HttpResponse {
    let accepts_html =
        request.headers().get("accept").and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"));
    let mut response = problem.error_response();
    if !accepts_html {
        return response;
    }
    let Frame { version, model } = Frame::new(state);
    match html(&(ErrorPage { version, model, problem })) {
        Ok(mut page) => {
            *page.status_mut() = response.status();
            page
        }
        Err(_) => {
            response.head_mut().reason = None;
            response
        }
    }
}

/// Whether HTMX or the page's script asks, so that a fragment is wanted.
fn wants_fragment(request: &HttpRequest) -> bool {
    request.headers().contains_key("HX-Request")
}

/// Addresses that do not exist.
pub async fn not_found(state: web::Data<WebState>, request: HttpRequest) -> impl Responder {
    let problem = ApiError::not_found(format!("There is nothing at {}.", request.path()));
    error_page(&state, &request, problem)
}
