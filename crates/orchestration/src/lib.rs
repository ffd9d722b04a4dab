//! Workflows: graphs of steps that call discovered capabilities, with bindings between them.
//!
//! A [`Workflow`] is data, from a file or built in code. [`Workflow::validate`] checks its names,
//! bindings and dependencies and returns a [`Graph`]. A [`Runner`] finds the capabilities, runs each
//! step as soon as its dependencies have completed, in parallel where possible, and returns a [`Run`],
//! or a [`RunError`] with the outcome of every step.
//!
//! # How a run works
//!
//! | word | meaning |
//! |---|---|
//! | run | one execution of a workflow, with an id |
//! | step | one call of a capability within a run |
//! | attempt | one try of a step; a failed one may be followed by another |
//! | entry | something that happened in a run, with its time: [`Entry`] |
//! | journal | where the entries are kept: [`Journal`] |
//! | interrupted | stopped before its end, because the future was dropped, the process ended, or the journal failed |
//!
//! The [`Machine`] is a pure function from the entries of a run to the commands to perform next. A
//! driver performs the [`Command`]s and appends their outcomes. It makes an attempt's start durable
//! before the call, and a step's completion before the steps that wait for it. An interrupted run is
//! resumed ([`Runner::resume`]) by applying its entries to a new machine. Completed work is never
//! repeated. A call that may have begun is made again only if the capability is repeatable; otherwise
//! its step fails.
//!
//! ```
//! use glassbox_core::{Clock, Cx, World};
//! use glassbox_orchestration::{MemoryJournal, RunError, Runner};
//! use std::sync::Arc;
//!
//! async fn resume_all(clock: Arc<dyn Clock>, journal: Arc<MemoryJournal>, world: &World<'_>) -> Result<(), RunError> {
//!     let runner = Runner::new(clock).with_journal(journal);
//!     for run_id in runner.unfinished().await.unwrap_or_default() {
//!         runner.resume(&Cx::background(), world, &run_id).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! By default a runner keeps no journal, and an interrupted run is lost. [`MemoryJournal`] keeps runs
//! as long as the process lives.
//!
//! # What a run reports
//!
//! A run is a span `invoke_workflow {name}`, with a span `step {id}` for each step, and a span
//! `execute_tool {capability}` for each attempt within it. Metrics are those of `glassbox-semconv`, and
//! events go to the bus `workflow`. Spans, metrics and events of runs and steps are derived from the
//! entries as they happen, each once: a replay emits nothing, and a resumed run emits only what is new.
//! An interrupted run has the `error.type` `interrupted`, and a run cancelled by its caller has
//! `cancelled`.
//!
//! # Requirements
//!
//! Runs use the caller's task and spawn nothing. They need a tokio runtime with timers. Tools are
//! reached through the [`World`](glassbox_core::World) passed in by the caller.

mod binding;
mod driver;
mod entry;
mod fault;
mod graph;
mod instruments;
mod journal;
mod machine;
mod record;
mod report;
mod runner;
mod services;
mod settings;
mod template;
mod workflow;

pub use binding::BadBinding;
pub use entry::{ENTRY_VERSION, Entry, EntryError, EntryKind, RunStarted};
pub use fault::{Fault, InvalidWorkflow};
pub use graph::Graph;
pub use journal::{Journal, JournalError, MemoryJournal, NoJournal};
pub use machine::{Command, Machine, ReplayError};
pub use report::{Run, RunError, StepOutcome, StepReport};
pub use runner::Runner;
pub use settings::OrchestrationSettings;
pub use workflow::{Input, RetryPolicy, Step, Workflow};
