//! Applies a new configuration, in every state of the collector.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::stand_in::StandIn;
use super::{Attempt, Failed, Keeper, READY, Running, State, Wake, asked, stopping};
use crate::launch::{Candidate, ConfigurationError, sentence};
use crate::reload::{Instead, Reload, ReloadError};
use crate::restarts::Restarts;
use crate::status::{CollectorMode, CollectorState, CollectorStatus};
use glassbox_resilience::Jitter;

impl Keeper {
    /// Applies a new configuration to a running collector, and the old one again if the collector
    /// does not become ready.
    pub(super) async fn reload(&mut self, running: Box<Running>, done: Reload) -> State {
        let Running {
            mut process,
            candidate: old,
            health,
        } = *running;
        let stays = |process, candidate, health| {
            State::Running(Box::new(Running {
                process,
                candidate,
                health,
            }))
        };
        let made = tokio::select! {
            made = self.launch.make(old.plan.clone()) => made,
            status = process.ended() => {
                let failed = Failed::ended(&process, status);
                let words = failed.words();
                answer(done, Err(ReloadError::Ended { words }));
                return self.after_end(failed);
            }
            grace = stopping(&mut self.stop) => {
                answer(done, Err(ReloadError::Stopped));
                return State::Stopped(process.stop(grace).await);
            }
        };
        let new = match made {
            Ok(new) => new,
            Err(error) => {
                answer(done, Err(refused(error)));
                return stays(process, old, health);
            }
        };
        let readied = process.journal().signs().borrow().readied;
        let handed_over = self
            .launch
            .place(&new)
            .map_err(refused)
            .and_then(|()| process.hang_up().map_err(unusable));
        if let Err(error) = handed_over {
            self.put_back(&old);
            answer(done, Err(error));
            return stays(process, old, health);
        }
        let address = new.plan.health;
        let renewed = tokio::select! {
            renewed = process.renewed(address, readied, health.as_ref(), READY) => renewed,
            grace = stopping(&mut self.stop) => {
                answer(done, Err(ReloadError::Stopped));
                return State::Stopped(process.stop(grace).await);
            }
        };
        match renewed {
            Ok(health) => {
                tracing::info!("the collector runs with its new configuration");
                self.tell_notes(&new);
                self.layer.clone_from(&new.layer);
                self.status
                    .send_modify(|status| status.zpages.clone_from(&new.rendered.zpages));
                answer(done, Ok(()));
                stays(process, new, health)
            }
            Err(reason) => {
                let failed = Failed::not_ready(process, reason).await;
                self.note_end(&failed);
                self.put_back(&old);
                let words = failed.words();
                tracing::error!(
                    glassbox.otelcol.reason = words,
                    "the collector did not become ready with its new configuration"
                );
                self.note_renewal();
                let attempt = self.attempt(old).await;
                let instead = match &attempt {
                    Attempt::Ready(_) => Instead::Old,
                    Attempt::Failed(_) => Instead::Nothing,
                    Attempt::Stopped(_) => {
                        answer(done, Err(ReloadError::Stopped));
                        return self.after(attempt);
                    }
                };
                answer(done, Err(ReloadError::NotReady { instead, words }));
                self.after(attempt)
            }
        }
    }

    /// Ends the pause before a restart and starts the collector with a new configuration, which may
    /// fix the cause of the exit. Returns `None` if that fails and the pause continues.
    pub(super) async fn renew_in_pause(&mut self, done: Reload) -> Option<State> {
        let made = match self.launch.plan(self.addresses) {
            Ok(plan) => tokio::select! {
                made = self.launch.make(plan) => made,
                _ = stopping(&mut self.stop) => {
                    answer(done, Err(ReloadError::Stopped));
                    return Some(State::Stopped(true));
                }
            },
            Err(error) => Err(error),
        };
        let new = match made {
            Ok(new) => new,
            Err(error) => {
                answer(done, Err(refused(error)));
                return None;
            }
        };
        let old = std::mem::replace(&mut self.layer, new.layer);
        let attempt = self.again().await;
        match &attempt {
            Attempt::Ready(running) => {
                self.tell_notes(&running.candidate);
                answer(done, Ok(()));
            }
            Attempt::Failed(failed) => {
                self.layer = old;
                self.note_end(failed);
                self.status.send_modify(|status| {
                    status.state = CollectorState::Restarting;
                    status.process_has_ended();
                });
                let (instead, words) = (Instead::Nothing, failed.words());
                answer(done, Err(ReloadError::NotReady { instead, words }));
                return None;
            }
            Attempt::Stopped(_) => answer(done, Err(ReloadError::Stopped)),
        }
        Some(self.after(attempt))
    }

