//! Several clients and several readers at once.

use prost::Message;

use crate::client::{export, get_json};
use crate::records::{hex, log, logs, now, span, trace_id, traces};
use crate::{start, stop};

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_readers_at_once_lose_nothing_and_see_whole_requests() {
    let folder = tempfile::tempdir().unwrap();
    let backend = start(folder.path()).await;
    let (http, page) = (
        backend.endpoints().http().to_owned(),
        backend.endpoints().page().to_owned(),
    );
    let (clients, requests, each) = (6_u64, 25_u64, 20_u64);
    let writers = (0..clients).map(|client| {
        let http = http.clone();
        tokio::spawn(async move {
            for request in 0..requests {
                let first = request * each + 1;
                let spans = (first..first + each)
                    .map(|number| span(client, number, 1, "step", now() + number))
                    .collect();
                let service = format!("client-{client}");
                export(
                    &http,
                    "/v1/traces",
                    &traces(&service, spans).encode_to_vec(),
                )
                .await;
                let said = logs(&service, vec![log("step", now(), 9)]);
                export(&http, "/v1/logs", &said.encode_to_vec()).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..3).map(|_| {
        let page = page.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            while seen < requests * each {
                let path = format!("/api/otel/traces?trace_id={}", hex(&trace_id(0)));
                let total = get_json(&page, &path).await["total"].as_u64().unwrap();
                assert!(total >= seen, "what was seen stays: {seen} then {total}");
                assert_eq!(
                    total % each,
                    0,
                    "a request is there as a whole or not at all"
                );
                seen = total;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for task in writers.into_iter().chain(readers) {
        task.await.unwrap();
    }
    let status = get_json(&page, "/api/status").await;
    assert_eq!(status["store"]["spans"], clients * requests * each);
    assert_eq!(status["store"]["traces"], clients);
    assert_eq!(status["store"]["log_records"], clients * requests);
    stop(backend).await;
}
