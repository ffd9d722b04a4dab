//! Clients that disconnect while the disk is slow.

use std::sync::mpsc;

use glassbox_otlp::Request;
use glassbox_otlp::proto::ExportTraceServiceRequest;
use glassbox_otlp::proto::trace::v1::{ResourceSpans, ScopeSpans, Span};
use glassbox_store::Retention;

use super::*;

fn batch(number: u64) -> Batch {
    let span = Span {
        trace_id: vec![7; 16],
        span_id: number.to_be_bytes().to_vec(),
        name: "step".to_owned(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let group = ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    };
    Batch::new(Request::Traces(ExportTraceServiceRequest {
        resource_spans: vec![group],
    }))
}

#[test]
fn clients_that_give_up_on_a_slow_disk_leave_few_batches_behind() {
    // One thread for all blocking work: while it is blocked, the disk makes no progress.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ownership = Arc::new(Ownership::take(folder.path(), 0).unwrap());
        let mut retention = Retention::default();
        retention.max_bytes = 1 << 20;
        retention.max_age = None;
        retention.max_records = 1_000;

        let store = SegmentStore::open(
            &folder.path().join("segments"),
            retention,
            crate::clock::unix_nanos,
        )
        .unwrap();
        let store = Arc::new(store);
        let intake = Arc::new(Intake::new(Arc::clone(&store), ownership));
        let (release, held) = mpsc::sync_channel::<()>(1);
        let slow = tokio::task::spawn_blocking(move || held.recv());
        for number in 1..=100 {
            let given_up = tokio::task::spawn({
                let intake = Arc::clone(&intake);
                async move { intake.consume(batch(number)).await }
            });
            tokio::task::yield_now().await;
            given_up.abort();
        }
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        slow.await.unwrap().unwrap();
        // This request is queued behind all those that were abandoned.
        let last = intake.consume(batch(1_000)).await;
        assert_eq!(last, Ok(Accepted::all()));
        let held = store.view().records();
        assert!(held.spans <= WRITES as u64 + 1, "{}", held.spans);
    });
}
