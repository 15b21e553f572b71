//! Requests to an MLflow server, with the credentials that its own client would use, and what the answers mean.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use ureq::http::{HeaderValue, Response, header::AUTHORIZATION};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::TrackingError;

const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";
const USERNAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const CERTIFICATES: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long nothing may move on the wire while a request is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the server may think; it stores a whole file before it answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest answer that is read, in bytes.
const LARGEST_ANSWER: u64 = 16 << 20;
/// Characters of an answer that a message repeats.
const QUOTED: usize = 300;

/// A server at an address.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    /// Address without a slash at its end.
    pub uri: String,
    /// Marked as sensitive, so that it is never printed.
    credentials: Option<HeaderValue>,
}

impl Client {
    /// Takes credentials and certificates from the environment, as MLflow's client does.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn new(uri: &str) -> Result<Self, TrackingError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = variable(CERTIFICATES) {
            tls = tls.root_certs(certificates(&path)?);
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            // A POST that is led elsewhere arrives there as a GET; better to tell the address.
            .max_redirects(0)
            .user_agent(concat!("hairline/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_write(Some(WRITE_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(ANSWER_TIMEOUT))
            .build();
        Ok(Self { agent: config.into(), uri: uri.trim_end_matches('/').to_owned(), credentials: credentials()? })
    }

    /// `GET /api/2.0/PATH`.
    ///
    /// # Errors
    /// If there is no answer, or not the one that was asked for.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, TrackingError> {
        let mut request = self.agent.get(self.address(path)).query_pairs(query.iter().copied());
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        self.answer(request.call())
    }

    /// `POST /api/2.0/PATH`.
    ///
    /// # Errors
    /// If there is no answer, or not the one that was asked for.
    pub fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, TrackingError> {
        let mut request = self.agent.post(self.address(path));
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        self.answer(request.send_json(body))
    }

    /// `PUT /api/2.0/PATH`.
    ///
    /// # Errors
    /// If there is no answer, or not the one that was asked for.
    pub fn put(&self, path: &str, body: &[u8]) -> Result<Value, TrackingError> {
        let mut request = self.agent.put(self.address(path)).content_type("application/octet-stream");
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, credentials);
        }
        self.answer(request.send(body))
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/2.0/{path}", self.uri)
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, TrackingError> {
        let unreachable = |e: ureq::Error| TrackingError::Unreachable { uri: self.uri.clone(), reason: e.to_string() };
        let mut answer = answer.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let location = answer.headers().get("location").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec().map_err(unreachable)?;
        read_answer(&self.uri, status, location.as_deref(), &body)
    }
}

/// What an answer means.
fn read_answer(uri: &str, status: u16, location: Option<&str>, body: &[u8]) -> Result<Value, TrackingError> {
    let uri = uri.to_owned();
    let json = serde_json::from_slice::<Value>(body).ok();
    let text = |key: &str| json.as_ref().and_then(|json| json[key].as_str()).map(shortened);
    match (status, json.as_ref()) {
        (200, Some(_)) => Ok(json.unwrap_or_default()),
        // So it says that it took a file.
        (200, None) if body.is_empty() => Ok(Value::Null),
        (401 | 403, _) => Err(TrackingError::Denied { uri, status }),
        (400.., Some(_)) if text("error_code").is_some() => {
            let message = text("message").unwrap_or_default();
            Err(TrackingError::Refused { uri, code: text("error_code").unwrap_or_default(), message })
        }
        (300..400, _) if location.is_some() => {
            let answer = format!("it leads to {}", shortened(location.unwrap_or_default()));
            Err(TrackingError::Foreign { uri, answer })
        }
        _ => {
            let body = shortened(&String::from_utf8_lossy(body));
            Err(TrackingError::Foreign { uri, answer: format!("HTTP {status} {body}").trim_end().to_owned() })
        }
    }
}

/// The beginning of `text`, on one line.
fn shortened(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A name and a password come before a token.
fn credentials() -> Result<Option<HeaderValue>, TrackingError> {
    let (variable, header) = match (variable(USERNAME), variable(PASSWORD), variable(TOKEN)) {
        (Some(name), Some(password), _) => {
            (PASSWORD, format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))))
        }
        (_, _, Some(token)) => (TOKEN, format!("Bearer {}", token.trim())),
        _ => return Ok(None),
    };
    let problem = "has characters that cannot be sent".into();
    let mut header = HeaderValue::from_str(&header).map_err(|_| TrackingError::Environment { variable, problem })?;
    header.set_sensitive(true);
    Ok(Some(header))
}

/// The certificates of authorities in a PEM file.
fn certificates(path: &str) -> Result<RootCerts, TrackingError> {
    let wrong = |problem: String| TrackingError::Environment { variable: CERTIFICATES, problem };
    let pem = fs_err::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let items = parse_pem(&pem).collect::<Result<Vec<_>, _>>().map_err(|e| wrong(format!("is no PEM file: {e}")))?;
    let found: Vec<Certificate> = items
        .into_iter()
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect();
    if found.is_empty() { Err(wrong(format!("has no certificate: {path}"))) } else { Ok(found.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let read = |status, location, body: &str| read_answer("http://h", status, location, body.as_bytes());
        assert_eq!(read(200, None, "{\"a\":1}").unwrap()["a"], 1);
        assert_eq!(read(200, None, "").unwrap(), Value::Null);
        let refused = read(400, None, r#"{"error_code":"INVALID","message":"no\n such"}"#).unwrap_err();
        assert!(
            refused.concerns_one_run() && refused.to_string() == "http://h refuses: no such (INVALID)",
            "{refused}"
        );
        for (status, location, body, told) in [
            (401, None, "You are not authenticated", "MLFLOW_TRACKING_TOKEN"),
            (403, None, r#"{"error_code":"PERMISSION_DENIED"}"#, "HTTP 403"),
            (301, Some("https://h/"), "", "leads to https://h/"),
            (404, None, "<html>nothing</html>", "HTTP 404 <html>nothing</html>"),
            (200, None, "<html>a page</html>", "HTTP 200 <html>a page</html>"),
            (502, None, "", "HTTP 502"),
        ] {
            let error = read(status, location, body).unwrap_err();
            assert!(!error.concerns_one_run() && error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn an_empty_or_wrong_file_of_certificates_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        let told = |path: &str| certificates(path).map(|_| ()).unwrap_err().to_string();
        assert!(told(path.to_str().unwrap()).contains("cannot be read"));
        fs_err::write(&path, "nothing").unwrap();
        assert!(told(path.to_str().unwrap()).contains("has no certificate"));
    }
}
