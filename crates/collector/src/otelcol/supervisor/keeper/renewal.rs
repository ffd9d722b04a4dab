//! Taking a new configuration over, in every state that a collector can be in.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::stand_in::StandIn;
use super::{Attempt, Failed, Keeper, READY, Running, State, Wake, asked, stopping};
use crate::otelcol::launch::{Candidate, ConfigurationError, sentence};
use crate::otelcol::reload::ReloadError;
use crate::otelcol::restarts::Restarts;
use crate::otelcol::supervisor::Reload;
use crate::store;
use glassbox_resilience::Jitter;

impl Keeper {
    /// Gives a collector that runs a new configuration, and its old one again where it does not
    /// come up with the new one.
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
                tracing::info!("the collector has taken its new configuration over");
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
                    words,
                    "the collector did not come up with its new configuration"
                );
                self.status.send_modify(|status| status.restarts += 1);
                let attempt = self.attempt(old).await;
                answer(done, Err(ReloadError::NotReady { words }));
                self.after(attempt)
            }
        }
    }

    /// Checks a configuration while the collector is waited for: its next start renders it anew.
    pub(super) async fn accept(&mut self, done: Reload) {
        let made = match self.launch.plan(self.addresses) {
            Ok(plan) => tokio::select! {
                made = self.launch.make(plan) => made,
                // Whoever called this is told as well.
                _ = stopping(&mut self.stop) => return answer(done, Err(ReloadError::Stopped)),
            },
            Err(error) => Err(error),
        };
        let accepted = made.map(|new| self.layer = new.layer);
        answer(done, accepted.map_err(refused));
    }

    /// Receives in the collector's place, until the backend stops or a new configuration lets the
    /// collector be tried again.
    pub(super) async fn stand_in(&mut self, stand_in: StandIn) -> State {
        let done = match asked(&mut self.stop, &mut self.reloads).await {
            Wake::Stop(grace) => return State::Stopped(ended(stand_in, grace).await),
            Wake::Reload(done) => done,
            Wake::Due | Wake::Ended(_) | Wake::Hung => return State::StandingIn(stand_in),
        };
        let mut stop = self.stop.clone();
        let prepared = tokio::select! {
            prepared = self.prepare(self.addresses) => prepared,
            grace = stopping(&mut stop) => {
                answer(done, Err(ReloadError::Stopped));
                return State::Stopped(ended(stand_in, grace).await);
            }
        };
        let candidate = match prepared {
            Ok(candidate) => candidate,
            Err(error) => {
                answer(done, Err(refused(error)));
                return State::StandingIn(stand_in);
            }
        };
        // The ports are the collector's now. A client that is cut off tries again.
        ended(stand_in, READY).await;
        self.status.send_modify(|status| status.restarts += 1);
        match self.attempt(candidate).await {
            Attempt::Ready(running) => {
                self.restarts = Restarts::new(Jitter::seeded(store::now()));
                answer(done, Ok(()));
                self.after(Attempt::Ready(running))
            }
            Attempt::Failed(failed) => {
                self.note_end(&failed);
                let words = failed.words();
                answer(done, Err(ReloadError::NotReady { words }));
                State::FallingBack
            }
            Attempt::Stopped => {
                answer(done, Err(ReloadError::Stopped));
                State::Stopped(true)
            }
        }
    }

    fn put_back(&self, old: &Candidate) {
        if let Err(error) = self.launch.place(old) {
            tracing::error!(
                error = sentence(&error),
                "the old configuration was not put back"
            );
        }
    }

    pub(super) fn tell_notes(&self, candidate: &Candidate) {
        for note in &candidate.rendered.notes {
            tracing::warn!("{note}");
        }
    }
}

/// Ends a stand-in within `grace`; returns whether it did.
async fn ended(stand_in: StandIn, grace: Duration) -> bool {
    timeout(grace, stand_in.end()).await.is_ok()
}

/// Tells who asked what came of it; they may have gone.
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
