//! The application under load: `worker/main.rs`, as a process of its own.

use crate::{collector::Collector, patience::PATIENCE, protocol::Protocol};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Maximum number of items in a request.
pub(super) const BATCH: u64 = 100;

/// The program, controlled through standard input and output.
pub(super) struct Worker {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// The settings that it is started with.
pub(super) struct Knobs {
    /// Maximum time for a batch, including retries.
    pub(super) timeout: Duration,
    /// Maximum number of queued spans, and of queued log records.
    pub(super) queue: u64,
}

impl Knobs {
    /// Retries a batch for longer than a suite takes.
    pub(super) const PATIENT: Self = Self {
        timeout: Duration::from_secs(120),
        queue: 1000,
    };
    /// Gives a batch up soon.
    pub(super) const HASTY: Self = Self {
        timeout: Duration::from_secs(1),
        queue: 1000,
    };
    /// A queue with room for everything.
    pub(super) const ROOMY: Self = Self {
        timeout: Duration::from_secs(120),
        queue: 1_000_000,
    };
}

/// How long jobs took, measured by the program around each.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Pace {
    pub(super) jobs: u64,
    /// Jobs of 50 ms and more.
    pub(super) slow: u64,
    pub(super) slowest_ms: u64,
}

impl Worker {
    /// Starts a worker that sends to a collector.
    pub(super) fn start(collector: &Collector, protocol: Protocol, knobs: &Knobs) -> Self {
        Self::start_towards(&protocol.endpoint(collector), protocol, knobs)
    }

    /// Starts a worker that sends to an address.
    pub(super) fn start_towards(endpoint: &str, protocol: Protocol, knobs: &Knobs) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_suites-worker"))
            .env_clear()
            .envs(BTreeMap::from([
                ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.name().to_owned()),
                (
                    "OTEL_EXPORTER_OTLP_TIMEOUT",
                    knobs.timeout.as_millis().to_string(),
                ),
                ("OTEL_BSP_MAX_QUEUE_SIZE", knobs.queue.to_string()),
                ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH.to_string()),
                ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
                ("OTEL_METRIC_EXPORT_INTERVAL", "100".to_owned()),
            ]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            orders: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    async fn tell(&mut self, order: Value) -> Value {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.unwrap();
        let answer = timeout(PATIENCE, self.answers.next_line()).await;
        let Ok(Ok(Some(answer))) = answer else {
            panic!("the worker did not answer {order}: {answer:?}");
        };
        serde_json::from_str(&answer).unwrap()
    }

    /// Emits this many jobs on each of four threads. Returns the number emitted so far, once every call
    /// has returned.
    pub(super) async fn emit(&mut self, each: u64) -> u64 {
        let emitted = self.tell(json!({"emit": {"threads": 4, "each": each}}));
        emitted.await.as_u64().unwrap()
    }

    /// Starts emitting on four threads.
    pub(super) async fn start_load(&mut self) {
        self.tell(json!({"start": {"threads": 4}})).await;
    }

    /// Stops emitting. Returns the number emitted so far, once every call has returned.
    pub(super) async fn stop_load(&mut self) -> u64 {
        self.tell(json!("stop")).await.as_u64().unwrap()
    }

    /// The health of its telemetry, by signal.
    pub(super) async fn health(&mut self) -> Value {
        self.tell(json!("health")).await["signals"].take()
    }

    /// Polls the health until `enough` accepts it. Fails with the last health.
    pub(super) async fn until(&mut self, enough: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let answer = crate::patience::eventually(async || {
            last = self.health().await;
            enough(&last).then(|| last.clone())
        });
        match answer.await {
            Some(health) => health,
            None => panic!("it does not come to that: {last:#}"),
        }
    }

    /// How long the jobs took since the previous call.
    pub(super) async fn pace(&mut self) -> Pace {
        serde_json::from_value(self.tell(json!("pace")).await).unwrap()
    }

    /// Its memory usage in MiB.
    pub(super) fn memory(&self) -> u64 {
        let pid = self.child.id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mut lines = status.lines();
        let resident = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = resident.trim_end_matches("kB").trim().parse().unwrap();
        kib / 1024
    }

    /// Flushes. Returns the error, if that failed.
    pub(super) async fn flush(&mut self) -> Option<String> {
        let failed = self.tell(json!({"flush": {"within": 20_000}})).await;
        failed.as_str().map(str::to_owned)
    }

    /// Ends it. Returns the report of every item, by signal.
    pub(super) async fn shutdown(mut self, within: Duration) -> Value {
        let within = u64::try_from(within.as_millis()).unwrap();
        let mut report = self.tell(json!({"shutdown": {"within": within}})).await;
        let ended = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
        report["signals"].take()
    }
}

/// Whether a condition holds for both spans and log records.
pub(super) fn both(signals: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    ["traces", "logs"]
        .iter()
        .all(|signal| holds(&signals[*signal]))
}
