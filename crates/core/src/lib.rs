//! The contracts shared by all Glassbox crates.
//!
//! This crate does not depend on a runtime, a transport, the environment, a clock or OpenTelemetry.
//! Everything that crosses a process boundary is data with serde. Everything with several
//! implementations is an object-safe trait. For telemetry, this crate contains the trait, its handles and
//! a no-op implementation: an application that installs nothing pays almost nothing.

#![forbid(unsafe_code)]

#[macro_use]
mod pointers;

mod agent;
mod baggage;
mod budget;
mod caller;
mod capability;
mod carrier;
mod catalogue;
mod content;
mod cx;
mod deadline;
mod discovery;
mod durable;
mod error;
mod events;
mod media;
mod memory;
mod model;
mod outcome;
mod percent;
mod problem;
mod progress;
mod sentence;
pub mod telemetry;
mod tool;
mod tool_error;
mod toolbox;
mod wire;

pub use agent::{Agent, Skillset, TypedAgent, World};
pub use baggage::{Baggage, BaggageEntry};
pub use budget::{Allowance, Budget, Remaining, Spent};
pub use caller::{Call, Called, Caller};
pub use capability::{Capability, CostClass, Effect};
pub use carrier::{Carrier, Source};
pub use content::Content;
pub use cx::{CancellationSource, Cancelled, Cx};
pub use deadline::{Clock, Deadline};
pub use discovery::{
    Connector, Discovery, Filter, Health, Lease, Registry, ServiceInfo, ServiceKind,
};
pub use durable::DurableCx;
pub use error::{Blame, Category, Decide, Retry};
pub use events::{Event, Events, NoEvents};
pub use media::{Media, MediaKind, MediaSource};
pub use memory::{Memory, MemoryKey, MemoryPage, Versioned};
pub use model::{
    CacheHint, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, FinishReason, Message,
    ModelError, Opaque, Part, Reasoning, ReasoningEffort, Role, ToolCall, ToolChoice, ToolResult,
    Usage, UsageSource,
};
pub use outcome::{InputRequest, Outcome, Output, TaskHandle};
pub use problem::Problem;
pub use progress::{Progress, ProgressSink};
pub use sentence::sentence;
pub use tool::{Tool, TypedTool};
pub use tool_error::{OrToolError, ToolError};
pub use toolbox::{Toolbox, Tools};
pub use wire::{BUDGET, IDEMPOTENCY_KEY, SPENT, TIMEOUT_MS};

#[doc(inline)]
pub use async_trait::async_trait;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_can_be_a_dyn() {
        fn assert_dyn<T: ?Sized + Send + Sync>() {}
        assert_dyn::<dyn Tool>();
        assert_dyn::<dyn Agent>();
        assert_dyn::<dyn ChatModel>();
        assert_dyn::<dyn Registry>();
        assert_dyn::<dyn Discovery>();
        assert_dyn::<dyn Connector>();
        assert_dyn::<dyn Memory>();
        assert_dyn::<dyn Events>();
        assert_dyn::<dyn Caller>();
        assert_dyn::<dyn Lease>();
        assert_dyn::<dyn ProgressSink>();
        assert_dyn::<dyn Budget>();
        assert_dyn::<dyn telemetry::Telemetry>();
    }
}
