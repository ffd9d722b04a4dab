//! The task that starts the collector, watches it, and restarts or replaces it.

mod failed;
mod renewal;
mod stand_in;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glassbox_resilience::Jitter;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::health::{self, Health};
use crate::launch::{Candidate, ConfigurationError, Launch};
use crate::ports::Fallback;
use crate::process::Process;
use crate::reload::Reload;
use crate::render::Layer;
use crate::restarts::{Next, Restarts};
use crate::status::{CollectorMode, CollectorState, CollectorStatus, LastExit};
use failed::Failed;
use stand_in::StandIn;

/// Time limit for a collector to become ready.
const READY: Duration = Duration::from_secs(15);

/// Default time limit for a collector to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Keeps a collector running.
#[derive(Debug)]
pub(super) struct Keeper {
    launch: Launch,
    fallback: Arc<dyn Fallback>,
    restarts: Restarts,
    status: watch::Sender<CollectorStatus>,
    stop: watch::Receiver<Option<Duration>>,
    reloads: mpsc::Receiver<Reload>,
    /// The addresses to which applications send.
    addresses: (SocketAddr, SocketAddr),
    /// The user's part of the last accepted configuration.
    layer: Option<Layer>,
}

/// A collector that receives.
#[derive(Debug)]
pub(super) struct Running {
    process: Process,
    candidate: Candidate,
    health: Option<Health>,
}

/// The result of a start.
#[derive(Debug)]
pub(super) enum Attempt {
    Ready(Box<Running>),
    Failed(Failed),
    /// The backend is stopping; whether the collector stopped in time.
    Stopped(bool),
}

/// What receives, or what happens next.
enum State {
    Running(Box<Running>),
    Pausing(Duration),
    FallingBack,
    StandingIn(StandIn),
    /// Whether it stopped in time.
    Stopped(bool),
}

/// What ended a wait.
enum Wake {
    Ended(String),
    Hung,
    Due,
    Reload(Reload),
    Stop(Duration),
}

impl Keeper {
    pub(super) fn new(
        launch: Launch,
        fallback: Arc<dyn Fallback>,
        status: watch::Sender<CollectorStatus>,
        stop: watch::Receiver<Option<Duration>>,
        reloads: mpsc::Receiver<Reload>,
        addresses: (SocketAddr, SocketAddr),
    ) -> Self {
        Self {
            restarts: Restarts::new(Jitter::seeded((launch.clock)())),
            launch,
            fallback,
            status,
            stop,
            reloads,
            addresses,
            layer: None,
        }
    }

    /// Renders a configuration for the addresses, has the collector check it, and puts it in place.
    pub(super) async fn prepare(
        &mut self,
        addresses: (SocketAddr, SocketAddr),
    ) -> Result<Candidate, ConfigurationError> {
        self.addresses = addresses;
        let candidate = self.launch.make(self.launch.plan(addresses)?).await?;
        self.launch.place(&candidate)?;
        self.layer.clone_from(&candidate.layer);
        Ok(candidate)
    }

    /// Starts the collector with a configuration that is in place.
    pub(super) async fn attempt(&mut self, candidate: Candidate) -> Attempt {
        let began = Instant::now();
        let mut process = match self.launch.start(&candidate).await {
            Ok(process) => process,
            Err(error) => return Attempt::Failed(Failed::not_started(&error)),
        };
        self.status.send_modify(|status| status.pid = process.pid());
        let ready = tokio::select! {
            ready = process.ready(candidate.plan.health, READY) => ready,
            grace = stopping(&mut self.stop) => {
                return Attempt::Stopped(process.stop(grace).await);
            }
        };
        match ready {
            Ok(health) => {
                tracing::info!(
                    process.executable.path = %self.launch.binary.path.display(),
                    glassbox.otelcol.version = self.launch.binary.components.version,
                    process.pid = process.pid(),
                    glassbox.otelcol.after = ?began.elapsed(),
                    "the collector is ready",
                );
                Attempt::Ready(Box::new(Running {
                    process,
                    candidate,
                    health,
                }))
            }
            Err(reason) => Attempt::Failed(Failed::not_ready(process, reason).await),
        }
    }

    /// Keeps the collector running until the backend stops. Returns whether it stopped in time.
    pub(super) async fn keep(mut self, first: Attempt) -> bool {
        let mut state = self.after(first);
        loop {
            state = match state {
                State::Running(running) => self.watch(running).await,
                State::Pausing(pause) => self.pause(pause).await,
                State::FallingBack => self.fall_back().await,
                State::StandingIn(stand_in) => self.stand_in(stand_in).await,
                State::Stopped(in_time) => {
                    self.status.send_modify(|status| {
                        status.state = CollectorState::Stopped;
                        status.process_has_ended();
                    });
                    return in_time;
                }
            };
        }
    }

