//! What Prometheus sees: one table of names, kinds, units and meanings.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use crate::domain::ModelName;

/// Kind of a metric; histograms have buckets.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

struct Metric {
    name: &'static str,
    kind: Kind,
    unit: Unit,
    meaning: &'static str,
}

const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
const RATIOS: &[f64] = &[0.0, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

const METRICS: [Metric; 13] = [
    metric(
        "hairline_http_requests_total",
        Kind::Counter,
        Unit::Count,
        "HTTP requests by method, route template and status.",
    ),
    metric(
        "hairline_http_request_duration_seconds",
        Kind::Histogram(SECONDS),
        Unit::Seconds,
        "Time from a request's head to its answer's head, by method and route template.",
    ),
    metric("hairline_queue_photos", Kind::Gauge, Unit::Count, "Photographs accepted and not finished."),
    metric("hairline_queue_pixels", Kind::Gauge, Unit::Count, "Pixels of the photographs accepted and not finished."),
    metric(
        "hairline_predictions_total",
        Kind::Counter,
        Unit::Count,
        "Photographs by outcome: done, unusable, overloaded, cancelled, failed.",
    ),
    metric(
        "hairline_inference_stage_duration_seconds",
        Kind::Histogram(SECONDS),
        Unit::Seconds,
        "Time of a photograph in each stage: queue, decode, network, measure.",
    ),
    metric(
        "hairline_tile_duration_seconds",
        Kind::Histogram(SECONDS),
        Unit::Seconds,
        "Time of the network for one tile.",
    ),
    metric(
        "hairline_network_pixels_total",
        Kind::Counter,
        Unit::Count,
        "Pixels computed by the network, overlaps and padding included.",
    ),
    metric("hairline_photo_pixels_total", Kind::Counter, Unit::Count, "Pixels of predicted photographs."),
    metric(
        "hairline_crack_ratio",
        Kind::Histogram(RATIOS),
        Unit::Count,
        "Share of crack pixels of predicted photographs, 0 to 1.",
    ),
    metric(
        "hairline_feedback_saved_total",
        Kind::Counter,
        Unit::Count,
        "Submissions for retraining that are durable, by whether they have a label.",
    ),
    metric("hairline_model_info", Kind::Gauge, Unit::Count, "Always 1; labels name the model that answers."),
    metric("hairline_build_info", Kind::Gauge, Unit::Count, "Always 1; labels name the version of the binary."),
];

const fn metric(name: &'static str, kind: Kind, unit: Unit, meaning: &'static str) -> Metric {
    Metric { name, kind, unit, meaning }
}

/// Renders what was recorded.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
    process: Collector,
}

static EXPORTER: OnceLock<Exporter> = OnceLock::new();

impl Exporter {
    /// Installs the recorder of this process, once.
    ///
    /// # Errors
    /// If another recorder is installed.
    pub fn install() -> Result<&'static Self, BuildError> {
        if let Some(exporter) = EXPORTER.get() {
            return Ok(exporter);
        }
        let mut builder = PrometheusBuilder::new();
        for metric in &METRICS {
            if let Kind::Histogram(buckets) = metric.kind {
                builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.into()), buckets)?;
            }
        }
        let handle = builder.install_recorder()?;
        METRICS.iter().for_each(describe);
        let process = Collector::default();
        process.describe();
        gauge!("hairline_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(EXPORTER.get_or_init(|| Self { handle, process }))
    }

    /// The Prometheus text format.
    pub fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }

    /// Moves recorded samples into their buckets; to be called every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

/// Publishes which model answers.
pub fn publish_model(model: &ModelName) {
    let ModelName { name, licence, sha256 } = model.clone();
    gauge!("hairline_model_info", "model" => name, "licence" => licence, "sha256" => sha256).set(1.0);
}

fn describe(metric: &Metric) {
    match metric.kind {
        Kind::Counter => describe_counter!(metric.name, metric.unit, metric.meaning),
        Kind::Gauge => describe_gauge!(metric.name, metric.unit, metric.meaning),
        Kind::Histogram(_) => describe_histogram!(metric.name, metric.unit, metric.meaning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for Metric { name, kind, unit, meaning } in &METRICS {
            assert!(name.starts_with("hairline_"), "{name}");
            assert_eq!(name.ends_with("_total"), matches!(kind, Kind::Counter), "{name}");
            assert_eq!(name.ends_with("_seconds"), *unit == Unit::Seconds, "{name}");
            assert!(meaning.ends_with('.'), "{name}");
        }
    }
}
