//! The cost of storing: the backend compared with the same receiver without a store, in one run.
//!
//! `cargo bench -p glassbox-collector` sends OTLP/HTTP over one connection to both and prints the
//! ratio, then the store's size on disk and in memory, and the duration of queries.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints and may panic"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glassbox_collector::{Backend, BackendConfig, Listen};
use glassbox_otlp::{Accepted, Batch, Consumer, Limits, Receiver, Refusal, serve};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

const REQUESTS: u64 = 800;
const SPANS: u64 = 512;
const SPANS_PER_TRACE: u64 = 8;

/// Accepts everything and stores nothing.
struct Nothing;

#[glassbox_core::async_trait]
impl Consumer for Nothing {
    async fn consume(&self, _: Batch) -> Result<Accepted, Refusal> {
        Ok(Accepted::all())
    }
}

fn text(key: &str, value: String) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(value)),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

/// Words of a prompt, as an agent's span would carry them.
fn words(seed: u64) -> String {
    const WORDS: [&str; 16] = [
        "weather", "Berlin", "tomorrow", "sunrise", "convert", "hours", "between", "Tokyo", "and",
        "Oslo", "how", "long", "flight", "train", "please", "daylight",
    ];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let picked = (0..14).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        WORDS[(state % 16) as usize]
    });
    picked.collect::<Vec<_>>().join(" ")
}

fn request(number: u64) -> Vec<u8> {
    let start = 1_790_000_000_000_000_000;
    let spans = (number * SPANS..(number + 1) * SPANS).map(|at| Span {
        trace_id: (u128::from(at / SPANS_PER_TRACE) << 64 | 7)
            .to_be_bytes()
            .to_vec(),
        span_id: (at + 1).to_be_bytes().to_vec(),
        parent_span_id: (at - at % SPANS_PER_TRACE).to_be_bytes().to_vec(),
        name: format!("execute_tool {}", at % 20),
        kind: 3,
        start_time_unix_nano: start + at * 1_000_000,
        end_time_unix_nano: start + at * 1_000_000 + 900_000,
        attributes: vec![
            text("gen_ai.operation.name", "execute_tool".to_owned()),
            text("gen_ai.provider.name", "openai".to_owned()),
            text("gen_ai.request.model", "gpt-5-mini".to_owned()),
            text("session.id", format!("session-{}", at / 64)),
            text(
                "gen_ai.tool.call.id",
                format!("call_{:016x}", at.wrapping_mul(0x9E37_79B9)),
            ),
            text("input.value", words(at)),
            text("server.address", "127.0.0.1".to_owned()),
        ],
        ..Span::default()
    });
    let scope_spans = vec![ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    }];
    let attributes = vec![text("service.name", format!("service-{}", number % 5))];
    let resource = Some(Resource {
        attributes,
        ..Resource::default()
    });
    let group = ResourceSpans {
        resource,
        scope_spans,
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![group],
    }
    .encode_to_vec()
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(base: &str) -> Self {
        let stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn call(&mut self, line: &str, body: &[u8]) -> usize {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
        self.0.get_mut().write_all(body).unwrap();
        let (mut len, mut first) = (0, String::new());
        self.0.read_line(&mut first).unwrap();
        assert!(first.contains(" 200 "), "{first}");
        loop {
            let mut header = String::new();
            self.0.read_line(&mut header).unwrap();
            match header.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    len = value.parse().unwrap();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; len];
        self.0.read_exact(&mut answer).unwrap();
        len
    }
}

fn ingest(base: &str, requests: &[Vec<u8>]) -> Duration {
    let mut client = Client::connect(base);
    let begin = Instant::now();
    for body in requests {
        client.call("POST /v1/traces", body);
    }
    begin.elapsed()
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn ask(page: &str, what: &str, path: &str) {
    let mut client = Client::connect(page);
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            client.call(&format!("GET {path}"), &[]);
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{what:<44} {:>9.2} ms (median of 9)",
        times[4].as_secs_f64() * 1e3
    );
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let requests: Vec<Vec<u8>> = (0..REQUESTS).map(request).collect();
    let spans = REQUESTS * SPANS;
    let sent: usize = requests.iter().map(Vec::len).sum();
    println!(
        "{spans} spans in {REQUESTS} requests, {} bytes each",
        sent as u64 / spans
    );

    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let bare = format!("http://{}", listener.local_addr().unwrap());
    let receiver = Receiver::new(Arc::new(Nothing), Limits::default());
    let never = std::future::pending();
    runtime.spawn(serve(
        listener,
        receiver.http_router(),
        never,
        Duration::ZERO,
    ));

    let folder = tempfile::tempdir().unwrap();
    let free: Listen = "127.0.0.1:0".parse().unwrap();
    let config = BackendConfig::default()
        .data_dir(folder.path())
        .grpc(free)
        .http(free)
        .page(free);
    let backend = runtime.block_on(Backend::start(config.clone())).unwrap();
    let http = backend.endpoints().http().to_owned();
    // Each once to warm up, and the bare receiver both first and last, so that a slow minute affects both.
    ingest(&bare, &requests[..50]);
    let peer = ingest(&bare, &requests);
    let before = resident();
    let stored = ingest(&http, &requests);
    let after = resident();
    let peer = (peer + ingest(&bare, &requests)) / 2;
    let rate = |time: Duration| spans as f64 / time.as_secs_f64() / 1e6;
    println!(
        "receive and drop (peer)          {:>7.3} M spans/s",
        rate(peer)
    );
    println!(
        "receive, store and index         {:>7.3} M spans/s",
        rate(stored)
    );
    println!(
        "ratio of time, storing / peer    {:>7.2}",
        stored.as_secs_f64() / peer.as_secs_f64()
    );

    let segments = std::fs::read_dir(folder.path().join("segments")).unwrap();
    let disk: u64 = segments
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "on disk                          {:>7.1} bytes/span",
        disk as f64 / spans as f64
    );
    let grown = after.saturating_sub(before);
    println!(
        "resident memory grew by          {:>7.1} bytes/span",
        grown as f64 / spans as f64
    );

    let page = backend.endpoints().page().to_owned();
    let trace = format!("{:016x}{:016x}", 1_000, 7);
    ask(&page, "newest 200 traces", "/api/otel/traces");
    ask(
        &page,
        "one trace",
        &format!("/api/otel/traces?trace_id={trace}"),
    );
    ask(
        &page,
        "newest 200 traces of one span name",
        "/api/otel/traces?span_name=execute_tool%203",
    );
    ask(
        &page,
        "text that is nowhere",
        "/api/otel/traces?query=zebra-crossing",
    );
    ask(&page, "status", "/api/status");
    runtime.block_on(backend.shutdown(Duration::from_secs(10)));
    let begin = Instant::now();
    let backend = runtime.block_on(Backend::start(config)).unwrap();
    let restart = begin.elapsed().as_secs_f64();
    println!("restart with {spans} spans {:>26.0} ms", restart * 1e3);
    runtime.block_on(backend.shutdown(Duration::from_secs(10)));
}
