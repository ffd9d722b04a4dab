//! Everything emitted is counted as delivered, spooled or lost, whatever the backend does.

use super::*;
use glassbox_otlp::{Accepted, Refusal};
use glassbox_testkit::SinkMode;

async fn emit_and_end(guard: TelemetryGuard, within: Duration) -> ShutdownReport {
    emit_spans(&guard, 1300);
    emit_logs(&guard, 700);
    emit_points(&guard, 30);
    guard.shutdown(within).await
}

const EMITTED: [u64; 3] = [1300, 700, 30];

#[tokio::test]
async fn a_backend_that_takes_everything_gets_everything() {
    let sink = OtlpSink::start().await;
    let report = emit_and_end(start(to(&sink)), WITHIN).await;
    assert_balanced(&report, EMITTED);
    assert!(report.is_lossless(), "{report}");
    assert_eq!((sink.spans().len(), sink.logs().len()), (1300, 700));
    // In batches of 512, in the order in which they were emitted.
    let names: Vec<_> = sink.spans().iter().map(|span| span.name.clone()).collect();
    let expected: Vec<_> = (0..1300).map(|at| format!("span {at}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_collection_that_is_due_at_the_end_is_no_loss() {
    let sink = OtlpSink::start().await;
    // Always due, so that a collection is in progress when the last of many spans is sent.
    for _ in 0..20 {
        let config = to(&sink)
            .with_metric_interval(Duration::from_millis(1))
            .with_batch_size(1);
        let guard = TelemetryGuard::start(config).unwrap();
        emit_points(&guard, 3);
        emit_spans(&guard, 20);
        let report = guard.shutdown(WITHIN).await;
        assert!(report.is_lossless(), "{report}");
    }
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_not_waited_for_at_the_end() {
    let config = TelemetryConfig::new("tested")
        .with_endpoint(format!("http://{}", nobody()))
        .with_timeout(Duration::from_secs(3600));
    let report = emit_and_end(start(config), WITHIN).await;
    assert_balanced(&report, EMITTED);
    // If the shutdown had waited, the reason would be `shutdown`.
    assert_eq!(lost(&report.signals["traces"], "export_failed"), 1300);
    assert_eq!(lost(&report.signals["logs"], "export_failed"), 700);
    assert_eq!(lost(&report.signals["metrics"], "export_failed"), 30);
}

#[tokio::test]
async fn a_backend_that_hangs_costs_the_time_given_and_the_rest_is_written_off() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let guard = start(to(&sink));
    let report = emit_and_end(guard, Duration::from_millis(300)).await;
    assert_balanced(&report, EMITTED);
    assert_eq!(report.delivered(), 0);
    assert_eq!(lost(&report.signals["traces"], "shutdown"), 1300);
    assert_eq!(lost(&report.signals["logs"], "shutdown"), 700);
    assert_eq!(lost(&report.signals["metrics"], "shutdown"), 30);
}

#[tokio::test]
async fn a_backend_that_refuses_for_good_is_asked_once_for_each_batch() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Status {
        http: 401,
        grpc: 16,
    });
    let guard = start(to(&sink).with_batch_size(2000));
    emit_spans(&guard, 1300);
    emit_logs(&guard, 700);
    emit_points(&guard, 30);
    let error = guard.flush(WITHIN).await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    let health = guard.health();
    let error = health.signals["traces"].last_error.as_deref().unwrap();
    assert!(error.contains("401 Unauthorized"), "{error}");
    assert!(!health.is_healthy());
    assert_eq!(sink.attempts(), 3);

    let report = guard.shutdown(WITHIN).await;
    assert_eq!(lost(&report.signals["traces"], "export_failed"), 1300);
    assert_eq!(lost(&report.signals["logs"], "export_failed"), 700);
}

