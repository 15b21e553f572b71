//! The HTTP server: routes, guards, and the order of both.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};

use super::guard::headers::security_headers;
use super::guard::observe::observe;
use super::guard::origin::refuse_foreign;
use super::guard::token::require_token;
use super::state::WebState;
use super::{api, pages};

/// Longest time for a request's head to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `state` on `listener` until the server's handle stops it.
///
/// # Errors
/// If the listener cannot be used.
pub fn start(listener: TcpListener, state: web::Data<WebState>) -> std::io::Result<Server> {
    let grace = state.settings.server.shutdown_seconds;
    let server = HttpServer::new(move || {
        // What is wrapped last runs first: a request is observed, gets its
        // headers, and is refused if foreign or without token, in this order.
        App::new()
            .app_data(state.clone())
            .wrap(Compress::default())
            .wrap(from_fn(require_token))
            .wrap(from_fn(refuse_foreign))
            .wrap(security_headers())
            .wrap(from_fn(observe))
            .configure(api::configure)
            .configure(pages::configure)
            .default_service(web::to(pages::not_found))
    });
    Ok(server
        // A client that has gone away is not computed for.
        .h1_allow_half_closed(false)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(grace)
        .disable_signals()
        .listen(listener)?
        .run())
}
