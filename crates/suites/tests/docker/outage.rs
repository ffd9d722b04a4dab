//! Collectors that freeze, die, come back, are replaced and are reconfigured, all under load: the
//! application continues, and what it reports as lost is exactly what is missing.
//!
//! Nothing here depends on timing. Each disturbance lasts until the application has shown its reaction:
//! its queue is full and losses are counted, batches were given up, or it has continued to emit.

mod books;
mod ended;
mod received;
mod survived;
mod switch;
mod worker;

use crate::collector::{Collector, Setup};
use serde_json::Value;
use worker::{BATCH, Knobs, Worker, both};

/// Files are written without a buffer, so that whatever is acknowledged is there even after a SIGKILL.
const CONFIG: &str = r"
exporters:
  file/traces: { append: false, rotation: { max_megabytes: 1000 } }
  file/metrics: { append: false, rotation: { max_megabytes: 1000 } }
  file/logs: { append: false, rotation: { max_megabytes: 1000 } }
";

/// Starts a collector that keeps its ports across restarts.
async fn start() -> Collector {
    let setup = Setup::new("outage", CONFIG).with_fixed_ports();
    setup.start().await
}

fn delivered(signals: &Value, signal: &str) -> u64 {
    signals[signal]["delivered"].as_u64().unwrap()
}

/// Waits until more of every signal is delivered than now: several batches of spans and records.
async fn until_it_flows(worker: &mut Worker) {
    let before = worker.health().await;
    let more = |now: &Value, signal: &str, by: u64| {
        delivered(now, signal) >= delivered(&before, signal) + by
    };
    worker
        .until(|now| {
            more(now, "traces", 3 * BATCH)
                && more(now, "logs", 3 * BATCH)
                && more(now, "metrics", 1)
        })
        .await;
}

/// Waits until spans and log records are lost for this reason.
async fn until_lost(worker: &mut Worker, reason: &str) {
    let lost = |signal: &Value| signal["dropped"][reason].as_u64() > Some(0);
    worker.until(|signals| both(signals, lost)).await;
}

/// Asserts that the application continues: every thread emits, no call blocks, the queue stays within
/// its limit, and memory does not grow with what is emitted.
async fn assert_it_goes_on(worker: &mut Worker, knobs: &Knobs) {
    worker.pace().await;
    let memory = worker.memory();
    worker.emit(MANY / 4).await;
    let grown = worker.memory().saturating_sub(memory);
    assert!(
        grown < 16,
        "{grown} MiB more for {MANY} jobs that nobody takes"
    );
    let pace = worker.pace().await;
    assert!(pace.jobs >= MANY && pace.slow * 100 < pace.jobs, "{pace:?}");
    // A single job may wait for a busy machine, but none may wait for the unavailable collector.
    assert!(pace.slowest_ms < 10_000, "{pace:?}");
    let signals = worker.health().await;
    let bound = knobs.queue + BATCH;
    let bounded = |signal: &Value| signal["queued"].as_u64() <= Some(bound);
    assert!(both(&signals, bounded), "more than {bound} wait: {signals}");
}

/// The number of jobs that would take more than 60 MiB if they were kept.
const MANY: u64 = 60_000;
