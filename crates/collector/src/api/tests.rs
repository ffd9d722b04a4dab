//! What cannot be tested from outside in reasonable time.

use axum::body::Body;
use futures_util::StreamExt;
use glassbox_otlp::{Accepted, Batch, Consumer, Limits, Refusal};
use glassbox_store::Retention;

use super::*;

struct Nothing;

#[glassbox_core::async_trait]
impl Consumer for Nothing {
    async fn consume(&self, _: Batch) -> Result<Accepted, Refusal> {
        Ok(Accepted::all())
    }
}

fn api(folder: &std::path::Path) -> Arc<Api> {
    let mut retention = Retention::default();
    retention.max_bytes = 1 << 20;
    retention.max_age = None;
    retention.max_records = 1_000;

    let store = Arc::new(SegmentStore::open(folder, retention, crate::clock::unix_nanos).unwrap());
    let (threads, stop) = (tokio::runtime::Handle::current(), CancellationToken::new());
    let address = "127.0.0.1:1".parse().unwrap();
    Arc::new(Api {
        query: Query::new(Arc::clone(&store)),
        tail: Tail::start(Arc::clone(&store), &threads, stop.clone()),
        store,
        receiver: Receiver::new(Arc::new(Nothing), Limits::default()),
        endpoints: Endpoints::new(address, address, address),
        collector: watch::channel(CollectorStatus::embedded("none is wanted")).1,
        archive: None,
        losses: Losses::none(crate::clock::unix_nanos),
        started: 1,
        max_records: 10,
        notes: Vec::new(),
        traces: status::TraceCount::default(),
        stop,
        heartbeat: Duration::from_millis(1),
        readers: Readers::new(&threads),
    })
}

fn get_stream() -> Request {
    Request::get("/api/logs/stream")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn an_idle_stream_says_that_it_is_alive() {
    let folder = tempfile::tempdir().unwrap();
    let response = router(api(folder.path()))
        .oneshot(get_stream())
        .await
        .unwrap();
    let mut body = response.into_body().into_data_stream();
    for _ in 0..3 {
        let comment = body.next().await.unwrap().unwrap();
        assert!(
            comment.starts_with(b":") && comment.ends_with(b"\n\n"),
            "{comment:?}"
        );
    }
}

#[tokio::test]
async fn a_stopping_backend_ends_an_idle_stream() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(folder.path());
    let response = router(Arc::clone(&api))
        .oneshot(get_stream())
        .await
        .unwrap();
    assert_eq!(api.tail.subscribers(), 1);
    let mut body = response.into_body().into_data_stream();
    api.stop.cancel();
    while let Some(frame) = body.next().await {
        assert!(frame.unwrap().starts_with(b":"));
    }
    drop(body);
    assert_eq!(api.tail.subscribers(), 0);
}
