//! The way out: queues, one thread of our own, and what flush and shutdown mean.
//!
//! One thread with a runtime of its own carries all signals and both protocols, so telemetry needs
//! no runtime of the application and takes no time of its threads.

mod batcher;
mod collector;
mod counts;
mod encode;
mod queue;
mod thread;

pub(crate) use counts::{Counts, Loss};
pub(crate) use encode::LogItem;
pub(crate) use queue::Queue;
pub(crate) use thread::is_own as is_own_thread;

use crate::{
    InitError, ShutdownReport, Signal,
    config::TelemetryConfig,
    export::{Circuit, Exporter},
    metrics::Collection,
};
use batcher::Batcher;
use collector::Collector;
use encode::SharedResource;
use glassbox_core::telemetry::TelemetryHealth;
use opentelemetry_sdk::{Resource, trace::SpanData};
use std::{sync::Arc, time::Duration};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    watch,
};

/// How many flushes may be asked for at the same time.
const MAX_COMMANDS: usize = 64;

/// Why a flush did not deliver everything. Nothing is lost by that: what waits goes on waiting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The time was over first.
    #[error("deliver all telemetry within {0:?}")]
    Timeout(Duration),
    /// A batch was given up.
    #[error("deliver all telemetry: {0}")]
    Export(String),
    /// Too many flushes are under way already.
    #[error("flush telemetry: {MAX_COMMANDS} flushes are under way")]
    Busy,
    /// Telemetry has been shut down.
    #[error("flush telemetry, which has been shut down")]
    Closed,
}

type Flushed = Box<dyn FnOnce(Result<(), FlushError>) + Send>;
type Closed = Box<dyn FnOnce() + Send>;
/// What the thread is asked to do: flushes, and the end.
type Orders = (mpsc::Receiver<Command>, mpsc::Receiver<(Duration, Closed)>);

/// Asks for a flush.
struct Command(Duration, Flushed);

/// The queues and the thread behind them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) spans: Arc<Queue<SpanData>>,
    pub(crate) logs: Arc<Queue<LogItem>>,
    points: Arc<Queue<()>>,
    signals: Vec<Signal>,
    endpoint: Option<String>,
    /// One for each signal, in their order.
    circuits: [Arc<Circuit>; 3],
    commands: mpsc::Sender<Command>,
    end: mpsc::Sender<(Duration, Closed)>,
}

/// The signals that are sent, each with what sends it.
#[derive(Clone, Debug)]
struct Outlets {
    spans: Option<Arc<Batcher<SpanData>>>,
    logs: Option<Arc<Batcher<LogItem>>>,
    points: Option<Arc<Collector>>,
}

impl Pipeline {
    pub(crate) fn start(
        config: &TelemetryConfig,
        resource: &Resource,
        collection: Collection,
    ) -> Result<Self, InitError> {
        let (mut spans, mut logs) = (
            Queue::new(config.queue_size, config.batch_size, Arc::default()),
            Queue::new(
                config.log_queue_size.unwrap_or(config.queue_size),
                config.log_batch_size.unwrap_or(config.batch_size),
                Arc::default(),
            ),
        );
        let signals: Vec<Signal> = Signal::ALL
            .into_iter()
            .filter(|signal| config.exports(*signal))
            .collect();
        if !signals.contains(&Signal::Traces) {
            spans = spans.discarding();
        }
        if !signals.contains(&Signal::Logs) {
            logs = logs.discarding();
        }
        let (spans, logs) = (Arc::new(spans), Arc::new(logs));
        let points = Arc::new(Queue::new(0, 1, Arc::default()));
        let (commands, flushes) = mpsc::channel(MAX_COMMANDS);
        // Of its own, so that flushes cannot keep the end waiting.
        let (end, ends) = mpsc::channel(1);
        let circuits = [(); 3].map(|()| Arc::new(Circuit::new()));
        let (hurry, hurried) = watch::channel(false);

        let build = {
            let (config, shared) = (config.clone(), SharedResource::from(resource));
            let (spans, logs, points) = (spans.clone(), logs.clone(), points.clone());
            let circuits = circuits.clone();
            move || {
                let exporter = |signal| {
                    let circuit = circuits[signal as usize].clone();
                    config
                        .exports(signal)
                        .then(|| Exporter::new(&config, signal, circuit, hurried.clone()))
                        .transpose()
                };
                let delay = config.batch_timeout;
                let log_delay = config.log_batch_timeout.unwrap_or(delay);
                let outlets = Outlets {
                    spans: exporter(Signal::Traces)?.map(|exporter| {
                        let encode = encode::spans;
                        Arc::new(Batcher::new(
                            Signal::Traces,
                            spans,
                            encode,
                            &shared,
                            exporter,
                            delay,
                        ))
                    }),
                    logs: exporter(Signal::Logs)?.map(|exporter| {
                        let encode = encode::logs;
                        Arc::new(Batcher::new(
                            Signal::Logs,
                            logs,
                            encode,
                            &shared,
                            exporter,
                            log_delay,
                        ))
                    }),
                    points: exporter(Signal::Metrics)?.map(|exporter| {
                        let interval = config.metric_interval;
                        Arc::new(Collector::new(points, collection, exporter, interval))
                    }),
                };
                Ok(outlets)
            }
        };
        let endpoint = thread::spawn(build, (flushes, ends), hurry)?;
        Ok(Self {
            spans,
            logs,
            points,
            signals,
            endpoint,
            circuits,
            commands,
            end,
        })
    }