    /// Records the result of a start.
    fn after(&mut self, attempt: Attempt) -> State {
        match attempt {
            Attempt::Ready(running) => {
                self.restarts.ready(Instant::now());
                self.status.send_modify(|status| {
                    status.mode = CollectorMode::Otelcol;
                    status.state = CollectorState::Running;
                    status.reason = None;
                    status.pid = running.process.pid();
                    status.config = Some(running.candidate.plan.config());
                    status.zpages.clone_from(&running.candidate.rendered.zpages);
                    status.remote.clone_from(&running.candidate.rendered.remote);
                });
                State::Running(running)
            }
            Attempt::Failed(failed) => self.after_end(failed),
            Attempt::Stopped(in_time) => State::Stopped(in_time),
        }
    }

    /// Records an exit and decides what follows.
    fn after_end(&mut self, failed: Failed) -> State {
        self.note_end(&failed);
        let next = match failed.late {
            true => self.restarts.late(Instant::now()),
            false => self.restarts.ended(Instant::now()),
        };
        match next {
            Next::After(pause) => {
                tracing::warn!(
                    glassbox.otelcol.status = failed.status,
                    glassbox.otelcol.last_line = failed.last_line(),
                    glassbox.otelcol.pause = ?pause,
                    "the collector exited and will be restarted",
                );
                self.status.send_modify(|status| {
                    status.state = CollectorState::Restarting;
                    status.process_has_ended();
                });
                State::Pausing(pause)
            }
            Next::GiveUp => {
                tracing::error!(
                    glassbox.otelcol.status = failed.status,
                    glassbox.otelcol.last_line = failed.last_line(),
                    "the collector exited too often; the backend receives in its place",
                );
                self.status.send_modify(|status| {
                    status.state = CollectorState::Restarting;
                    status.process_has_ended();
                });
                State::FallingBack
            }
        }
    }

    fn note_end(&self, failed: &Failed) {
        let last_exit = LastExit {
            time_unix_nano: (self.launch.clock)(),
            status: failed.status.clone(),
            last_words: failed.last_words.clone(),
        };
        self.status
            .send_modify(|status| status.last_exit = Some(last_exit));
    }

    async fn watch(&mut self, mut running: Box<Running>) -> State {
        let well = &running.health;
        let health = running.candidate.plan.health;
        let wake = tokio::select! {
            status = running.process.ended() => Wake::Ended(status),
            () = health::lost(health), if well.is_some() => Wake::Hung,
            wake = asked(&mut self.stop, &mut self.reloads) => wake,
        };
        match wake {
            Wake::Ended(status) => {
                let failed = Failed::ended(&running.process, status);
                self.after_end(failed)
            }
            Wake::Hung => {
                running.process.kill().await;
                let status = "killed: it stopped responding";
                let failed = Failed::ended(&running.process, status.to_owned());
                self.after_end(failed)
            }
            Wake::Reload(done) => self.reload(running, done).await,
            Wake::Stop(grace) => State::Stopped(running.process.stop(grace).await),
            Wake::Due => State::Running(running),
        }
    }

    /// Waits, then starts the collector.
    async fn pause(&mut self, pause: Duration) -> State {
        let until = tokio::time::Instant::now() + pause;
        loop {
            let wake = tokio::select! {
                () = sleep_until(until) => Wake::Due,
                wake = asked(&mut self.stop, &mut self.reloads) => wake,
            };
            match wake {
                Wake::Reload(done) => {
                    if let Some(state) = self.renew_in_pause(done).await {
                        return state;
                    }
                }
                Wake::Stop(_) => return State::Stopped(true),
                Wake::Due | Wake::Ended(_) | Wake::Hung => {
                    let attempt = self.again().await;
                    return self.after(attempt);
                }
            }
        }
    }

    /// Restarts the collector at the same addresses, with new private ports.
    async fn again(&mut self) -> Attempt {
        self.status.send_modify(|status| {
            status.restarts += 1;
            status.state = CollectorState::Starting;
        });
        // It was checked before; only its private ports have changed.
        let candidate = self
            .launch
            .plan(self.addresses)
            .and_then(|plan| self.launch.render(plan, self.layer.clone()));
        let placed = candidate.and_then(|candidate| {
            self.launch.place(&candidate)?;
            Ok(candidate)
        });
        match placed {
            Ok(candidate) => self.attempt(candidate).await,
            Err(error) => Attempt::Failed(Failed::not_started(&error)),
        }
    }
}

/// Waits until the backend stops, and returns how long the collector may take to stop.
async fn stopping(stop: &mut watch::Receiver<Option<Duration>>) -> Duration {
    match stop.wait_for(Option::is_some).await {
        Ok(grace) => grace.unwrap_or(GRACE),
        // The backend was dropped.
        Err(_) => GRACE,
    }
}

/// Waits for a reload or the stop.
async fn asked(
    stop: &mut watch::Receiver<Option<Duration>>,
    reloads: &mut mpsc::Receiver<Reload>,
) -> Wake {
    tokio::select! {
        biased;
        grace = stopping(stop) => Wake::Stop(grace),
        Some(done) = reloads.recv() => Wake::Reload(done),
    }
}
