//! Workflows: graphs of steps that call discovered capabilities, with bindings between them.
//!
//! A [`Workflow`] is data, from a file or built in code. [`Workflow::validate`] checks its names,
//! bindings and dependencies and gives a [`Graph`]; a [`Runner`] looks the capabilities up, runs what
//! is ready in parallel, and gives a [`Run`] or a [`RunError`] with what became of every step.
//!
//! A run is a span `invoke_workflow {name}`, with a `step {id}` for each step and an
//! `execute_tool {capability}` for each try within it; metrics are those of `glassbox-semconv`, and
//! events go to the bus `workflow`. Everything is told once at every end, a drop included.
//!
//! It runs in memory on the caller's task, over [`World`](glassbox_core::World) alone: how a tool is
//! reached is the connector's business. Of tokio it needs timers, so it runs within a tokio runtime
//! that has them enabled; it spawns nothing, and dropping a run cancels everything in it.

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
