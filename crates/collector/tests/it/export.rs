//! An export returns the same OTLP as was received.

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::client::{export, get, post};
use crate::records::{hex, now, span, text, trace_id, traces};
use crate::{start, stop};

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_trace_can_be_sent_again_and_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    // More than one part: 60 spans of 50 KB from two services, and one of another trace.
    let mut sent = 0;
    for service in ["agent", "tool"] {
        let spans: Vec<Span> = (0..30)
            .map(|number| {
                let mut span = span(1, sent + number + 1, 0, "step", now());
                span.attributes = vec![text("filler", &"f".repeat(50_000))];
                span
            })
            .collect();
        sent += 30;
        export(http, "/v1/traces", &traces(service, spans).encode_to_vec()).await;
        let other = traces(service, vec![span(2, 1, 0, "other", now())]);
        export(http, "/v1/traces", &other.encode_to_vec()).await;
    }
    let path = format!("/api/otel/export?trace_id={}", hex(&trace_id(1)));
    let exported = get(page, &path).await;
    assert_eq!(exported.status, 200);
    let second_folder = tempfile::tempdir().unwrap();
    let second = start(second_folder.path()).await;
    let media = "application/json";
    let posted = post(
        second.endpoints().http(),
        "/v1/traces",
        media,
        &exported.body,
    )
    .await;
    assert_eq!(posted.status, 200);
    let again = get(second.endpoints().page(), &path).await;
    let spans = |answer: &serde_json::Value| {
        let groups = answer["resourceSpans"].as_array().unwrap();
        let scopes = groups
            .iter()
            .flat_map(|one| one["scopeSpans"].as_array().unwrap());
        let spans = scopes.flat_map(|one| one["spans"].as_array().unwrap());
        spans.cloned().collect::<Vec<_>>()
    };
    assert_eq!(spans(&exported.json()).len(), 60);
    assert_eq!(spans(&exported.json()), spans(&again.json()));
    let unknown = format!("/api/otel/export?trace_id={}", hex(&trace_id(9)));
    assert_eq!(get(page, &unknown).await.status, 404);
    assert_eq!(get(page, "/api/otel/export").await.status, 400);
    stop(backend).await;
    stop(second).await;
}
