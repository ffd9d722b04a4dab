//! Disturbances that the application survives.

use super::{
    CONFIG, assert_it_goes_on,
    books::Books,
    start,
    switch::Switch,
    until_it_flows, until_lost,
    worker::{Knobs, Worker},
};
use crate::{
    collector::{Collector, Found, Signal},
    patience::eventually,
    protocol::{Protocol, over_both},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Timeout of the final flush, to a collector that is available.
const END: Duration = Duration::from_secs(20);

over_both! {
    frozen: a_frozen_collector_costs_what_is_counted_over_http,
        a_frozen_collector_costs_what_is_counted_over_grpc;
    killed: a_killed_collector_costs_what_did_not_fit_over_http,
        a_killed_collector_costs_what_did_not_fit_over_grpc;
    restarted: a_restarted_collector_costs_nothing_over_http,
        a_restarted_collector_costs_nothing_over_grpc;
    reloaded: a_collector_that_is_told_anew_costs_nothing_over_http,
        a_collector_that_is_told_anew_costs_nothing_over_grpc;
    replaced: a_frozen_collector_is_left_for_its_successor_over_http,
        a_frozen_collector_is_left_for_its_successor_over_grpc;
}

async fn frozen(protocol: Protocol) {
    let collector = start().await;
    let knobs = Knobs::HASTY;
    let mut worker = Worker::start(&collector, protocol, &knobs);
    worker.start_load().await;
    until_it_flows(&mut worker).await;
    collector.pause().await;
    until_lost(&mut worker, "export_failed").await;
    assert_it_goes_on(&mut worker, &knobs).await;
    until_lost(&mut worker, "queue_full").await;
    assert!(collector.is_paused().await);
    collector.resume().await;
    until_it_flows(&mut worker).await;
    let (emitted, report) = end(worker).await;
    let collectors = [&collector];
    // Abandoned requests were in the sockets of the frozen process, which read them after it resumed.
    let books = Books::of(emitted, &report, &collectors).with_late_losses();
    books.balance();
    books.counter_is_whole();
}

async fn killed(protocol: Protocol) {
    let collector = start().await;
    let knobs = Knobs::PATIENT;
    let mut worker = Worker::start(&collector, protocol, &knobs);
    worker.start_load().await;
    until_it_flows(&mut worker).await;
    collector.kill().await;
    until_lost(&mut worker, "queue_full").await;
    assert_it_goes_on(&mut worker, &knobs).await;
    collector.start_again().await;
    until_it_flows(&mut worker).await;
    let (emitted, report) = end(worker).await;
    for signal in ["traces", "logs"] {
        let lost = report[signal]["dropped"].as_object().unwrap();
        assert_eq!(lost.keys().collect::<Vec<_>>(), ["queue_full"], "{report}");
    }
    assert_eq!(report["metrics"]["dropped"], json!({}), "{report}");
    let collectors = [&collector];
    let books = Books::of(emitted, &report, &collectors).with_doubles(1);
    books.balance();
    books.counter_is_whole();
}

async fn restarted(protocol: Protocol) {
    let collector = start().await;
    let mut worker = Worker::start(&collector, protocol, &Knobs::ROOMY);
    worker.start_load().await;
    until_it_flows(&mut worker).await;
    collector.restart().await;
    until_it_flows(&mut worker).await;
    assert_nothing_lost(worker, &collector).await;
}

async fn reloaded(protocol: Protocol) {
    let collector = start().await;
    let mut worker = Worker::start(&collector, protocol, &Knobs::ROOMY);
    worker.start_load().await;
    until_it_flows(&mut worker).await;
    let upsert = "[{ key: told, value: anew, action: upsert }]";
    let pipelines = ["traces", "metrics", "logs"]
        .map(|signal| format!("    {signal}: {{ processors: [resource] }}\n"));
    let anew = format!(
        "{CONFIG}processors: {{ resource: {{ attributes: {upsert} }} }}\nservice:\n  pipelines:\n{}",
        pipelines.concat()
    );
    collector.reload(&anew).await;
    for signal in [Signal::Traces, Signal::Metrics, Signal::Logs] {
        let told = |found: &[Found]| found.iter().any(|found| found.of("told") == Some("anew"));
        collector.records(signal, told).await;
    }
    until_it_flows(&mut worker).await;
    assert_nothing_lost(worker, &collector).await;
}

async fn replaced(protocol: Protocol) {
    let (collector, successor) = (start().await, start().await);
    let switch = Switch::towards(protocol.authority(&collector)).await;
    let mut worker = Worker::start_towards(&switch.endpoint(), protocol, &Knobs::HASTY);
    worker.start_load().await;
    until_it_flows(&mut worker).await;
    collector.pause().await;
    switch.turn(protocol.authority(&successor));
    // A batch of each signal fails with its connection; the next one goes to the new address.
    until_lost(&mut worker, "export_failed").await;
    until_it_flows(&mut worker).await;
    let (emitted, report) = end(worker).await;
    assert!(!successor.written(Signal::Traces).is_empty());
    collector.resume().await;
    let collectors = [&collector, &successor];
    let books = Books::of(emitted, &report, &collectors).with_late_losses();
    books.balance();
    books.counter_is_whole();
}

/// Stops the load, waits until everything queued is delivered, and ends. Returns the number of jobs and
/// the final report.
async fn end(mut worker: Worker) -> (u64, Value) {
    let emitted = worker.stop_load().await;
    // On a busy machine another batch may fail, which is counted like any other.
    let flushed = eventually(async || worker.flush().await.is_none().then_some(()));
    assert!(flushed.await.is_some(), "nothing arrives");
    (emitted, worker.shutdown(END).await)
}

async fn assert_nothing_lost(worker: Worker, collector: &Collector) {
    let (emitted, report) = end(worker).await;
    for (signal, of_signal) in report.as_object().unwrap() {
        assert_eq!(of_signal["dropped"], json!({}), "{signal}: {report}");
    }
    let collectors = [collector];
    let books = Books::of(emitted, &report, &collectors).with_doubles(1);
    books.balance();
    books.counter_is_whole();
}
