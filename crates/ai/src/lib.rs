//! Chat models over HTTP, what goes around them, and the loop in which a model calls tools.
//!
//! [`model_from_environment`] gives a model that is ready for use: [`OpenAiChat`], the client of
//! everything that speaks OpenAI's Chat Completions, within [`Resilient`] (tries again as long as
//! nothing has been said), within [`Budgeted`] (stops when the call's budget is spent), within
//! [`Observed`] (one span and one record of usage for each call). Each is a
//! [`ChatModel`](glassbox_core::ChatModel) of its own and can be put together otherwise.
//!
//! [`Assistant`] answers a question with a model and whatever tools discovery offers.
//!
//! Everything here runs within a tokio runtime with timers; nothing is spawned, so dropping a call or
//! a stream ends it.

#![forbid(unsafe_code)]

mod assistant;
mod budgeted;
mod content;
mod estimate;
mod identity;
mod instruments;
mod observed;
mod openai;
mod resilient;
mod settings;
mod sse;
mod toolset;

pub use assistant::{Answer, Assistant, AssistantError, ToolUse};
pub use budgeted::Budgeted;
pub use content::ContentCapture;
pub use identity::ModelIdentity;
pub use observed::Observed;
pub use openai::OpenAiChat;
pub use resilient::Resilient;
pub use settings::{AiSettings, ModelConfig, ModelConfigError, model_from_environment};
pub use toolset::{Offered, Toolset};
