//! The thin path: start, receive over both protocols, read back, show, restart.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;

use crate::client::{export, get, get_json};
use crate::records::{log, logs, metrics, now, point, span, sum, traces};
use crate::{start, stop};

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_over_both_protocols_is_readable_and_still_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (backend.endpoints().http(), backend.endpoints().page());
    let time = now();

    let mut grpc = TraceServiceClient::connect(backend.endpoints().grpc().to_owned())
        .await
        .unwrap();
    grpc.export(traces("agent", vec![span(1, 1, 0, "invoke_agent", time)]))
        .await
        .unwrap();
    let tool = traces("tool", vec![span(1, 2, 1, "execute_tool", time + 1)]);
    export(http, "/v1/traces", &tool.encode_to_vec()).await;
    export(
        http,
        "/v1/logs",
        &logs("tool", vec![log("hello", time, 9)]).encode_to_vec(),
    )
    .await;
    let calls = metrics("tool", vec![sum("calls", vec![point(3, time, vec![])])]);
    export(http, "/v1/metrics", &calls.encode_to_vec()).await;

    let listed = get_json(page, "/api/otel/traces").await;
    assert_eq!(
        (&listed["total"], &listed["returned"]),
        (&1.into(), &1.into())
    );
    let id = listed["traces"][0]["trace_id"].as_str().unwrap().to_owned();
    let spans = get_json(page, &format!("/api/otel/traces?trace_id={id}")).await;
    assert_eq!(spans["spans"][0]["name"], "invoke_agent");
    assert_eq!(spans["spans"][1]["service"], "tool");
    assert_eq!(
        get_json(page, "/api/otel/logs").await["logs"][0]["body"],
        "hello"
    );
    let calls = get_json(page, "/api/otel/metrics?name=calls").await;
    assert_eq!(calls["series"][0]["points"][0]["value"], 3);
    let document = get(page, "/runs/whatever").await;
    assert!(
        String::from_utf8(document.body)
            .unwrap()
            .contains("<title>Glassbox</title>")
    );
    let status = get_json(page, "/api/status").await;
    assert_eq!(status["store"]["spans"], 2);
    assert_eq!(status["collector"]["mode"], "embedded");
    stop(backend).await;

    let backend = start(folder.path()).await;
    let page = backend.endpoints().page();
    assert_eq!(
        get_json(page, &format!("/api/otel/traces?trace_id={id}")).await,
        spans
    );
    assert!(backend.notes().is_empty(), "{:?}", backend.notes());
    stop(backend).await;
}