#[tokio::test]
async fn what_the_backend_rejects_of_a_batch_is_counted() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Accept(Accepted::partial(7, "too old")));
    let report = emit_and_end(start(to(&sink).with_batch_size(2000)), WITHIN).await;
    assert_balanced(&report, EMITTED);
    for signal in report.signals.values() {
        assert_eq!(lost(signal, "rejected"), 7);
    }
}

#[tokio::test]
async fn a_backend_that_recovers_gets_the_batch_that_it_refused_for_now() {
    let sink = OtlpSink::start().await;
    sink.script([
        SinkMode::Status {
            http: 503,
            grpc: 14,
        },
        SinkMode::Close,
        SinkMode::Refuse(Refusal::unavailable("still starting", Duration::ZERO)),
    ]);
    let guard = start(to(&sink));
    emit_spans(&guard, 10);
    guard.flush(WITHIN).await.unwrap();
    assert_eq!(sink.attempts(), 4);
    assert_eq!(sink.spans().len(), 10);
    let health = guard.health();
    assert!(health.is_healthy(), "{health:?}");
    assert_eq!(health.signals["traces"].delivered, 10);
    drop(guard);
}

#[tokio::test]
async fn a_full_queue_drops_what_is_new_and_says_so() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink).with_queue_size(100).with_batch_size(100));
    sink.set_mode(SinkMode::Hang);
    // One batch is in flight, one waits.
    emit_spans(&guard, 100);
    sink.wait_for(|sink| sink.attempts() == 1).await;
    emit_spans(&guard, 150);
    let health = guard.health();
    assert_eq!(health.signals["traces"].queued, 200);
    assert_eq!(health.signals["traces"].dropped["queue_full"], 50);
    let report = guard.shutdown(Duration::ZERO).await;
    assert_eq!(lost(&report.signals["traces"], "queue_full"), 50);
    assert_eq!(lost(&report.signals["traces"], "shutdown"), 200);
    assert_balanced(&report, [250, 0, 0]);
}

#[tokio::test]
async fn what_is_emitted_after_the_end_is_counted_as_lost() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    let backend = guard.backend.clone().unwrap();
    emit_spans(&guard, 3);
    let subscriber = tracing_subscriber::registry().with(guard.layers().unwrap());
    guard.shutdown(WITHIN).await;
    tracing::subscriber::with_default(subscriber, || {
        let late = tracing::info_span!(target: "app", "late");
        late.in_scope(|| tracing::info!(target: "app", "late"));
    });
    let report = backend.pipeline().report();
    assert_balanced(&report, [4, 1, 0]);
    assert_eq!(lost(&report.signals["traces"], "shutdown"), 1);
    assert_eq!(lost(&report.signals["logs"], "shutdown"), 1);
}

#[tokio::test]
async fn a_flush_goes_on_after_it_and_the_end_of_it_does_not() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    for round in 1..=3 {
        emit_spans(&guard, 5);
        guard.flush(WITHIN).await.unwrap();
        assert_eq!(sink.spans().len(), round * 5);
    }
    let pipeline = guard.backend.as_ref().unwrap().pipeline().clone();
    guard.shutdown(WITHIN).await;
    let (done, outcome) = oneshot::channel();
    pipeline.flush(WITHIN, move |flushed| drop(done.send(flushed)));
    assert_eq!(outcome.await.unwrap(), Err(FlushError::Closed));
}

#[tokio::test]
async fn a_flush_stops_waiting_when_its_time_is_over() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let guard = start(to(&sink));
    emit_spans(&guard, 1);
    let short = Duration::from_millis(50);
    assert_eq!(guard.flush(short).await, Err(FlushError::Timeout(short)));
    assert_eq!(guard.flush_blocking(short), Err(FlushError::Timeout(short)));
    guard.shutdown(Duration::ZERO).await;
}

