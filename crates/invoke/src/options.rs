//! How calls are made, as plain values.

use glassbox_resilience::{BreakerConfig, RetryPolicy};
use std::time::Duration;

/// How an [`Invoker`](crate::Invoker) makes calls.
///
/// ```
/// use glassbox_invoke::InvokeOptions;
/// use std::time::Duration;
///
/// let options = InvokeOptions::default().with_grace(Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct InvokeOptions {
    pub(crate) retry: RetryPolicy,
    pub(crate) grace: Duration,
    pub(crate) breaker: BreakerConfig,
    pub(crate) instances: usize,
}

impl Default for InvokeOptions {
    /// Three attempts, waits of up to 5 s requested by a peer, 3 s of grace, the default breaker, and
    /// breakers for 1024 instances.
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default().longest_wait(Duration::from_secs(5)),
            grace: Duration::from_secs(3),
            breaker: BreakerConfig::default(),
            instances: 1024,
        }
    }
}

impl InvokeOptions {
    /// Sets the attempts and pauses of calls that do not set their own.
    pub const fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how much longer than the capability's own timeout a call may take.
    ///
    /// The callee reports its own timeout best, and its answer needs time to arrive.
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets the circuit breaker of each instance.
    pub const fn with_breaker(mut self, breaker: BreakerConfig) -> Self {
        self.breaker = breaker;
        self
    }

    /// Sets the maximum number of instances with a breaker. The least recently called instance loses its
    /// breaker first.
    pub const fn with_instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }
}
