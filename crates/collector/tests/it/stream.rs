//! The live tail: replay, live records, resuming, records that a slow client misses, the end.

use std::time::Duration;

use prost::Message;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{PATIENCE, export, get, get_json, open, read_head, send};
use crate::records::{log, logs, now};
use crate::{start, stop};

/// One server-sent event.
#[derive(Debug)]
struct Event {
    kind: String,
    id: String,
    data: Value,
}

impl Event {
    /// The body of the only log record inside.
    fn body(&self) -> &str {
        assert_eq!(self.kind, "log", "{self:?}");
        let record = &self.data["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
        assert_eq!(record.as_array().unwrap().len(), 1);
        record[0]["body"]["stringValue"].as_str().unwrap()
    }
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn connect(page: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        let path = format!("/api/logs/stream?{query}");
        let mut stream = open("GET", page, &path, headers, &[]).await;
        let (status, headers) = read_head(&mut stream).await;
        assert_eq!(status, 200);
        let media = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .unwrap();
        assert_eq!(media.1, "text/event-stream");
        Self(stream)
    }

    /// Reads the next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.read())
            .await
            .expect("no event in time")
    }

    async fn read(&mut self) -> Option<Event> {
        let (mut kind, mut id, mut data) = (String::new(), String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            // Chunk lengths and the empty lines between chunks match nothing here.
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => kind = value.to_owned(),
                Some(("id", value)) => id = value.to_owned(),
                Some(("data", value)) => data = value.to_owned(),
                _ if line.trim_end().is_empty() && !data.is_empty() => {
                    let data = serde_json::from_str(&data).unwrap();
                    return Some(Event { kind, id, data });
                }
                _ => {}
            }
        }
    }

    async fn bodies(&mut self, count: usize) -> Vec<String> {
        let mut bodies = Vec::new();
        for _ in 0..count {
            bodies.push(self.next().await.unwrap().body().to_owned());
        }
        bodies
    }
}

