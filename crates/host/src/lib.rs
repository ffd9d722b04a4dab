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
//! | `GET /health` | 200 while the process lives |
//! | `GET /ready` | 200 while it takes work, 503 before and after |
//!
//! The status alone tells success from failure; every failure is a
//! [`Problem`](glassbox_core::Problem). A `POST` is shown as a span, probes are not.
//!
//! A tool is called and registers itself; only an agent is given a world to discover and call, and
//! the compiler says so:
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
//! `HttpDiscovery`, `HttpConnector`, or just the setting `registry_url`. Without it there is no HTTP
//! client in the tree. With feature `redis` they find each other by Redis, without a registry of ours:
//! `RedisRegistry`, `RedisDiscovery`, or just the setting `redis_url` (`REDIS_URL`); to call what it
//! found, an agent needs feature `client` as well. With feature `config`, [`HostSettings`] is the
//! section `[host]` of a program's settings. Which one to choose when: `docs/guides/discovery.md`.

#![forbid(unsafe_code)]
mod callable;
mod cancellation;
#[cfg(feature = "client")]
mod client;
mod events;
mod host;
mod http;
#[cfg(any(feature = "client", feature = "redis"))]
mod known;
mod local;
mod memory;
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
pub use client::{HttpConnector, HttpDiscovery, HttpRegistry, RemoteTool};
pub use events::{EventBus, Subscriber};
pub use glassbox_instrument::SystemClock;
pub use host::Host;
pub use local::LocalTools;
pub use memory::MemoryStore;
pub use probe::{ProbeError, probe, probe_at};
pub use registry::{MemoryRegistry, registry_router};
pub use role::{Active, Passive};
pub use running::{Running, ServeError, ServeReport};
pub use settings::{HostSettings, RedisUrl};
