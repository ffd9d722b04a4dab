//! What a request may cost in memory. A binary of its own, because it counts allocations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use allocation_counter::measure;
use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use glassbox_otlp::{Accepted, Batch, Consumer, Limits, Receiver, Refusal, Signal};
use tower::ServiceExt;

/// Decodes each batch, as the most expensive consumer would, and records what was charged.
#[derive(Default)]
struct Decoder {
    receiver: std::sync::OnceLock<Receiver>,
    charged: AtomicUsize,
}

#[async_trait]
impl Consumer for Decoder {
    async fn consume(&self, batch: Batch) -> Result<Accepted, Refusal> {
        let charged = self.receiver.get().unwrap().in_flight_bytes();
        self.charged.store(charged, Ordering::Relaxed);
        assert!(batch.request().records() == batch.records());
        Ok(Accepted::all())
    }
}

struct Outcome {
    status: StatusCode,
    answer: String,
    charged: usize,
    peak: usize,
}

/// Sends one body to a receiver that is limited to `memory` bytes a request.
///
/// Bodies below 256 KiB are handled on the thread that is measured.
fn send(signal: Signal, json: bool, body: &[u8], memory: usize) -> Outcome {
    assert!(body.len() < 256 << 10);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let decoder = Arc::new(Decoder::default());
    let receiver = Receiver::new(
        Arc::clone(&decoder) as Arc<dyn Consumer>,
        Limits::default().request_memory(memory),
    );
    decoder.receiver.set(receiver.clone()).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    let media = if json {
        "application/json"
    } else {
        "application/x-protobuf"
    };
    let request = Request::post(signal.http_path())
        .header("content-type", media)
        .header("content-encoding", "gzip")
        .body(Body::from(encoder.finish().unwrap()))
        .unwrap();
    let mut response = None;
    let allocated = measure(|| {
        response = Some(
            runtime
                .block_on(receiver.router().oneshot(request))
                .unwrap(),
        );
    });
    let response = response.unwrap();
    let status = response.status();
    let answer = runtime.block_on(async {
        use http_body_util::BodyExt;
        response.into_body().collect().await.unwrap().to_bytes()
    });
    assert_eq!(receiver.in_flight_bytes(), 0);
    Outcome {
        status,
        answer: String::from_utf8_lossy(&answer).into_owned(),
        charged: decoder.charged.load(Ordering::Relaxed),
        peak: usize::try_from(allocated.bytes_max).unwrap(),
    }
}

/// Memory that every request takes: the inflater, the router, the answer.
const FIXED: usize = 300 << 10;

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = value.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(value);
    field
}

/// Puts `content` into the fields that `path` names, the outermost first.
fn nest(path: &[u8], content: Vec<u8>) -> Vec<u8> {
    path.iter()
        .rev()
        .fold(content, |content, number| field(*number, &content))
}

/// Like `nest`, with the name that a metric needs.
fn request(signal: Signal, path: &[u8], content: Vec<u8>) -> Vec<u8> {
    match path.split_at_checked(3) {
        Some((record, data)) if signal == Signal::Metrics && record == [1, 2, 2] => {
            let name = if data.is_empty() {
                vec![]
            } else {
                field(1, b"m")
            };
            nest(record, [name, nest(data, content)].concat())
        }
        _ => nest(path, content),
    }
}

/// Every repeated field of the protocol: the message that has it, and what else it needs.
fn repeated_fields() -> Vec<(Signal, Vec<u8>, Vec<u8>, u8)> {
    use Signal::{Logs, Metrics, Traces};
    let ids = [field(1, &[1; 16]), field(2, &[2; 8])].concat();
    let name = field(1, b"m");
    let none = Vec::new;
    let mut fields = Vec::new();
    let mut add = |signal, path: &[u8], before: Vec<u8>, number| {
        fields.push((signal, path.to_vec(), before, number));
    };
    for signal in Signal::ALL {
        add(signal, &[], none(), 1);
        add(signal, &[1], none(), 2);
        add(signal, &[1, 1], none(), 1);
        add(signal, &[1, 1], none(), 3);
        add(signal, &[1, 1, 3], none(), 3);
        add(signal, &[1, 1, 3], none(), 4);
        add(signal, &[1, 2], none(), 2);
        add(signal, &[1, 2, 1], none(), 3);
        // Arrays and maps in a value.
        add(signal, &[1, 1, 1, 2, 5], none(), 1);
        add(signal, &[1, 1, 1, 2, 6], none(), 1);
    }
    for number in [9, 11, 13] {
        add(Traces, &[1, 2, 2], ids.clone(), number);
    }
    add(Logs, &[1, 2, 2], none(), 6);
    add(Logs, &[1, 2, 2, 5, 5], none(), 1);
    add(Metrics, &[1, 2, 2], name.clone(), 12);
    for data in [5, 7, 9, 10, 11] {
        add(Metrics, &[1, 2, 2, data], none(), 1);
    }
    for number in [5, 7] {
        add(Metrics, &[1, 2, 2, 7, 1], none(), number);
    }
    for number in [8, 9] {
        add(Metrics, &[1, 2, 2, 9, 1], none(), number);
    }
    for number in [1, 11] {
        add(Metrics, &[1, 2, 2, 10, 1], none(), number);
    }
    for number in [6, 7] {
        add(Metrics, &[1, 2, 2, 11, 1], none(), number);
    }
    fields
}