async fn send_logs(http: &str, service: &str, bodies: &[&str]) {
    let records = bodies.iter().map(|body| log(body, now(), 9)).collect();
    export(http, "/v1/logs", &logs(service, records).encode_to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_hour_is_replayed_and_then_records_come_as_they_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let old = log("old", now() - 3_700_000_000_000, 9);
    export(http, "/v1/logs", &logs("agent", vec![old]).encode_to_vec()).await;
    send_logs(http, "agent", &["one", "two"]).await;
    let mut stream = Stream::connect(page, "", &[]).await;
    assert_eq!(stream.bodies(2).await, ["one", "two"]);
    send_logs(http, "tool", &["three"]).await;
    let event = stream.next().await.unwrap();
    assert_eq!(event.body(), "three");
    let group = &event.data["resourceLogs"][0];
    assert_eq!(
        group["resource"]["attributes"][0]["value"]["stringValue"],
        "tool"
    );
    assert_eq!(group["scopeLogs"][0]["scope"]["name"], "tests");
    let listed = get_json(page, "/api/otel/logs?limit=1").await;
    assert_eq!(listed["logs"][0]["cursor"], event.id.as_str());
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_holds_the_last_hour_alone_whatever_order_it_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let (ahead, old) = (now() + 600_000_000_000, now() - 7_200_000_000_000);
    for (body, time) in [("ahead", ahead), ("backfilled", old), ("one", now())] {
        let record = log(body, time, 9);
        export(
            http,
            "/v1/logs",
            &logs("agent", vec![record]).encode_to_vec(),
        )
        .await;
    }
    let mut stream = Stream::connect(page, "", &[]).await;
    assert_eq!(stream.bodies(2).await, ["ahead", "one"]);
    // A record that arrives now is shown, however old it is.
    let late = log("late", old, 9);
    export(http, "/v1/logs", &logs("agent", vec![late]).encode_to_vec()).await;
    assert_eq!(stream.bodies(1).await, ["late"]);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    send_logs(http, "agent", &["one", "two", "three"]).await;
    let mut stream = Stream::connect(page, "", &[]).await;
    stream.next().await.unwrap();
    let last = stream.next().await.unwrap();
    assert_eq!(last.body(), "two");
    drop(stream);
    send_logs(http, "agent", &["four"]).await;
    stop(backend).await;

    // This also works across a restart: the cursor is a number of the store, not of the process.
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    let mut stream = Stream::connect(page, "", &[("Last-Event-ID", &last.id)]).await;
    assert_eq!(stream.bodies(2).await, ["three", "four"]);
    let wrong = send(
        "GET",
        page,
        "/api/logs/stream",
        &[("Last-Event-ID", "x7")],
        &[],
    )
    .await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json()["details"]["parameter"], "Last-Event-ID");
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_store_gives_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    send_logs(http, "agent", &["one"]).await;
    let mut stream = Stream::connect(page, "", &[("Last-Event-ID", "999999")]).await;
    send_logs(http, "agent", &["two"]).await;
    assert_eq!(stream.bodies(1).await, ["two"]);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_applied_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let mut by_service = Stream::connect(page, "service=tool", &[]).await;
    let mut by_severity = Stream::connect(page, "severity=error", &[]).await;
    let mut by_text = Stream::connect(page, "query=NEEDLE", &[]).await;
    send_logs(http, "agent", &["hay", "a needle"]).await;
    send_logs(http, "tool", &["from the tool"]).await;
    export(
        http,
        "/v1/logs",
        &logs("agent", vec![log("bad", now(), 17)]).encode_to_vec(),
    )
    .await;
    assert_eq!(by_service.bodies(1).await, ["from the tool"]);
    assert_eq!(by_severity.bodies(1).await, ["bad"]);
    assert_eq!(by_text.bodies(1).await, ["a needle"]);
    let status = get_json(page, "/api/status").await;
    assert_eq!(status["streams"]["subscribers"], 3);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_told_how_many_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let mut stream = Stream::connect(page, "", &[]).await;
    // Far more than the buffers of two sockets and the backlog hold together.
    let filler = "x".repeat(8_000);
    let (requests, each) = (80_u64, 100_u64);
    for request in 0..requests {
        let body = |number| format!("{:06} {filler}", request * each + number);
        let records = (0..each)
            .map(|number| log(&body(number), now(), 9))
            .collect();
        export(http, "/v1/logs", &logs("agent", records).encode_to_vec()).await;
    }
    let overrun = async { while get_json(page, "/api/status").await["streams"]["dropped"] == 0 {} };
    timeout(PATIENCE, overrun)
        .await
        .expect("the client misses some");
    let (mut seen, mut dropped, mut last) = (0, 0, -1);
    while seen + dropped < requests * each {
        let event = stream.next().await.unwrap();
        if event.kind == "dropped" {
            dropped += event.data["count"].as_u64().unwrap();
            let rest = event.data["rest"].as_str().unwrap();
            assert!(rest.starts_with("/api/otel/logs?after_record="), "{rest}");
            get_json(page, &format!("{rest}&limit=1")).await;
            continue;
        }
        let number: i64 = event.body()[..6].parse().unwrap();
        assert!(number > last, "{number} after {last}");
        (seen, last) = (seen + 1, number);
    }
    assert_eq!(
        seen + dropped,
        requests * each,
        "each record is sent or counted, never both"
    );
    assert_eq!(
        u64::try_from(last).unwrap(),
        requests * each - 1,
        "the newest is never dropped"
    );
    let status = get_json(page, "/api/status").await;
    assert_eq!(status["streams"]["dropped"], dropped);
    stop(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_the_streams_and_a_gone_client_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let page = backend.endpoints().page().to_owned();
    let mut stream = Stream::connect(&page, "", &[]).await;
    let gone = Stream::connect(&page, "", &[]).await;
    drop(gone);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let status = get_json(&page, "/api/status").await;
        if status["streams"]["subscribers"] == 1 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{status}");
    }
    let report = backend.shutdown(Duration::from_secs(10)).await;
    assert!(report.drained, "{report:?}");
    assert!(stream.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_filter_is_refused_before_the_stream_begins() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let answer = get(backend.endpoints().page(), "/api/logs/stream?severity=loud").await;
    assert_eq!(answer.status, 400);
    stop(backend).await;
}
