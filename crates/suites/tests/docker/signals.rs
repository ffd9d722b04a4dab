//! Every signal over every protocol with every compression, compared field by field.
//!
//! The application is a separate process, configured by variables like any other. A proxy between it and
//! the collector checks that the wire format is as configured; what arrived is
//! read from the collector's file exporter. Records are compared whole, so missing and unexpected
//! fields are both detected.

mod compression;
mod logs;
mod metrics;
mod resource;
mod spans;
mod times;

use crate::{
    collector::{Collector, Found, Signal},
    emitter::{Emitted, Emitter},
    protocol::Protocol,
    wire::Wire,
};
use compression::Compression;

macro_rules! cases {
    ($($name:ident: $signal:ident over $protocol:ident with $compression:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let (emitted, found) =
                arrive(Signal::$signal, Protocol::$protocol, Compression::$compression, &[]).await;
            match Signal::$signal {
                Signal::Traces => spans::assert_as_emitted(&emitted, found),
                Signal::Metrics => metrics::assert_totals(&emitted, found),
                Signal::Logs => logs::assert_as_emitted(&emitted, found),
            }
        }
    )+};
}

cases! {
    spans_arrive_over_http: Traces over Http with None;
    spans_arrive_over_http_with_gzip: Traces over Http with Gzip;
    spans_arrive_over_http_with_zstd: Traces over Http with Zstd;
    spans_arrive_over_grpc: Traces over Grpc with None;
    spans_arrive_over_grpc_with_gzip: Traces over Grpc with Gzip;
    spans_arrive_over_grpc_with_zstd: Traces over Grpc with Zstd;
    metrics_arrive_over_http: Metrics over Http with None;
    metrics_arrive_over_http_with_gzip: Metrics over Http with Gzip;
    metrics_arrive_over_http_with_zstd: Metrics over Http with Zstd;
    metrics_arrive_over_grpc: Metrics over Grpc with None;
    metrics_arrive_over_grpc_with_gzip: Metrics over Grpc with Gzip;
    metrics_arrive_over_grpc_with_zstd: Metrics over Grpc with Zstd;
    logs_arrive_over_http: Logs over Http with None;
    logs_arrive_over_http_with_gzip: Logs over Http with Gzip;
    logs_arrive_over_http_with_zstd: Logs over Http with Zstd;
    logs_arrive_over_grpc: Logs over Grpc with None;
    logs_arrive_over_grpc_with_gzip: Logs over Grpc with Gzip;
    logs_arrive_over_grpc_with_zstd: Logs over Grpc with Zstd;
}

const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";

#[tokio::test(flavor = "multi_thread")]
async fn differences_arrive_where_they_are_asked_for() {
    let delta = [(TEMPORALITY, "delta")];
    let (emitted, found) = arrive(Signal::Metrics, Protocol::Http, Compression::None, &delta).await;
    metrics::assert_differences(&emitted, found, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_observed_stays_a_total_where_memory_is_to_be_low() {
    let low = [(TEMPORALITY, "lowmemory")];
    let (emitted, found) = arrive(Signal::Metrics, Protocol::Grpc, Compression::None, &low).await;
    metrics::assert_differences(&emitted, found, false);
}

/// Emits one signal, records its requests on the wire, and returns what arrived.
async fn arrive(
    signal: Signal,
    protocol: Protocol,
    compression: Compression,
    variables: &[(&str, &str)],
) -> (Emitted, Vec<Found>) {
    let collector = Collector::start("signals", &compression.only_over_http()).await;
    let wire = Wire::to(protocol.authority(&collector)).await;
    let mut emitter = Emitter::new(signal.as_str())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", wire.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.name())
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", compression.as_str())
        .only(signal)
        .env("GLASSBOX_LOG", "info,shop=trace");
    for (name, value) in resource::VARIABLES.iter().chain(variables) {
        emitter = emitter.env(name, value);
    }
    let emitted = emitter.run().await;
    let delivered = emitted.assert_lossless(signal.as_str());
    let all = |found: &[Found]| found.iter().map(Found::items).sum::<u64>() >= delivered;
    let found = collector.records(signal, all).await;
    let items: u64 = found.iter().map(Found::items).sum();
    assert_eq!(items, delivered, "more arrived than was sent");
    match protocol {
        Protocol::Http => compression.assert_seen_over_http(&wire.http(), signal),
        Protocol::Grpc => compression.assert_seen_over_grpc(&wire.grpc()),
    }
    for found in &found {
        resource::assert_described(found, &emitted);
    }
    (emitted, found)
}
