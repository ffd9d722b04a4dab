//! A collector without free memory: rejected requests are retried, and counted as lost when the time is over.

use crate::{
    collector::{Collector, Signal},
    emitter::Emitter,
    patience::eventually,
    protocol::{Protocol, over_both},
    wire::Wire,
};
use std::time::Duration;

over_both! {
    again: what_is_refused_for_want_of_room_arrives_later_over_http,
        what_is_refused_for_want_of_room_arrives_later_over_grpc;
    given_up: what_is_refused_for_too_long_is_counted_over_http,
        what_is_refused_for_too_long_is_counted_over_grpc;
}

async fn again(protocol: Protocol) {
    let (collector, wire) = full(protocol).await;
    let emitter = emitter(&wire, protocol, Duration::from_secs(20));
    let running = tokio::spawn(emitter.run());
    let tried_again = eventually(async || (requests(&wire, protocol) >= 2).then_some(()));
    assert!(tried_again.await.is_some(), "it is not tried again");
    assert!(collector.written(Signal::Traces).is_empty());
    collector.reload(&with_room(1000)).await;
    let emitted = running.await.unwrap();
    let delivered = emitted.assert_lossless("traces");
    let found = collector.records(Signal::Traces, |found| found.len() as u64 >= delivered);
    assert_eq!(found.await.len() as u64, delivered);
}

async fn given_up(protocol: Protocol) {
    let (collector, wire) = full(protocol).await;
    let emitter = emitter(&wire, protocol, Duration::from_millis(1500));
    let emitted = emitter.run().await;
    let told = emitted.assert_lost(Signal::Traces, "export_failed", Duration::from_secs(10));
    assert!(told.contains("high memory usage"), "{told}");
    let requests = requests(&wire, protocol);
    // Backoff from 100 ms, doubled each time, allows a few requests and no storm.
    assert!((2..10).contains(&requests), "{requests} requests");
    assert!(collector.written(Signal::Traces).is_empty());
}

/// A collector that already exceeds its memory limit and rejects everything.
async fn full(protocol: Protocol) -> (Collector, Wire) {
    let collector = Collector::start("pipelines", &with_room(1)).await;
    let refuses = async || {
        let log = collector.log().await;
        log.contains("Refusing data").then_some(())
    };
    assert!(eventually(refuses).await.is_some(), "it has room");
    let wire = Wire::to(protocol.authority(&collector)).await;
    (collector, wire)
}

fn with_room(mib: u32) -> String {
    format!(
        r"
processors:
  memory_limiter:
    check_interval: 100ms
    limit_mib: {mib}
service:
  pipelines:
    traces:
      processors: [memory_limiter]
"
    )
}

fn emitter(wire: &Wire, protocol: Protocol, timeout: Duration) -> Emitter {
    Emitter::new("requests")
        .only(Signal::Traces)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", wire.endpoint())
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.name())
        // Everything in one batch.
        .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10000")
        .env(
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            timeout.as_millis().to_string(),
        )
}

fn requests(wire: &Wire, protocol: Protocol) -> usize {
    match protocol {
        Protocol::Http => wire.http().len(),
        Protocol::Grpc => wire.calls(),
    }
}
