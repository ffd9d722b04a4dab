//! Performs the commands of a run's machine, and adds what happened to its history.

mod call;
mod history;
mod time;

pub(crate) use history::{History, Stalled};
pub(crate) use time::Time;

use crate::{
    Command, EntryKind, Graph,
    services::{self, Callee},
};
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use glassbox_core::{Call, Category, Cx, Problem, World, telemetry::Span};
use serde_json::Value;
use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

/// Drives one run.
pub(crate) struct Driver<'a> {
    /// What the calls inherit: the run's trace and deadline.
    pub(crate) cx: &'a Cx,
    /// The services that can be called.
    pub(crate) world: &'a World<'a>,
    /// The time of entries.
    pub(crate) time: Time<'a>,
    /// Whether arguments and results are recorded.
    pub(crate) captures_content: bool,
}

/// A command that takes time.
enum Effect {
    Call {
        step: String,
        attempt: u32,
        span: Option<Arc<Span>>,
        cx: Cx,
        call: Call,
    },
    Wait {
        step: String,
        attempt: u32,
        pause: Duration,
    },
}

/// The parts that do not change while a run is driven.
#[derive(Clone, Copy)]
struct Scene<'a> {
    graph: &'a Graph,
    callees: &'a [Callee],
}

impl Driver<'_> {
    /// Drives the run until it ends.
    ///
    /// A resumption after a crash relies on this order: an attempt's start is durable before its call is
    /// made, and a step's completion is durable before the steps that wait for it start.
    ///
    /// # Errors
    /// If the run can neither continue nor end. It can be resumed.
    ///
    /// # Cancel safety
    /// Dropping the future interrupts the run.
    pub(crate) async fn drive(&self, history: &mut History<'_>) -> Result<(), Stalled> {
        let graph = history.machine().graph();
        let graph = graph.expect("invariant: the run has started");
        let mut given_up = pin!(self.given_up(&graph.workflow().name));
        // Invalid inputs end the run before discovery.
        decide(history)?;
        if history.machine().has_ended() {
            return Ok(history.save().await?);
        }
        let find =
            history
                .record()
                .within_run(services::find(self.cx, &graph, self.world.discovery));
        let found = match select(&mut given_up, pin!(find)).await {
            Either::Left((end, _)) => Err(end),
            Either::Right((found, _)) => found.map_err(|error| EntryKind::RunFailed {
                problem: error.into_problem(),
            }),
        };
        let callees = match found {
            Ok(callees) => callees,
            Err(end) => {
                history.add(end)?;
                return Ok(history.save().await?);
            }
        };
        let scene = Scene {
            graph: &graph,
            callees: &callees,
        };
        let mut running = FuturesUnordered::new();
        let mut waits = BTreeSet::new();
        let mut happened = Vec::new();
        loop {
            for kind in happened.drain(..) {
                history.add(kind)?;
            }
            let commands = decide(history)?;
            if history.machine().has_ended() {
                // The calls are cancelled before the end is reported, so that their spans end first.
                running.clear();
                return Ok(history.save().await?);
            }
            for intent in commands.iter().filter_map(|command| scene.intent(command)) {
                history.add(intent)?;
            }
            save(history, &mut running, &mut happened).await?;
            for command in commands {
                // The machine returns the wait command until the wait is over.
                if let Command::Wait { step, attempt, .. } = &command
                    && !waits.insert((step.clone(), *attempt))
                {
                    continue;
                }
                let effect = self.effect(command, history, scene);
                running.extend(effect.map(|effect| self.perform(effect)));
            }
            if happened.is_empty() {
                happened.push(match select(&mut given_up, running.next()).await {
                    Either::Left((end, _)) => end,
                    Either::Right((next, _)) => {
                        next.expect("invariant: a run that has not ended waits for something")
                    }
                });
            }
        }
    }

    /// Prepares the effect of a command.
    fn effect(&self, command: Command, history: &History<'_>, scene: Scene<'_>) -> Option<Effect> {
        match command {
            Command::Append(_) => None,
            Command::Wait {
                step,
                attempt,
                until_unix_nano,
            } => Some(Effect::Wait {
                step,
                attempt,
                pause: self.time.until(until_unix_nano),
            }),
            Command::Call {
                step,
                attempt,
                key,
                input,
            } => {
                let span = history.record().step_span(&step);
                let mut cx = self.cx.with_idempotency_key(key);
                if let Some(span) = &span {
                    cx = cx.with_trace(span.context().clone());
                }
                let call = scene.call(&step, attempt, input);
                let call = call.with_content_captured(self.captures_content);
                Some(Effect::Call {
                    step,
                    attempt,
                    span,
                    cx,
                    call,
                })
            }
        }
    }

    /// Performs an effect. Returns what happened.
    async fn perform(&self, effect: Effect) -> EntryKind {
        match effect {
            Effect::Wait {
                step,
                attempt,
                pause,
            } => {
                tokio::time::sleep(pause).await;
                EntryKind::TimerFired { step, attempt }
            }
            Effect::Call {
                step,
                attempt,
                span,
                cx,
                call,
            } => {
                let made = call::make(self.world, &cx, call);
                let result = match &span {
                    Some(span) => span.around(made).await,
                    None => made.await,
                };
                match result {
                    Ok(output) => EntryKind::AttemptCompleted {
                        step,
                        attempt,
                        output: output.value,
                        spent: output.spent,
                    },
                    Err(problem) => EntryKind::AttemptFailed {
                        step,
                        attempt,
                        problem,
                        jitter: fastrand::u32(..),
                    },
                }
            }
        }
    }

    /// Waits until the caller cancels the run or its deadline passes. Returns the end of the run.
    async fn given_up(&self, workflow: &str) -> EntryKind {
        let cancelled = self.cx.cancelled();
        let Some(deadline) = self.cx.deadline() else {
            cancelled.await;
            return cancelled_run(workflow);
        };
        let left = deadline.remaining(self.time.clock()).unwrap_or_default();
        match select(cancelled, pin!(tokio::time::sleep(left))).await {
            Either::Left(_) => cancelled_run(workflow),
            Either::Right(_) => EntryKind::RunFailed {
                problem: Problem::new(
                    Category::Timeout,
                    "workflow.timeout",
                    format!("workflow '{workflow}' did not end before its deadline"),
                ),
            },
        }
    }
}

