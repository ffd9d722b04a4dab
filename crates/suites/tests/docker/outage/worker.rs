//! The application under load: `worker/main.rs`, as a process of its own.

use crate::{collector::Collector, patience::PATIENCE, protocol::Protocol};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// The most items in a request.
pub(super) const BATCH: u64 = 100;

/// The program, told what to do and asked how it is.
pub(super) struct Worker {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What it is started with.
pub(super) struct Knobs {
    /// The longest that a batch may take, retries included.
    pub(super) timeout: Duration,
    /// The most spans, and the most log records, that wait.
    pub(super) queue: u64,
}

impl Knobs {
    /// A batch that is tried for longer than a suite takes.
    pub(super) const PATIENT: Self = Self {
        timeout: Duration::from_secs(120),
        queue: 1000,
    };
    /// A batch that is given up soon.
    pub(super) const HASTY: Self = Self {
        timeout: Duration::from_secs(1),
        queue: 1000,
    };
    /// Room for everything.
    pub(super) const ROOMY: Self = Self {
        timeout: Duration::from_secs(120),
        queue: 1_000_000,
    };
}

/// How long jobs took, as the program measured it around each.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Pace {
    pub(super) jobs: u64,
    /// Those of 50 ms and more.
    pub(super) slow: u64,
    pub(super) slowest_ms: u64,
}

impl Worker {
    /// Starts one that sends to a collector.
    pub(super) fn start(collector: &Collector, protocol: Protocol, knobs: &Knobs) -> Self {
        Self::start_towards(&protocol.endpoint(collector), protocol, knobs)
    }

    /// Starts one that sends to an address.
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

    /// Has four threads emit so many jobs each; gives how many were emitted so far, once every call
    /// has returned.
    pub(super) async fn emit(&mut self, each: u64) -> u64 {
        let emitted = self.tell(json!({"emit": {"threads": 4, "each": each}}));
        emitted.await.as_u64().unwrap()
    }

    /// Has four threads emit from now on.
    pub(super) async fn start_load(&mut self) {
        self.tell(json!({"start": {"threads": 4}})).await;
    }

    /// Gives how many were emitted so far, once every call has returned.
    pub(super) async fn stop_load(&mut self) -> u64 {
        self.tell(json!("stop")).await.as_u64().unwrap()
    }

    /// How its telemetry is, by signal.
    pub(super) async fn health(&mut self) -> Value {
        self.tell(json!("health")).await["signals"].take()
    }

    /// Asks how it is until `enough` says so of its signals; fails with what it was at last.
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

    /// How long the jobs took since this was asked for the last time.
    pub(super) async fn pace(&mut self) -> Pace {
        serde_json::from_value(self.tell(json!("pace")).await).unwrap()
    }

    /// How much memory it has, in MiB.
    pub(super) fn memory(&self) -> u64 {
        let pid = self.child.id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mut lines = status.lines();
        let resident = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: u64 = resident.trim_end_matches("kB").trim().parse().unwrap();
        kib / 1024
    }

    /// Sends what waits; gives why that failed.
    pub(super) async fn flush(&mut self) -> Option<String> {
        let failed = self.tell(json!({"flush": {"within": 20_000}})).await;
        failed.as_str().map(str::to_owned)
    }

    /// Ends it; gives what became of everything, by signal.
    pub(super) async fn shutdown(mut self, within: Duration) -> Value {
        let within = u64::try_from(within.as_millis()).unwrap();
        let mut report = self.tell(json!({"shutdown": {"within": within}})).await;
        let ended = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
        report["signals"].take()
    }
}

/// Whether something holds for spans and for log records.
pub(super) fn both(signals: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    ["traces", "logs"]
        .iter()
        .all(|signal| holds(&signals[*signal]))
}