    /// Sends what waits now. `done` is called once, from the thread of telemetry.
    pub(crate) fn flush(
        &self,
        within: Duration,
        done: impl FnOnce(Result<(), FlushError>) + Send + 'static,
    ) {
        let refused = match self.commands.try_send(Command(within, Box::new(done))) {
            Ok(()) => return,
            Err(refused) => refused,
        };
        let (error, Command(_, done)) = match refused {
            TrySendError::Full(command) => (FlushError::Busy, command),
            TrySendError::Closed(command) => (FlushError::Closed, command),
        };
        done(Err(error));
    }

    /// Sends what waits, and ends. `done` is called once.
    pub(crate) fn shutdown(&self, within: Duration, done: impl FnOnce() + Send + 'static) {
        // Refused: it has ended, or is about to.
        if let Err(refused) = self.end.try_send((within, Box::new(done))) {
            let (_, done) = refused.into_inner();
            done();
        }
    }

    pub(crate) fn health(&self) -> TelemetryHealth {
        let mut health = TelemetryHealth::new(self.endpoint.clone());
        for signal in &self.signals {
            let (counts, queued) = self.books(*signal);
            let open = self.circuits[*signal as usize].is_open();
            let name = signal.as_str().to_owned();
            health.signals.insert(name, counts.health(queued, open));
        }
        health
    }

    pub(crate) fn report(&self) -> ShutdownReport {
        let signals = self.signals.iter().map(|signal| {
            let (counts, _) = self.books(*signal);
            (signal.as_str().to_owned(), counts.report())
        });
        ShutdownReport {
            signals: signals.collect(),
        }
    }

    /// What the thread would have done at the end, when it no longer answers.
    pub(crate) fn write_off(&self) {
        self.spans.close();
        self.logs.close();
        self.points.close();
    }

    fn books(&self, signal: Signal) -> (&Counts, usize) {
        match signal {
            Signal::Traces => (self.spans.counts(), self.spans.len()),
            Signal::Metrics => (self.points.counts(), self.points.len()),
            Signal::Logs => (self.logs.counts(), self.logs.len()),
        }
    }
}

impl Outlets {
    fn endpoint(&self) -> Option<String> {
        let spans = self.spans.as_ref().map(|outlet| outlet.shown());
        let points = self.points.as_ref().map(|outlet| outlet.shown());
        let logs = self.logs.as_ref().map(|outlet| outlet.shown());
        let shown = spans.or(points).or(logs)?;
        // What all signals share, without the signal's own path.
        let shared = shown.rsplit_once("/v1/").map_or(shown, |(base, _)| base);
        Some(shared.to_owned())
    }

    /// Sends everything that waits, all signals at the same time.
    async fn drain(&self) -> Result<(), String> {
        let spans = async {
            match &self.spans {
                Some(outlet) => outlet.drain().await,
                None => Ok(()),
            }
        };
        let logs = async {
            match &self.logs {
                Some(outlet) => outlet.drain().await,
                None => Ok(()),
            }
        };
        let points = async {
            match &self.points {
                Some(outlet) => outlet.collect().await,
                None => Ok(()),
            }
        };
        let (spans, logs, points) = tokio::join!(spans, logs, points);
        spans.and(logs).and(points)
    }

    fn refuse(&self) {
        if let Some(outlet) = &self.spans {
            outlet.queue().refuse(Loss::Shutdown);
        }
        if let Some(outlet) = &self.logs {
            outlet.queue().refuse(Loss::Shutdown);
        }
    }

    fn close(&self) {
        if let Some(outlet) = &self.spans {
            outlet.queue().close();
        }
        if let Some(outlet) = &self.logs {
            outlet.queue().close();
        }
        if let Some(outlet) = &self.points {
            outlet.queue().close();
        }
    }

    fn run(&self) -> tokio::task::JoinSet<()> {
        let mut running = tokio::task::JoinSet::new();
        if let Some(outlet) = self.spans.clone() {
            running.spawn(async move { outlet.run().await });
        }
        if let Some(outlet) = self.logs.clone() {
            running.spawn(async move { outlet.run().await });
        }
        if let Some(outlet) = self.points.clone() {
            running.spawn(async move { outlet.run().await });
        }
        running
    }
}

/// Lives on the thread of telemetry until the shutdown.
async fn serve(outlets: Outlets, (mut flushes, mut ends): Orders, hurry: watch::Sender<bool>) {
    let mut running = outlets.run();
    let end = loop {
        tokio::select! {
            biased;
            end = ends.recv() => break end,
            Some(Command(within, done)) = flushes.recv() => {
                let outlets = outlets.clone();
                // A task of its own: what it has taken out of a queue is not lost when nobody
                // waits for it any more.
                let drained = tokio::spawn(async move { outlets.drain().await });
                tokio::spawn(async move {
                    done(match tokio::time::timeout(within, drained).await {
                        Ok(Ok(Ok(()))) => Ok(()),
                        Ok(Ok(Err(error))) => Err(FlushError::Export(error)),
                        Ok(Err(_)) => Err(FlushError::Closed),
                        Err(_) => Err(FlushError::Timeout(within)),
                    });
                });
            }
        }
    };
    // Nobody can ask any more, and nobody waits.
    let Some((within, done)) = end else { return };
    hurry.send_replace(true);
    outlets.refuse();
    // Outcomes are in the books; there is nobody else to tell.
    let _ = tokio::time::timeout(within, outlets.drain()).await;
    running.shutdown().await;
    outlets.close();
    done();
}
