//! State shared by all calls of an invoker.

use crate::{InvokeOptions, breakers::Breakers, lru::Lru};
use glassbox_core::Clock;
use glassbox_resilience::RetryBudget;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// Completes after a while.
pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Options, time, and the state kept from earlier calls.
pub(crate) struct Shared {
    pub(crate) options: InvokeOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sleep: Box<dyn Fn(Duration) -> Sleep + Send + Sync>,
    pub(crate) breakers: Breakers,
    /// By service.
    pub(crate) budgets: Lru<RetryBudget>,
    /// The instance that the next call without an id starts with.
    pub(crate) turn: AtomicUsize,
}
