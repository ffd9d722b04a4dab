//! Every signal over every protocol with every compression, compared field by field.

use crate::{
    collector::{Collector, Signal},
    emitter::Emitter,
};

#[tokio::test(flavor = "multi_thread")]
async fn spans_over_http_without_compression() {
    let collector = Collector::start("signals", "{}").await;
    let emitted = Emitter::new("traces")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http())
        .run()
        .await;
    let count = emitted.assert_lossless("traces");
    let found = collector
        .records(Signal::Traces, |found| found.len() as u64 >= count)
        .await;
    assert!(found.len() as u64 == count);
}
