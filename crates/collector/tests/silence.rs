//! The backend reports only its own state and nothing that it ingests, or its telemetry would feed itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassbox_collector::{Backend, BackendConfig, Listen};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The events of this crate and of the receiver, and how many spans they opened.
static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SPANS: AtomicU64 = AtomicU64::new(0);

struct Listener;

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("glassbox")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(SPANS.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = String::new();
        event.record(&mut Message(&mut message));
        EVENTS.lock().unwrap().push(message);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_leave_no_trace_in_the_backends_own_log() {
    tracing::subscriber::set_global_default(Listener).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let free: Listen = "127.0.0.1:0".parse().unwrap();
    let config = BackendConfig::default()
        .data_dir(folder.path())
        .grpc(free)
        .http(free)
        .page(free);
    let backend = Backend::start(config).await.unwrap();
    let grpc = backend.endpoints().grpc().to_owned();
    let mut client = LogsServiceClient::connect(grpc).await.unwrap();
    for _ in 0..1_000 {
        let scope_logs = vec![ScopeLogs {
            log_records: vec![LogRecord {
                time_unix_nano: 1,
                ..LogRecord::default()
            }],
            ..ScopeLogs::default()
        }];
        let resource_logs = vec![ResourceLogs {
            scope_logs,
            ..ResourceLogs::default()
        }];
        client
            .export(ExportLogsServiceRequest { resource_logs })
            .await
            .unwrap();
    }
    drop(client);
    let report = backend.shutdown(Duration::from_secs(10)).await;
    assert_eq!(report.log_records, 1_000);
    let said = EVENTS.lock().unwrap().clone();
    let its_own_life = [
        "the backend receives by itself",
        "the backend is running",
        "the backend has stopped",
    ];
    assert_eq!(said, its_own_life);
    assert_eq!(SPANS.load(Ordering::Relaxed), 0);
}
