//! Registering with Redis, and looking into it.
//!
//! | key | holds |
//! |---|---|
//! | `{namespace}:instance:<id>` | one registration as JSON: the fields of a `ServiceInfo`, `schema` and `lease`; expires with its lease |
//! | `{namespace}:instances` | a sorted set of those ids by the time in milliseconds at which they expire, by the server's clock; expires with the last of them |
//!
//! The braces keep all keys of a namespace in one slot of a cluster. Nothing here lists keys: a reader
//! takes the ids from the sorted set, and the registrations by their ids, a page at a time.

mod client;
mod discovery;
mod failure;
mod keys;
mod registration;
mod registry;
mod stored;
mod target;
mod tls;

pub use client::RedisClient;
pub use discovery::RedisDiscovery;
pub use registry::RedisRegistry;
