//! The crate that an application depends on to become a tool or an agent.
//!
//! ```no_run
//! use glassbox::{ToolError, Toolbox};
//! use std::process::ExitCode;
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Words {
//!     /// The text to count.
//!     text: String,
//! }
//!
//! /// Counts the words of a text.
//! #[glassbox::tool(read_only)]
//! async fn count_words(input: Words) -> Result<usize, ToolError> {
//!     Ok(input.text.split_whitespace().count())
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     glassbox::serve_tool(Toolbox::new("word-tool").with(count_words)).await
//! }
//! ```
//!
//! The contracts are at the top, the other crates are modules:
//!
//! | module | crate | feature |
//! |---|---|---|
//! | `ai` | `glassbox-ai`: models, the tool loop | `ai` (default) |
//! | [`config`] | `glassbox-config`: layered settings | |
//! | [`host`] | `glassbox-host`: serving, discovery, registration | |
//! | [`instrument`] | `glassbox-instrument`: HTTP instrumentation | |
//! | `opentelemetry` | `glassbox-telemetry`: the implementation of telemetry | `telemetry` (default) |
//! | `orchestration` | `glassbox-orchestration`: workflows | `orchestration` |
//! | [`resilience`] | `glassbox-resilience`: breaker, retry, timeout | |
//! | [`semconv`] | `glassbox-semconv`: semantic conventions | |
//! | [`telemetry`] | the contract of telemetry, from `glassbox-core` | |
//!
//! [`serve_tool`] and [`serve_agent`] are an application's whole `main`; [`Service`] is the same with options.
//! They read the command line and the environment of the process.

#![forbid(unsafe_code)]

mod arguments;
#[cfg(feature = "ai")]
mod assistant;
mod http;
mod observation;
mod service;
mod settings;
mod terminal;
#[cfg(feature = "orchestration")]
mod workflow;

#[cfg(feature = "ai")]
pub use assistant::assistant;
pub use http::http_client;
pub use service::{Service, serve_agent, serve_tool};
#[cfg(feature = "orchestration")]
pub use workflow::runner;

pub use glassbox_core::{
    Agent, Allowance, Baggage, BaggageEntry, Blame, Budget, Call, Called, Caller,
    CancellationSource, Cancelled, Capability, Category, ChatModel, Clock, Connector, Content,
    CostClass, Cx, Deadline, Decide, Discovery, DurableCx, Effect, Event, Events, Filter, Health,
    InputRequest, Lease, Media, MediaKind, MediaSource, Memory, MemoryKey, MemoryPage, NoEvents,
    OrToolError, Outcome, Output, Problem, Progress, ProgressSink, Registry, Remaining, Retry,
    ServiceInfo, ServiceKind, Skillset, Spent, TaskHandle, Tool, ToolError, Toolbox, Tools,
    TypedAgent, TypedTool, Versioned, World, async_trait, counter, gauge, histogram, span,
    telemetry, up_down_counter,
};
pub use glassbox_macros::{skill, tool, tools};

#[cfg(feature = "ai")]
pub use glassbox_ai as ai;
pub use glassbox_config as config;
pub use glassbox_host as host;
pub use glassbox_instrument as instrument;
#[cfg(feature = "orchestration")]
pub use glassbox_orchestration as orchestration;
pub use glassbox_resilience as resilience;
pub use glassbox_semconv as semconv;
#[cfg(feature = "telemetry")]
pub use glassbox_telemetry as opentelemetry;

/// Compiles the code blocks of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
