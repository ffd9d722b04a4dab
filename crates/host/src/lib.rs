//! Serves a tool or an agent over HTTP.
//!
//! ```no_run
//! # use glassbox_core::{Toolbox, Tool};
//! # async fn example(tool: Toolbox) -> Result<(), glassbox_host::ServeError> {
//! use glassbox_host::Host;
//!
//! let report = Host::tool(tool).serve().await?; // until SIGTERM or Ctrl-C
//! println!("{} calls", report.served());
//! # Ok(())
//! # }
//! ```
//!
//! | route | answer |
//! |---|---|
//! | `POST /v1/capabilities/{name}` | input and output are the bare JSON of the capability's schemas |
//! | `GET /v1/capabilities` | `{"service", "instance", "kind", "capabilities": […]}` |
//! | `GET /health` | 200 while the process runs |
//! | `GET /ready` | 200 while the service accepts calls, otherwise 503 |
//!
//! The status distinguishes success from failure; every failure is a
//! [`Problem`](glassbox_core::Problem). A `POST` has a span, probes have none.
//!
//! A tool registers itself and is called. Only an agent can discover and call others, which the
//! compiler enforces:
//!
//! ```compile_fail,E0599
//! # use glassbox_core::Toolbox;
//! # use glassbox_host::{Host, MemoryRegistry};
//! # use std::sync::Arc;
//! let discovery = Arc::new(MemoryRegistry::new());
//! let host = Host::tool(Toolbox::new("curious")).discovery(discovery);
//! ```
//!
//! ```
//! # use glassbox_core::Skillset;
//! # use glassbox_host::{Host, MemoryRegistry};
//! # use std::sync::Arc;
//! let discovery = Arc::new(MemoryRegistry::new());
//! let host = Host::agent(Skillset::new("curious")).discovery(discovery);
//! ```
//!
//! With feature `client`, services find and call each other over HTTP: `HttpRegistry`,
//! `HttpDiscovery` and `HttpConnector`, or the setting `registry_url`. Without it the dependency tree
//! has no HTTP client. With feature `redis` they find each other through Redis: `RedisRegistry` and
//! `RedisDiscovery`, or the setting `redis_url` (`REDIS_URL`). An agent also needs feature `client` to
//! call what it finds. With feature `config`, [`HostSettings`] is the section `[host]` of a program's
//! settings. `docs/guides/discovery.md` explains which registry to choose.

#![forbid(unsafe_code)]
mod access;
mod budget;
mod callable;
mod cancellation;
#[cfg(feature = "client")]
mod client;
mod endpoint;
mod events;
mod host;
mod http;
#[cfg(any(feature = "client", feature = "redis"))]
mod known;
mod local;
mod memory;
mod peer;
mod probe;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "client", feature = "redis"))]
mod registration;
mod registry;
mod role;
mod running;
mod server;
mod settings;
mod signal;
mod state;
mod wiring;

#[cfg(feature = "redis")]
pub use crate::redis::{RedisClient, RedisDiscovery, RedisRegistry};
#[cfg(feature = "client")]
pub use client::{Credentials, HttpConnector, HttpDiscovery, HttpRegistry, RemoteTool};
pub use events::{EventBus, Subscriber};
pub use glassbox_instrument::SystemClock;
pub use host::Host;
pub use local::LocalTools;
pub use memory::MemoryStore;
pub use probe::{ProbeError, probe, probe_at};
pub use registry::{MemoryRegistry, Put, registry_router};
pub use role::{Active, Passive};
pub use running::{Running, ServeError, ServeReport};
pub use settings::{HostSettings, RedisUrl};
