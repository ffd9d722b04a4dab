//! How a collector processes telemetry: metrics to scrape, tail sampling, metrics derived from spans,
//! attributes that a cluster adds and removes, and rejection when its memory is full.

mod cluster;
mod exposition;
mod pressure;
mod prometheus;
mod sampling;
mod span_metrics;

use crate::{
    collector::{Collector, Signal},
    emitter::{Emitted, Emitter},
    protocol::Protocol,
};
use exposition::Exposition;
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use std::time::Duration;

/// The number of spans in each trace of the scenario `requests`.
const SPANS: usize = 3;

/// Plays a scenario of one signal in the application, and asserts that everything arrives.
async fn play(scenario: &str, signal: Signal, collector: &Collector) -> Emitted {
    let emitted = Emitter::new(scenario)
        .only(signal)
        .env(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            Protocol::Http.endpoint(collector),
        )
        .env("OTEL_SERVICE_NAME", "shop")
        .env("OTEL_SERVICE_NAMESPACE", "market")
        .env("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=i-1")
        .env("GLASSBOX_ENVIRONMENT", "laptop")
        .run()
        .await;
    emitted.assert_lossless(signal.as_str());
    emitted
}

/// A request of the scenario `requests`.
struct Request {
    trace_id: String,
    took: Duration,
}

/// The requests of one kind.
fn requests(emitted: &Emitted, kind: &str) -> Vec<Request> {
    let requests = emitted.facts[kind].as_array().unwrap().iter();
    let requests: Vec<_> = requests
        .map(|request| Request {
            trace_id: request["trace_id"].as_str().unwrap().to_owned(),
            took: Duration::from_nanos(request["nanoseconds"].as_u64().unwrap()),
        })
        .collect();
    assert!(!requests.is_empty());
    requests
}

/// The output of a collector's Prometheus exporter; `None` while it does not answer.
async fn scrape(collector: &Collector) -> Option<(Exposition, String)> {
    let cx = Cx::background();
    let client = HttpClient::new();
    let answer = client.get(&collector.prometheus()).send(&cx).await.ok()?;
    let body = answer.bytes().await.ok()?;
    let text = String::from_utf8(body.to_vec()).unwrap();
    Some((Exposition::parse(&text), text))
}
