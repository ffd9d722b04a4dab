//! Sharing, limits and order, without sockets.

use std::time::Duration;

use glassbox_otlp::proto::ExportLogsServiceRequest;
use glassbox_otlp::proto::common::v1::{AnyValue, any_value::Value};
use glassbox_otlp::proto::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use glassbox_otlp::{Batch, Request};
use glassbox_store::Retention;
use tokio::time::timeout;

use super::*;
use crate::clock;

/// Ends a test that hangs; it does not measure anything.
const PATIENCE: Duration = Duration::from_secs(30);

fn store(folder: &std::path::Path) -> Arc<SegmentStore> {
    let mut retention = Retention::default();
    retention.max_bytes = 64 << 20;
    Arc::new(SegmentStore::open(folder, retention, clock::unix_nanos).unwrap())
}

fn append(store: &SegmentStore, bodies: impl IntoIterator<Item = String>) {
    let records = bodies.into_iter().map(|body| LogRecord {
        time_unix_nano: clock::unix_nanos(),
        body: Some(AnyValue {
            value: Some(Value::StringValue(body)),
        }),
        ..LogRecord::default()
    });
    let scope_logs = ScopeLogs {
        log_records: records.collect(),
        ..ScopeLogs::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![scope_logs],
            ..ResourceLogs::default()
        }],
    };
    store.append(&Batch::new(Request::Logs(request))).unwrap();
}

fn tail(store: &Arc<SegmentStore>, limit: usize) -> Tail {
    let stop = CancellationToken::new();
    Tail::with_limit(Arc::clone(store), &Handle::current(), stop, limit)
}

async fn next(stream: &mut Stream) -> String {
    let line = timeout(PATIENCE, stream.next()).await.expect("no line");
    String::from_utf8(line.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_too_many_is_refused_until_another_ends() {
    let folder = tempfile::tempdir().unwrap();
    let tail = tail(&store(folder.path()), 1);
    let open = || tail.open(Filter::default(), String::new(), Start::LastHour);
    let first = open().unwrap();
    assert_eq!(open().unwrap_err(), Full { limit: 1 });
    drop(first);
    open().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_has_the_newest_records_and_says_where_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let filler = "x".repeat(10_000);
    for hundred in 0..5 {
        append(
            &store,
            (0..100).map(|one| format!("{:04}{filler}", hundred * 100 + one)),
        );
    }
    let tail = tail(&store, 8);
    let mut stream = tail
        .open(Filter::default(), "service=a".to_owned(), Start::After(0))
        .unwrap();
    let note = next(&mut stream).await;
    assert!(note.starts_with("event: truncated\n"), "{note}");
    assert!(
        note.contains("/api/otel/logs?after_record=0&before_record="),
        "{note}"
    );
    assert!(note.contains("&service=a"), "{note}");
    let mut bytes = 0;
    let mut lines = 0;
    let last = loop {
        let line = next(&mut stream).await;
        (bytes, lines) = (bytes + line.len(), lines + 1);
        if line.contains("0499x") {
            break line;
        }
    };
    assert!(last.starts_with("event: log\nid: 500\n"));
    assert!(bytes <= REPLAY && bytes > REPLAY / 2, "{bytes}");
    assert!(
        note.contains(&format!("before_record={}", 501 - lines)),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_do_not_read_share_what_waits_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let tail = tail(&store, 64);
    let mut streams: Vec<_> = (0..64)
        .map(|_| {
            tail.open(Filter::default(), String::new(), Start::LastHour)
                .unwrap()
        })
        .collect();
    append(&store, ["first".to_owned()]);
    for stream in &mut streams {
        assert!(next(stream).await.contains("first"));
    }
    let filler = "y".repeat(20_000);
    for _ in 0..10 {
        append(&store, (0..20).map(|_| filler.clone()));
    }
    let full = async {
        while tail.dropped() < 64 * 90 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, full)
        .await
        .expect("every queue has a limit");
    assert!(tail.shared.lines.read() <= 2 * QUEUE, "one copy for all");
    for stream in &mut streams {
        let (mut seen, mut missed) = (0, 0);
        while seen + missed < 200 {
            let line = next(stream).await;
            if line.starts_with("event: dropped") {
                let count = line.split("\"count\":").nth(1).unwrap();
                let count = count.split(',').next().unwrap();
                missed += count.parse::<u64>().unwrap();
            } else {
                seen += 1;
            }
        }
        assert!(missed > 0 && seen > 90, "{seen} seen, {missed} missed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_record_is_cut_and_says_where_the_whole_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let tail = tail(&store, 8);
    let mut stream = tail
        .open(Filter::default(), String::new(), Start::LastHour)
        .unwrap();
    append(&store, ["ü\u{1}".repeat(3_000_000)]);
    let line = next(&mut stream).await;
    assert!(line.len() <= LINE, "{}", line.len());
    let data = line.split("data: ").nth(1).unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        data["truncated"]["whole"],
        "/api/otel/value?signal=logs&record=1"
    );
    assert!(data["truncated"]["bytes"].as_u64().unwrap() > 9_000_000);
    let body = &data["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"];
    assert!(body["stringValue"].as_str().unwrap().ends_with('…'));
}
