//! The single implementation of capability calls.
//!
//! An [`Invoker`] implements [`Caller`](glassbox_core::Caller). It finds the instances that have the
//! capability, chooses one, enforces the time limit, fails over, repeats what may be repeated, and
//! records one `execute_tool` span and its metrics. A host creates one and keeps it, so that circuit
//! breakers and retry budgets remember earlier calls.
//!
//! Transports only transport: a [`Tool`](glassbox_core::Tool) makes one attempt, and its error reports
//! whether the effect may have begun.
//!
//! Nothing here needs a runtime: the clock and the sleep are passed in.
//!
//! ```
//! use glassbox_core::{
//!     Call, Caller, Capability, Connector, Cx, Discovery, Effect, Filter, Outcome, Problem,
//!     ServiceInfo, ServiceKind, Tool, ToolError, async_trait,
//! };
//! use glassbox_invoke::Invoker;
//! use glassbox_testkit::VirtualClock;
//! use serde_json::{Value, json};
//! use std::sync::Arc;
//!
//! struct Adder(Vec<Capability>);
//!
//! #[async_trait]
//! impl Tool for Adder {
//!     fn name(&self) -> &str { "adder" }
//!     fn capabilities(&self) -> &[Capability] { &self.0 }
//!     async fn call(&self, _: &Cx, _: &str, input: Value) -> Result<Outcome, ToolError> {
//!         Ok(Outcome::done(input["a"].as_i64().unwrap_or(0) + input["b"].as_i64().unwrap_or(0)))
//!     }
//! }
//!
//! struct Nearby(ServiceInfo, Arc<Adder>);
//!
//! #[async_trait]
//! impl Discovery for Nearby {
//!     async fn find(&self, _: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
//!         Ok(Some(&self.0).filter(|service| filter.matches(service)).cloned().into_iter().collect())
//!     }
//! }
//!
//! impl Connector for Nearby {
//!     fn connect(&self, _: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> { Ok(self.1.clone()) }
//! }
//!
//! let add = Capability::of::<(), i64>("add", "Adds.").with_effect(Effect::ReadOnly);
//! let service = ServiceInfo::new(ServiceKind::Tool, "adder", "adder-1", "local:", vec![add.clone()]);
//! let nearby = Nearby(service, Arc::new(Adder(vec![add])));
//! let clock = VirtualClock::new();
//! let timer = clock.clone();
//! let invoker = Invoker::new(&nearby, &nearby, clock.clone(), move |pause| timer.sleep(pause));
//! let call = Call::new("add", json!({"a": 1, "b": 2}));
//! let called = clock.run(invoker.call(&Cx::background(), call));
//! assert_eq!(called.result.unwrap(), Outcome::done(3));
//! assert_eq!(called.attempts, 1);
//! ```

mod breakers;
mod candidates;
mod failure;
mod instruments;
mod invocation;
mod invoker;
mod key;
mod lru;
mod options;
mod race;
mod record;
mod redact;
mod shared;
mod time_limit;

pub use invoker::Invoker;
pub use options::InvokeOptions;
pub use record::{Execution, ToolRecord};
