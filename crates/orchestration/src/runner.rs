//! Runs workflows, and resumes runs that were interrupted.

mod resumer;

use crate::{
    EntryKind, Graph, Journal, JournalError, Machine, NoJournal, OrchestrationSettings, RunStarted,
    driver::{Driver, History, Stalled, Time},
    record::Record,
    report::{Run, RunError},
    services,
    settings::MAX_PARALLEL,
};
use glassbox_core::{Clock, Cx, Deadline, DurableCx, Problem, World, telemetry};
use resumer::resumed;
use serde_json::{Map, Value};
use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Runs workflows on the caller's task, and resumes runs that were interrupted.
///
/// # Cancel safety
/// Dropping the future of [`run`](Self::run) or [`resume`](Self::resume) interrupts the run: calls in
/// progress are dropped, and completed steps remain completed. With a journal, the run can be resumed.
#[derive(Clone)]
pub struct Runner {
    clock: Arc<dyn Clock>,
    wall: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    journal: Arc<dyn Journal>,
    max_parallel: NonZeroUsize,
    captures_content: bool,
}

impl Runner {
    /// A runner that measures on `clock`, the clock of the callers' deadlines. It keeps no journal and
    /// runs up to 8 steps of a run at once.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            wall: Arc::new(SystemTime::now),
            journal: Arc::new(NoJournal),
            max_parallel: MAX_PARALLEL,
            captures_content: false,
        }
    }

    /// Applies the settings.
    #[must_use]
    pub fn configured(self, settings: &OrchestrationSettings) -> Self {
        self.with_max_parallel(settings.max_parallel)
    }

    /// Sets how many steps of a run may be in progress at once; the others wait.
    #[must_use]
    pub fn with_max_parallel(mut self, steps: NonZeroUsize) -> Self {
        self.max_parallel = steps;
        self
    }

    /// Sets whether the inputs and the output of a run, and the arguments and results of its calls, are
    /// recorded on spans. By default they are not.
    #[must_use]
    pub fn with_content_capture(mut self, captures_content: bool) -> Self {
        self.captures_content = captures_content;
        self
    }

    /// Sets where the entries of runs are kept.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// Sets the wall clock, which is read when a run starts and when it is resumed. The default is the
    /// system clock.
    #[must_use]
    pub fn with_wall_clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.wall = Arc::new(now);
        self
    }

    /// Checks that every step's capability exists, without running anything.
    ///
    /// # Errors
    /// If discovery fails, or if capabilities are missing: the error lists them all.
    pub async fn check(&self, cx: &Cx, world: &World<'_>, graph: &Graph) -> Result<(), Problem> {
        services::find(cx, graph, world.discovery)
            .await
            .map(drop)
            .map_err(services::NotFound::into_problem)
    }

    /// Runs `graph` once. The first step that fails ends the run; the others are cancelled.
    ///
    /// Each step is called under its own idempotency key, the same for all its attempts. It is made from
    /// the caller's key, or from the run's id if there is none.
    ///
    /// # Errors
    /// If the inputs are not valid, a capability is missing, a step fails, the deadline passes, the
    /// caller cancels, or the journal fails. The error contains the outcome of every step.
    pub async fn run(
        &self,
        cx: &Cx,
        world: &World<'_>,
        graph: &Graph,
        inputs: Map<String, Value>,
    ) -> Result<Run, RunError> {
        let cx = within_current(cx);
        let run_id = format!("{:032x}", fastrand::u128(..));
        let now = (self.wall)();
        let time = Time::starting(&self.clock, now);
        let cx = match graph.workflow().timeout_ms.map(Duration::from_millis) {
            Some(timeout) => cx.with_deadline(Deadline::after(&self.clock, timeout)),
            None => cx,
        };
        let began = EntryKind::RunStarted(Box::new(RunStarted {
            run_id: run_id.clone(),
            workflow: graph.workflow().clone(),
            inputs,
            max_parallel: self.max_parallel,
            cx: DurableCx::keep(&cx, &self.clock, now),
        }));
        let record = Record::new(world.events, cx.trace().clone(), self.captures_content);
        let history = History::new(&run_id, &*self.journal, time, Machine::new(), record);
        drive(&cx, world, history, began).await
    }

    /// Continues an interrupted run of the journal from its entries. If the run has ended, returns the
    /// recorded result.
    ///
    /// Completed work is never repeated. A call that may have begun is made again, under the same
    /// idempotency key, if its capability allows it; otherwise its step fails with the code
    /// `workflow.may_have_begun`.
    ///
    /// # Errors
    /// As for [`run`](Self::run); also if the journal does not have the run, cannot be read, or another
    /// runner drives the run.
    pub async fn resume(&self, cx: &Cx, world: &World<'_>, run_id: &str) -> Result<Run, RunError> {
        let cx = &within_current(cx);
        let read = self.journal.read(run_id).await;
        let entries = read.map_err(|error| stalled(run_id, error))?;
        let machine = Machine::replay(&entries).map_err(|error| stalled(run_id, error))?;
        let mut record = Record::new(world.events, cx.trace().clone(), self.captures_content);
        entries.iter().for_each(|entry| record.restore(entry));
        let now = (self.wall)();
        let time = Time::starting(&self.clock, now);
        let began = EntryKind::RunResumed {
            trace: cx.trace().to_traceparent(),
        };
        let started = entries.first().map(|entry| &entry.kind);
        let cx = match started {
            Some(EntryKind::RunStarted(started)) => {
                let kept = started.cx.revive(&self.clock, now);
                entries.iter().for_each(|entry| charge(&kept, &entry.kind));
                resumed(&kept, cx)
            }
            _ => cx.clone(),
        };
        let history = History::new(run_id, &*self.journal, time, machine, record);
        drive(&cx, world, history, began).await
    }

    /// The ids of the journal's runs that have not ended, in the order of their start.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<String>, JournalError> {
        self.journal.unfinished().await
    }
}

