//! Registration and discovery over Redis.
//!
//! | key | value |
//! |---|---|
//! | `{namespace}:instance:<id>` | one registration as JSON: the fields of a `ServiceInfo`, `schema` and `lease`; expires with its lease |
//! | `{namespace}:instances` | a sorted set of the ids, scored by their expiry in milliseconds on the server's clock; expires with the last of them |
//!
//! The braces keep all keys of a namespace in one slot of a cluster. Keys are never listed: a reader
//! gets the ids from the sorted set, and then the registrations by id, in pages.

mod client;
mod discovery;
mod failure;
mod keys;
mod meter;
mod registration;
mod registry;
mod stored;
mod target;
mod tls;

pub use client::RedisClient;
pub use discovery::RedisDiscovery;
pub use registry::RedisRegistry;
