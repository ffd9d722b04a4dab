//! The only implementation of [`Caller`].

use crate::{
    InvokeOptions,
    breakers::Breakers,
    candidates::Candidates,
    invocation::Invocation,
    lru::Lru,
    record::{Execution, ToolRecord},
    shared::Shared,
};
use glassbox_core::{Call, Called, Caller, Clock, Connector, Cx, Discovery, async_trait};
use glassbox_resilience::BreakerConfigError;
use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// Calls capabilities: finds an instance, enforces the time limit, fails over, and repeats what may be
/// repeated.
///
/// One round calls an instance and, if that is unavailable or rejects the call, one other instance at
/// once. A failed round is repeated after a pause, on the next instances. A call that may have begun is
/// repeated only if its effect allows it, or if it carries an idempotency key that the capability
/// honours. An instance whose circuit breaker is open is skipped; if all are open, the call fails at
/// once.
///
/// # Bounds
/// A call makes at most three attempts, within the capability's own timeout plus three seconds, or the
/// caller's deadline. Retries of a service are limited to one for every five calls, plus one a second.
/// Breakers and retry budgets are kept for 1024 instances and services. [`InvokeOptions`] and [`Call`]
/// change these numbers.
///
/// # Cancel safety
/// Dropping a call drops the attempt or the pause in progress.
pub struct Invoker<D = Arc<dyn Discovery>, C = Arc<dyn Connector>> {
    discovery: D,
    connector: C,
    shared: Shared,
}

impl<D: Discovery, C: Connector> Invoker<D, C> {
    /// Calls services that `discovery` finds and `connector` reaches, with the default options.
    ///
    /// `sleep` is the runtime's own, such as `tokio::time::sleep`. `clock` is the clock of the callers'
    /// deadlines.
    pub fn new<S, W>(discovery: D, connector: C, clock: impl Clock + 'static, sleep: S) -> Self
    where
        S: Fn(Duration) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        Self::try_new(discovery, connector, clock, sleep, InvokeOptions::default())
            .expect("invariant: the default options make a breaker")
    }

    /// As [`new`](Self::new), with these options.
    ///
    /// # Errors
    /// If the breaker's configuration is invalid.
    pub fn try_new<S, W>(
        discovery: D,
        connector: C,
        clock: impl Clock + 'static,
        sleep: S,
        options: InvokeOptions,
    ) -> Result<Self, BreakerConfigError>
    where
        S: Fn(Duration) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        Ok(Self {
            discovery,
            connector,
            shared: Shared {
                breakers: Breakers::try_new(
                    options.breaker,
                    options.instances,
                    Arc::clone(&clock),
                )?,
                budgets: Lru::new(options.instances),
                options,
                clock,
                sleep: Box::new(move |duration| Box::pin(sleep(duration))),
                turn: AtomicUsize::new(0),
            },
        })
    }
}

#[async_trait]
impl<D: Discovery, C: Connector> Caller for Invoker<D, C> {
    async fn call(&self, cx: &Cx, call: Call) -> Called {
        let shared = &self.shared;
        let turn = shared.turn.fetch_add(1, Relaxed);
        let found = Candidates::find(&self.discovery, cx, &call, turn).await;
        let execution = Execution::new(&call.capability, &call.input)
            .with_id(call.id.as_deref())
            .with_content(call.capture_content);
        let candidates = match found {
            Ok(candidates) => candidates,
            Err(error) => {
                let called = Called::refused(error);
                ToolRecord::start(cx, &shared.clock, execution).end(&called);
                return called;
            }
        };
        let execution = execution.of(candidates.capability(&call.capability));
        let record = ToolRecord::start(cx, &shared.clock, execution);
        let cx = cx.with_trace(record.span().context().clone());
        let called = match Invocation::begin(shared, &self.connector, &cx, &call, &candidates) {
            Ok(invocation) => record.span().around(invocation.run()).await,
            Err(error) => Called::refused(error),
        };
        record.end(&called);
        called
    }
}

impl<D, C> fmt::Debug for Invoker<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoker")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}
