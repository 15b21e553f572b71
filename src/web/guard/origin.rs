//! Refuses what a web page elsewhere sends.
//!
//! A page anywhere can make a browser post to localhost, and can point its own
//! name at 127.0.0.1. The browser then says so: in `Host`, `Origin` or
//! `Sec-Fetch-Site`.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use serde_json::json;

use crate::settings::Server;
use crate::web::{ApiError, WebState};

const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The middleware.
pub async fn refuse_foreign(
    state: web::Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let header = |name| request.headers().get(name).map(|v| v.to_str().unwrap_or("?").to_owned());
    let host = request.uri().authority().map(|a| a.as_str().to_owned()).or_else(|| header(header::HOST));
    let fetch_site = request.headers().get("sec-fetch-site").and_then(|v| v.to_str().ok()).unwrap_or("none");
    check(
        &state.settings.server,
        host.as_deref(),
        header(header::ORIGIN).as_deref(),
        fetch_site,
        request.method().is_safe(),
    )?;
    next.call(request).await
}

fn check(
    server: &Server,
    host: Option<&str>,
    origin: Option<&str>,
    fetch_site: &str,
    safe: bool,
) -> Result<(), ApiError> {
    let host = host.unwrap_or_default();
    if !is_known(server, host) {
        let detail = format!("The host `{host}` is not one under which Hairline is reached; see server.allowed_hosts.");
        return Err(foreign("foreign_host", "Foreign host", detail, server).field("header.Host"));
    }
    let same =
        |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    if let Some(origin) = origin.filter(|origin| !same(origin)) {
        let detail = format!("Requests from pages of `{origin}` are not taken.");
        return Err(foreign("foreign_origin", "Foreign origin", detail, server).field("header.Origin"));
    }
    if !safe && matches!(fetch_site, "cross-site" | "same-site") {
        let detail = "Requests from pages elsewhere are not taken.";
        return Err(foreign("foreign_origin", "Foreign origin", detail.into(), server).field("header.Sec-Fetch-Site"));
    }
    Ok(())
}

fn foreign(code: &'static str, title: &'static str, detail: String, server: &Server) -> ApiError {
    let hosts: Vec<String> =
        LOOPBACK_NAMES.iter().map(ToString::to_string).chain(server.allowed_hosts.iter().cloned()).collect();
    ApiError::new(StatusCode::FORBIDDEN, code, title, detail).limit(json!({ "allowed_hosts": hosts }))
}

fn is_known(server: &Server, authority: &str) -> bool {
    let name = without_port(authority);
    let bound = match server.addr.ip() {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    };
    LOOPBACK_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.eq_ignore_ascii_case(&bound)
        || server.allowed_hosts.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(allowed: &[&str]) -> Server {
        let mut server = crate::settings::Settings::load(None, &[]).unwrap().server;
        server.allowed_hosts = allowed.iter().map(ToString::to_string).collect();
        server
    }

    fn code(host: &str, origin: Option<&str>, fetch_site: &str, safe: bool) -> Option<&'static str> {
        check(&server(&["cracks.example.org"]), Some(host), origin, fetch_site, safe).err().map(|e| e.code)
    }

    #[test]
    fn only_known_hosts_are_served() {
        for host in ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST", "cracks.example.org:443"] {
            assert_eq!(code(host, None, "none", true), None, "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example:8000", "127.0.0.1.nip.io", "[::1", "127.0.0.1:80:80x"]
        {
            assert_eq!(code(host, None, "none", true), Some("foreign_host"), "{host}");
        }
    }

    #[test]
    fn only_the_own_origin_is_served() {
        assert_eq!(code("localhost:8000", Some("http://localhost:8000"), "same-origin", false), None);
        for origin in ["http://evil.example", "null", "http://localhost:9000", "http://127.0.0.1:8000"] {
            assert_eq!(code("localhost:8000", Some(origin), "none", true), Some("foreign_origin"), "{origin}");
        }
        assert_eq!(code("localhost:8000", None, "cross-site", false), Some("foreign_origin"));
        assert_eq!(code("localhost:8000", None, "cross-site", true), None, "following a link is harmless");
    }
}