#[test]
fn no_runtime_is_needed_and_a_dropped_guard_flushes() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(OtlpSink::start());
    let guard = start(to(&sink));
    emit_spans(&guard, 2);
    guard.flush_blocking(WITHIN).unwrap();
    assert_eq!(sink.spans().len(), 2);
    emit_spans(&guard, 2);
    emit_logs(&guard, 2);
    drop(guard);
    assert_eq!((sink.spans().len(), sink.logs().len()), (4, 2));

    let guard = start(to(&sink));
    emit_spans(&guard, 1);
    let report = guard.shutdown_blocking(WITHIN);
    assert_eq!(report.signals["traces"].delivered, 1);
}

#[tokio::test]
async fn a_callback_that_hangs_costs_no_more_than_the_time_given() {
    let sink = OtlpSink::start().await;
    let guard = start(to(&sink));
    let (release, hangs) = sync_channel::<()>(0);
    let hangs = std::sync::Mutex::new(hangs);
    let meter = guard.meter_provider().unwrap().meter("test");
    let _gauge = meter
        .f64_observable_gauge("hangs")
        .with_callback(move |_| {
            // Blocks until the test ends.
            let _ = hangs.lock().unwrap().recv();
        })
        .build();
    emit_spans(&guard, 4);
    let report = guard.shutdown(Duration::from_millis(500)).await;
    assert_eq!(report.signals["traces"].delivered, 4);
    drop(release);
}

#[tokio::test]
async fn a_backend_that_keeps_failing_is_left_alone_and_its_telemetry_waits() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let config = to(&sink)
        .with_timeout(Duration::from_millis(20))
        .with_batch_size(10);
    let guard = start(config);
    for _ in 0..3 {
        emit_spans(&guard, 1);
        guard.flush(WITHIN).await.unwrap_err();
    }
    let health = guard.health();
    assert!(health.signals["traces"].circuit_open);
    assert!(
        !health.signals["logs"].circuit_open,
        "each signal has its own"
    );
    let attempts = sink.attempts();

    // A full batch would be sent at once; this one waits.
    emit_spans(&guard, 10);
    emit_logs(&guard, 10);
    sink.wait_for(|sink| sink.attempts() > attempts).await;
    assert_eq!(guard.health().signals["traces"].queued, 10);

    // The logs were sent, and lost.
    let booked = async {
        while guard.health().signals["logs"].queued > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WITHIN, booked).await.unwrap();

    // A requested flush sends nevertheless.
    sink.set_mode(SinkMode::default());
    guard.flush(WITHIN).await.unwrap();
    assert_eq!(sink.spans().len(), 10);
    let report = guard.shutdown(WITHIN).await;
    assert_eq!(report.signals["traces"].delivered, 10);
    assert_eq!(lost(&report.signals["traces"], "export_failed"), 3);
}

#[tokio::test]
async fn a_flush_tells_of_the_batch_that_was_on_its_way_already() {
    let sink = OtlpSink::start().await;
    sink.set_mode(SinkMode::Hang);
    let config = to(&sink)
        .with_timeout(Duration::from_millis(300))
        .with_batch_size(10);
    let guard = start(config);
    emit_spans(&guard, 10);
    sink.wait_for(|sink| sink.attempts() == 1).await;
    let error = guard.flush(WITHIN).await.unwrap_err();
    assert!(error.to_string().contains("within 300ms"), "{error}");
    // An earlier loss is not reported again.
    guard.flush(WITHIN).await.unwrap();
    guard.shutdown(WITHIN).await;
}

#[tokio::test]
async fn the_end_does_not_sleep_through_the_wait_of_a_batch() {
    let sink = OtlpSink::start().await;
    let wait = Duration::from_secs(20);
    sink.script([SinkMode::Refuse(Refusal::unavailable("busy", wait))]);
    let config = to(&sink)
        .with_timeout(Duration::from_secs(3600))
        .with_batch_size(10);
    let guard = start(config);
    emit_spans(&guard, 10);
    sink.wait_for(|sink| sink.attempts() == 1).await;
    emit_spans(&guard, 5);
    let report = guard.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.signals["traces"].delivered, 15, "{report}");
}