#[test]
fn structures_are_counted_before_they_are_built() {
    let memory = 1 << 20;
    for (signal, path, before, number) in repeated_fields() {
        let mut content = before;
        content.resize(content.len() + 240_000, 0);
        let start = content.len() - 240_000;
        for element in content[start..].chunks_exact_mut(2) {
            element[0] = number << 3 | 2;
        }
        let body = request(signal, &path, content);
        let outcome = send(signal, false, &body, memory);
        let what = format!("{signal} {path:?} field {number}: {}", outcome.answer);
        assert_eq!(outcome.status, StatusCode::PAYLOAD_TOO_LARGE, "{what}");
        assert!(outcome.answer.contains("needs more memory than the limit"));
        // The body itself, twice while it grows.
        assert!(
            outcome.peak <= 2 * body.len() + FIXED,
            "{what}: {}",
            outcome.peak
        );
    }
}

#[test]
fn packed_numbers_are_counted_before_they_are_built() {
    // Exponential buckets: eight bytes for each byte.
    let body = nest(&[1, 2, 2, 10, 1, 8, 2], vec![1; 200_000]);
    let outcome = send(Signal::Metrics, false, &body, 1 << 20);
    assert_eq!(outcome.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(outcome.peak <= 2 * body.len() + FIXED, "{}", outcome.peak);
}

#[test]
fn what_is_built_is_at_most_what_was_charged() {
    for (signal, path, before, number) in repeated_fields() {
        for elements in [1, 5, 100, 3_000] {
            let mut content = before.clone();
            for _ in 0..elements {
                content.extend([number << 3 | 2, 0]);
            }
            let body = request(signal, &path, content);
            let outcome = send(signal, false, &body, 64 << 20);
            let what = format!("{signal} {path:?} field {number} × {elements}");
            // Invalid records are not passed on, so nothing was recorded.
            let charged = outcome.charged.max(body.len());
            assert!(
                outcome.peak <= 2 * charged + FIXED,
                "{what}: {} for {charged}",
                outcome.peak
            );
        }
    }
}

#[test]
fn json_is_counted_while_it_is_built() {
    let memory = 512 << 10;
    let many = |element: &str| vec![element; 60_000 / (element.len() + 1) * 4].join(",");
    let spans = |inside: &str| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{{inside}}}]}}]}}"#);
    let span = |inside: &str| {
        spans(&format!(
            r#""spans":[{{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202",{inside}}}]"#
        ))
    };
    let metric = |inside: &str| {
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m",{inside}}}]}}]}}]}}"#
        )
    };
    let empties = many("{}");
    for (signal, text) in [
        (
            Signal::Traces,
            format!(r#"{{"resourceSpans":[{empties}]}}"#),
        ),
        (Signal::Traces, spans(&format!(r#""spans":[{empties}]"#))),
        (
            Signal::Traces,
            span(&format!(r#""attributes":[{empties}]"#)),
        ),
        (Signal::Traces, span(&format!(r#""events":[{empties}]"#))),
        (Signal::Traces, span(&format!(r#""links":[{empties}]"#))),
        (
            Signal::Metrics,
            metric(&format!(r#""sum":{{"dataPoints":[{empties}]}}"#)),
        ),
        (
            Signal::Metrics,
            metric(&format!(
                r#""summary":{{"dataPoints":[{{"quantileValues":[{empties}]}}]}}"#
            )),
        ),
    ] {
        let outcome = send(signal, true, text.as_bytes(), memory);
        let what = &text[..text.len().min(150)];
        assert_eq!(outcome.status, StatusCode::PAYLOAD_TOO_LARGE, "{what}");
        assert!(
            outcome.peak <= 3 * memory / 2 + 2 * text.len() + FIXED,
            "{what}: {}",
            outcome.peak
        );
    }
}

#[test]
fn json_that_is_skipped_costs_nothing() {
    for element in ["[]", "{}", "[[[]]]", "\"\"", "1"] {
        let text = format!(r#"{{"x":[{}]}}"#, vec![element; 30_000].join(","));
        let outcome = send(Signal::Logs, true, text.as_bytes(), 64 << 20);
        assert_eq!(outcome.status, StatusCode::BAD_REQUEST, "nothing is known");
        assert!(outcome.peak <= 2 * text.len() + FIXED, "{}", outcome.peak);
    }
}

#[test]
fn usual_telemetry_costs_a_small_multiple_of_its_bytes() {
    let attribute = |key: &str| {
        nest(
            &[9],
            [
                field(1, key.as_bytes()),
                nest(&[2, 1], b"a usual value".to_vec()),
            ]
            .concat(),
        )
    };
    let span = [
        field(1, &[1; 16]),
        field(2, &[2; 8]),
        field(5, b"GET /a/usual/route"),
        attribute("http.request.method"),
        attribute("url.path"),
        attribute("server.address"),
    ]
    .concat();
    let body = nest(&[1, 2], field(2, &span).repeat(1_000));
    let outcome = send(Signal::Traces, false, &body, 7 * body.len());
    assert_eq!(outcome.status, StatusCode::OK, "{}", outcome.answer);
    assert!(outcome.peak <= 2 * outcome.charged + FIXED);
}
