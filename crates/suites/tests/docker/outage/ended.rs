//! An application that ends while no collector accepts its remaining telemetry.

use super::{
    books::Books,
    start,
    worker::{BATCH, Knobs, Worker},
};
use crate::{
    collector::Collector,
    protocol::{Protocol, over_both},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The number of jobs that are delivered before the outage, and of those that are not delivered.
const BEFORE: u64 = 4 * BATCH;
const AFTER: u64 = 8 * BATCH;

/// How much longer than allowed the end may take, because the machine is busy.
const GRACE: Duration = Duration::from_secs(5);

over_both! {
    frozen: the_end_does_not_wait_for_a_frozen_collector_over_http,
        the_end_does_not_wait_for_a_frozen_collector_over_grpc;
    killed: the_end_does_not_wait_for_a_killed_collector_over_http,
        the_end_does_not_wait_for_a_killed_collector_over_grpc;
}

async fn frozen(protocol: Protocol) {
    let (collector, worker) = at_rest(protocol).await;
    collector.pause().await;
    let within = Duration::from_secs(1);
    let (emitted, report) = end(worker, within).await;
    assert!(collector.is_paused().await);
    collector.resume().await;
    let collectors = [&collector];
    // The request in flight was in the socket of the frozen process.
    let books = Books::of(emitted, &report, &collectors).with_late_requests(1);
    books.balance();
}

async fn killed(protocol: Protocol) {
    let (collector, worker) = at_rest(protocol).await;
    collector.kill().await;
    // The refused connection is detected at once, so the allowed time is not used up.
    let start = Instant::now();
    let within = Duration::from_secs(60);
    let (emitted, report) = end(worker, within).await;
    assert!(start.elapsed() < within / 2, "{:?}", start.elapsed());
    let collectors = [&collector];
    let books = Books::of(emitted, &report, &collectors).with_late_points(1);
    books.balance();
}

/// A worker whose spans and records are all delivered.
async fn at_rest(protocol: Protocol) -> (Collector, Worker) {
    let collector = start().await;
    let mut worker = Worker::start(&collector, protocol, &Knobs::PATIENT);
    assert_eq!(worker.emit(BEFORE / 4).await, BEFORE);
    assert_eq!(worker.flush().await, None);
    (collector, worker)
}

/// Emits what no collector accepts, and ends. Asserts that exactly that is lost.
async fn end(mut worker: Worker, within: Duration) -> (u64, Value) {
    let emitted = worker.emit(AFTER / 4).await;
    assert_eq!(emitted, BEFORE + AFTER);
    let start = Instant::now();
    let report = worker.shutdown(within).await;
    assert!(start.elapsed() < within + GRACE, "{:?}", start.elapsed());
    for signal in ["traces", "logs"] {
        let dropped = report[signal]["dropped"].as_object().unwrap().values();
        let dropped: u64 = dropped.map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(report[signal]["delivered"], BEFORE, "{report}");
        assert_eq!(dropped, AFTER, "{report}");
    }
    (emitted, report)
}
