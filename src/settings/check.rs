//! Finds every problem of the settings, so that one start tells them all.

use config::{Config, Value, ValueKind};

use super::Settings;

/// Unknown keys and values of another type than the default's.
pub fn compare(defaults: &Config, merged: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    compare_values("", &defaults.cache, &merged.cache, &mut problems);
    problems.sort();
    problems
}

fn compare_values(path: &str, default: &Value, given: &Value, problems: &mut Vec<String>) {
    let (ValueKind::Table(known), ValueKind::Table(found)) = (&default.kind, &given.kind) else {
        if !same_type(&default.kind, &given.kind) {
            problems.push(format!("{path} is {given}; {} is expected{}", type_name(&default.kind), source(given)));
        }
        return;
    };
    for (key, value) in found {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match known.get(key) {
            Some(default) => compare_values(&path, default, value, problems),
            None => problems.push(format!("{path} is not a setting{}{}", source(value), nearest(key, known.keys()))),
        }
    }
}

fn source(value: &Value) -> String {
    value.origin().map(|origin| format!(" (in {origin})")).unwrap_or_default()
}

/// Suggests the key that shares most of its letters.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> String {
    let shared = |a: &str| a.chars().filter(|c| key.contains(*c)).count() * 2 >= a.len() + key.len() - 2;
    let mut close: Vec<&String> = known.filter(|k| shared(k)).collect();
    close.sort();
    close.first().map(|k| format!("; did you mean `{k}`?")).unwrap_or_default()
}

fn same_type(default: &ValueKind, given: &ValueKind) -> bool {
    type_name(default) == type_name(given) || matches!((default, given), (ValueKind::String(_), ValueKind::I64(_)))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest are integer widths and nothing")]
fn type_name(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Boolean(_) => "true or false",
        ValueKind::Float(_) => "a number",
        ValueKind::String(_) => "a text",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => "a list",
        _ => "a whole number",
    }
}

/// Values out of range.
pub fn ranges(settings: &Settings) -> Vec<String> {
    let Settings { server, inference, store, history, tracking, .. } = settings;
    let checks = [
        range("server.max_upload_mb", server.max_upload_mb, 1, 4_000),
        range("server.max_import_mb", server.max_import_mb, 1, 10_000_000),
        range("server.max_megapixels", server.max_megapixels, 1, 1_000),
        range("server.shutdown_seconds", server.shutdown_seconds, 0, 3_600),
        range("inference.threads", inference.threads as u64, 0, 1_024),
        range("inference.tile", u64::from(inference.tile), 64, 4_096),
        range("inference.overlap", u64::from(inference.overlap), 0, u64::from(inference.tile / 2)),
        range("inference.queue_photos", inference.queue_photos as u64, 1, 10_000),
        range("inference.queue_megapixels", inference.queue_megapixels, 1, 100_000),
        range("retrain.threshold", settings.retrain.threshold, 1, 1_000_000),
        range("store.recent_mb", store.recent_mb, 0, 10_000_000),
        range("history.max_days", u64::from(history.max_days), 0, 36_500),
        range("history.max_mb", history.max_mb, 0, 1_000_000_000),
        range("history.deleted_days", u64::from(history.deleted_days), 0, 36_500),
        (!tracking.mlflow_uri.is_empty() && !is_server(&tracking.mlflow_uri)).then(|| {
            // The value may hold a secret, so it is not repeated.
            "tracking.mlflow_uri must be http://HOST or https://HOST, with a port and a path if need be; credentials \
             stand in the environment"
                .into()
        }),
        name("tracking.experiment", &tracking.experiment, 1, 500),
        name("tracking.registered_model", &tracking.registered_model, 0, 250),
    ];
    checks.into_iter().flatten().collect()
}

fn range(name: &str, value: u64, low: u64, high: u64) -> Option<String> {
    (!(low..=high).contains(&value)).then(|| format!("{name} is {value}; {low} to {high} is allowed"))
}

/// Whether `uri` is the address of a web server, without credentials, query or fragment.
fn is_server(uri: &str) -> bool {
    let Ok(parsed) = uri.parse::<ureq::http::Uri>() else { return false };
    let authority = parsed.authority().map_or("", |authority| authority.as_str());
    let web = matches!(parsed.scheme_str(), Some("http" | "https"));
    web && !authority.is_empty() && !authority.contains('@') && parsed.query().is_none() && !uri.contains('#')
}

/// MLflow's rules for names.
fn name(key: &str, value: &str, least: usize, most: usize) -> Option<String> {
    let wrong = value.trim().len() != value.len() || !(least..=most).contains(&value.len());
    let wrong = wrong || value.contains(['/', ':']) || value.chars().any(char::is_control);
    wrong.then(|| format!("{key} is {value:?}; {least} to {most} characters without `/` and `:` are allowed"))
}