impl Scene<'_> {
    fn place(&self, step: &str) -> usize {
        let at = self.graph.position(step);
        at.expect("invariant: commands name steps of the graph")
    }

    fn callee(&self, step: &str) -> &Callee {
        &self.callees[self.place(step)]
    }

    /// The call of one attempt. It prefers an instance other than that of the previous attempt.
    ///
    /// If the step has its own attempts, each of them is one call of one instance.
    fn call(&self, step: &str, attempt: u32, input: Value) -> Call {
        let (step, callee) = (self.graph.step(self.place(step)).0, self.callee(step));
        let call =
            Call::new(&*callee.capability.name, input).with_candidates(callee.instances(attempt));
        let call = match step.timeout_ms {
            Some(own) => call.with_timeout(Duration::from_millis(own)),
            None => call,
        };
        match step.retry.attempts {
            0 | 1 => call,
            _ => call.with_attempts(1),
        }
    }

    /// The entry that must be durable before the call is made.
    fn intent(&self, command: &Command) -> Option<EntryKind> {
        let Command::Call {
            step, attempt, key, ..
        } = command
        else {
            return None;
        };
        let callee = self.callee(step);
        Some(EntryKind::AttemptStarted {
            step: step.clone(),
            attempt: *attempt,
            capability: callee.capability.name.clone(),
            service: callee.service().to_owned(),
            key: key.clone(),
            // The call always has a key: that of its step.
            repeatable: callee.capability.is_repeatable(true),
        })
    }
}

/// Adds the machine's decisions until something has to be performed. Returns the commands to perform.
fn decide(history: &mut History<'_>) -> Result<Vec<Command>, Stalled> {
    loop {
        let mut commands = history.machine().commands();
        match commands.pop_if(|command| matches!(command, Command::Append(_))) {
            Some(Command::Append(kind)) => history.add(kind)?,
            _ => return Ok(commands),
        }
    }
}

/// Makes the history durable while the calls in progress go on.
async fn save<F: Future<Output = EntryKind>>(
    history: &mut History<'_>,
    running: &mut FuturesUnordered<F>,
    happened: &mut Vec<EntryKind>,
) -> Result<(), Stalled> {
    let mut saving = pin!(history.save());
    while !running.is_empty() {
        match select(&mut saving, running.next()).await {
            Either::Left((saved, _)) => return Ok(saved?),
            Either::Right((kind, _)) => happened.extend(kind),
        }
    }
    Ok(saving.await?)
}

fn cancelled_run(workflow: &str) -> EntryKind {
    EntryKind::RunCancelled {
        problem: Problem::new(
            Category::Cancelled,
            "workflow.cancelled",
            format!("workflow '{workflow}' was cancelled by its caller"),
        ),
    }
}
