//! The OTLP wire: decoding, limits, status mapping, receiver services.
//!
//! Without features, the crate has no transport, only the message types ([`proto`]), OTLP/JSON in both
//! directions ([`json`]), and the checks that turn a decoded [`Request`] into a [`Batch`] in which every
//! record is valid. Feature `receiver` adds the services: a `Receiver` implements OTLP/HTTP and OTLP/gRPC
//! as specified by OTLP 1.11 and passes each batch to a `Consumer`.

mod batch;
mod cost;
pub mod json;
pub mod proto;
mod rejections;
mod request;
mod sift;
mod signal;
mod validate;
mod walk;
pub mod wire;

#[cfg(feature = "receiver")]
mod consumer;
#[cfg(feature = "receiver")]
mod limits;
#[cfg(feature = "receiver")]
mod receiver;
#[cfg(feature = "receiver")]
mod stats;

pub use batch::{Batch, ProtobufError};
pub use rejections::{RejectedReason, Rejections};
pub use request::Request;
pub use signal::Signal;
pub use validate::remove_invalid;

#[cfg(feature = "receiver")]
pub use {
    consumer::{Accepted, Consumer, Refusal},
    limits::Limits,
    receiver::{Receiver, serve},
    stats::{ReceiverStats, RefusedReason, SignalStats, StatsSnapshot},
};
