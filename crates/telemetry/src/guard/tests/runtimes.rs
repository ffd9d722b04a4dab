//! Flushing, shutting down and dropping inside of runtimes.

use super::*;
use tokio::runtime::{Builder, Runtime};

/// A sink on a runtime of its own: the one under test may be blocked.
fn sink() -> (Runtime, OtlpSink) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(OtlpSink::start());
    (runtime, sink)
}

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().unwrap(),
        Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap(),
    ]
}

#[test]
fn a_flush_works_inside_a_runtime_of_either_kind() {
    for runtime in runtimes() {
        let (_serving, sink) = sink();
        // The runtime has neither timers nor I/O: telemetry does not use it.
        runtime.block_on(async {
            let guard = start(to(&sink));
            emit_spans(&guard, 1);
            guard.flush(WITHIN).await.unwrap();
            assert_eq!(sink.spans().len(), 1);
            emit_spans(&guard, 1);
            guard.flush_blocking(WITHIN).unwrap();
            assert_eq!(sink.spans().len(), 2);
            emit_spans(&guard, 1);
            drop(guard);
            assert_eq!(sink.spans().len(), 3);
            let guard = start(to(&sink));
            emit_spans(&guard, 1);
            let report = guard.shutdown_blocking(WITHIN);
            assert_eq!(report.signals["traces"].delivered, 1);
        });
    }
}

#[test]
fn a_flush_works_in_a_task_and_in_a_blocking_task() {
    for runtime in runtimes() {
        let (_serving, sink) = sink();
        let guard = std::sync::Arc::new(start(to(&sink)));
        runtime.block_on(async {
            emit_spans(&guard, 1);
            let held = guard.clone();
            let flushed = tokio::spawn(async move { held.flush(WITHIN).await });
            flushed.await.unwrap().unwrap();
            assert_eq!(sink.spans().len(), 1);
            emit_spans(&guard, 1);
            let held = guard.clone();
            let flushed = tokio::task::spawn_blocking(move || held.flush_blocking(WITHIN));
            flushed.await.unwrap().unwrap();
            assert_eq!(sink.spans().len(), 2);
        });
    }
}

#[test]
fn a_flush_that_is_dropped_is_finished_without_it() {
    let (serving, sink) = sink();
    let guard = start(to(&sink));
    emit_spans(&guard, 1);
    let polled = {
        let mut flush = std::pin::pin!(guard.flush(WITHIN));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        flush.as_mut().poll(&mut cx).is_pending()
    };
    assert!(polled);
    serving.block_on(sink.wait_for(|sink| sink.spans().len() == 1));
    assert!(guard.shutdown_blocking(WITHIN).is_lossless());
}
