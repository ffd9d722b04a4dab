//! Chat models over HTTP, their wrappers, and the loop in which a model calls tools.
//!
//! [`model_from_environment`] returns a model that is ready for use: [`HttpModel`], the client of a
//! provider's API, within [`Budgeted`] (stops when the call's budget is spent), within [`Observed`] (one
//! span and one record of usage for each attempt), within [`Resilient`] (retries until the first piece
//! of an answer). Each is a [`ChatModel`](glassbox_core::ChatModel) and can be combined in other ways.
//!
//! [`Assistant`] answers a question with a model and the tools that discovery offers.
//!
//! Internally, `wire` is the trait of a provider's API; `openai` implements it for Chat Completions.
//! Data that a provider attaches to an answer for its own later use is kept with its *origin* (provider,
//! host and port), and is sent back to that origin only.
//!
//! Everything here requires a tokio runtime with timers. Nothing is spawned, so dropping a call or a
//! stream ends it.

#![forbid(unsafe_code)]

mod assistant;
mod base_url;
mod budgeted;
mod connect;
mod content;
mod estimate;
mod fence;
mod http_model;
mod identity;
mod instruments;
mod limits;
mod observed;
mod openai;
mod provider;
mod resilient;
mod settings;
mod toolset;
mod wire;

pub use assistant::{Answer, Assistant, AssistantError, Structured, ToolUse};
pub use budgeted::Budgeted;
pub use connect::model_from_environment;
pub use content::ContentCapture;
pub use http_model::HttpModel;
pub use identity::ModelIdentity;
pub use limits::AnswerLimits;
pub use observed::Observed;
pub use provider::ProviderConfig;
pub use resilient::Resilient;
pub use settings::{AiSettings, ModelConfig, ModelConfigError};
pub use toolset::{Offered, Toolset};
