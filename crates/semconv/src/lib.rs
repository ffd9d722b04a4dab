//! Names, units, buckets and label sets of the semantic conventions that Glassbox follows.
//!
//! This crate contains only constants. The convention's version is part of the module name, so that a later
//! version is a new module and existing names never change.
//!
//! | module | convention |
//! |---|---|
//! | [`v1_41`] | OpenTelemetry 1.41.1: HTTP, RPC, database, resource, code, exceptions |
//! | [`gen_ai_v1_41`] | Generative AI as last published there, the default |
//! | [`gen_ai_latest`] | Generative AI and its metrics as they have developed since |
//! | [`glassbox`] | names without a convention: workflows, events, sessions, resilience |
//!
//! A metric is a constant [`Descriptor`](glassbox_core::telemetry::Descriptor) of `core`. Create an
//! instrument from it: `Histogram::of(&http::SERVER_REQUEST_DURATION)`. Its keys are those of the
//! convention; a label that does not apply to a measurement is absent.
//!
//! Every module lists its attributes in `ATTRIBUTES` and its metrics in `METRICS`; the compiler
//! checks that the names are unique, dotted and lower case, and that bucket bounds ascend.

#[macro_use]
mod catalogue;

pub mod gen_ai_latest;
pub mod gen_ai_v1_41;
pub mod glassbox;
mod opt_in;
pub mod v1_41;

pub use opt_in::OptIn;