/// The context with the current span as its trace, if there is one: the run's entries keep it as the
/// parent.
fn within_current(cx: &Cx) -> Cx {
    let current = telemetry::current();
    match current.is_valid() {
        true => cx.with_trace(current),
        false => cx.clone(),
    }
}

/// Drives a run from the entry `began` to its end, unless it has ended already.
async fn drive(
    cx: &Cx,
    world: &World<'_>,
    mut history: History<'_>,
    began: EntryKind,
) -> Result<Run, RunError> {
    let run_id = history.run_id().to_owned();
    if !history.machine().has_ended() {
        let driven = match history.begin(began).await {
            Err(error) => Err(error),
            Ok(()) => {
                let cx = &cx.with_trace(history.record().trace().clone());
                let time = history.time();
                let captures_content = history.record().captures_content();
                let driver = Driver {
                    cx,
                    world,
                    time,
                    captures_content,
                };
                driver.drive(&mut history).await
            }
        };
        if let Err(error) = driven {
            return Err(RunError {
                problem: error.into_problem(&run_id),
                steps: history.machine().steps(),
                run_id,
            });
        }
    }
    let steps = history.machine().steps();
    match history.machine().result() {
        Some(Ok(output)) => Ok(Run {
            run_id,
            output: output.clone(),
            steps,
        }),
        Some(Err(problem)) => Err(RunError {
            run_id,
            problem: problem.clone(),
            steps,
        }),
        None => unreachable!("invariant: a run that was driven without an error has ended"),
    }
}

/// Charges the budget for a call made before the interruption.
fn charge(cx: &Cx, kind: &EntryKind) {
    if let EntryKind::AttemptCompleted { spent, .. } = kind {
        cx.charge(*spent);
    }
}

/// The error of a run that could not be resumed.
fn stalled(run_id: &str, error: impl Into<Stalled>) -> RunError {
    RunError {
        problem: error.into().into_problem(run_id),
        steps: Vec::new(),
        run_id: run_id.to_owned(),
    }
}