    /// Receives in the collector's place until the backend stops or a reload tries the collector
    /// again.
    pub(super) async fn stand_in(&mut self, stand_in: StandIn) -> State {
        match asked(&mut self.stop, &mut self.reloads).await {
            Wake::Stop(grace) => State::Stopped(ended(stand_in, grace).await),
            Wake::Reload(done) => self.renew_after_all(Some(stand_in), done).await,
            Wake::Due | Wake::Ended(_) | Wake::Hung => State::StandingIn(stand_in),
        }
    }

    /// Tries a collector that was given up again, with a new configuration. There is no stand-in if
    /// another process uses the ports; the collector will fail on them as well.
    pub(super) async fn renew_after_all(
        &mut self,
        stand_in: Option<StandIn>,
        done: Reload,
    ) -> State {
        let mut stop = self.stop.clone();
        let prepared = tokio::select! {
            prepared = self.prepare(self.addresses) => prepared,
            grace = stopping(&mut stop) => {
                answer(done, Err(ReloadError::Stopped));
                return State::Stopped(match stand_in {
                    Some(stand_in) => ended(stand_in, grace).await,
                    None => true,
                });
            }
        };
        let candidate = match prepared {
            Ok(candidate) => candidate,
            Err(error) => {
                answer(done, Err(refused(error)));
                return stand_in.map_or(State::FallingBack, State::StandingIn);
            }
        };
        self.note_renewal();
        if let Some(stand_in) = stand_in {
            // The collector needs the ports. A disconnected client tries again.
            ended(stand_in, READY).await;
        }
        let attempt = self.attempt(candidate).await;
        match attempt {
            Attempt::Ready(running) => {
                self.restarts = Restarts::new(Jitter::seeded((self.launch.clock)()));
                self.tell_notes(&running.candidate);
                answer(done, Ok(()));
                self.after(Attempt::Ready(running))
            }
            Attempt::Failed(failed) => {
                self.note_end(&failed);
                self.status.send_modify(CollectorStatus::process_has_ended);
                let words = failed.words();
                let (instead, state) = match self.take_ports().await {
                    Some(stand_in) => (Instead::Backend, State::StandingIn(stand_in)),
                    None => (Instead::Nothing, State::FallingBack),
                };
                answer(done, Err(ReloadError::NotReady { instead, words }));
                state
            }
            Attempt::Stopped(in_time) => {
                answer(done, Err(ReloadError::Stopped));
                State::Stopped(in_time)
            }
        }
    }

    /// Records that a requested start follows; until it is ready, nothing receives.
    fn note_renewal(&self) {
        self.status.send_modify(|status| {
            status.restarts += 1;
            status.mode = CollectorMode::Otelcol;
            status.state = CollectorState::Restarting;
            status.reason = None;
            status.process_has_ended();
        });
    }

    fn put_back(&self, old: &Candidate) {
        if let Err(error) = self.launch.place(old) {
            tracing::error!(
                exception.message = sentence(&error),
                "the old configuration could not be restored"
            );
        }
    }

    pub(super) fn tell_notes(&self, candidate: &Candidate) {
        for note in &candidate.rendered.notes {
            tracing::warn!("{note}");
        }
    }
}

/// Stops a stand-in; returns whether it stopped within `grace`.
async fn ended(stand_in: StandIn, grace: Duration) -> bool {
    timeout(grace, stand_in.end()).await.is_ok()
}

/// Sends the result of a reload; the caller may be gone.
fn answer(done: Reload, outcome: Result<(), ReloadError>) {
    let _ = done.send(outcome);
}

fn refused(error: ConfigurationError) -> ReloadError {
    match error {
        ConfigurationError::System { source, .. } => unusable(source),
        ConfigurationError::Refused { words, .. } => ReloadError::Refused { words },
        other => ReloadError::Refused {
            words: sentence(&other),
        },
    }
}

fn unusable(source: io::Error) -> ReloadError {
    ReloadError::System { source }
}
