//! The context of a call, which crosses every hop: HTTP, MCP, queues, journals, timers.

use crate::{
    Baggage, Budget, Deadline, Progress, ProgressSink, Remaining, Spent, telemetry::TraceContext,
};
use std::{fmt, future::Future, pin::Pin, sync::Arc, task::Poll};

/// The context that a call inherits from its caller. Cheap to clone. Derived contexts can only be narrower.
///
/// ```
/// use glassbox_core::{Baggage, Cx};
///
/// let cx = Cx::background().with_baggage(Baggage::default().with("tenant", "acme"));
/// assert_eq!(cx.baggage().get("tenant"), Some("acme"));
/// ```
#[derive(Clone, Default)]
pub struct Cx(Arc<Inner>);

#[derive(Clone, Default)]
struct Inner {
    trace: TraceContext,
    deadline: Option<Deadline>,
    budget: Option<Arc<dyn Budget>>,
    idempotency_key: Option<Arc<str>>,
    baggage: Baggage,
    cancellation: Option<Arc<dyn CancellationSource>>,
    progress: Option<Arc<dyn ProgressSink>>,
}

impl Cx {
    /// A context without a caller, for program starts, timers and tests.
    pub fn background() -> Self {
        Self::default()
    }

    fn child(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = (*self.0).clone();
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The trace of this call, used as parent if no span is current.
    pub fn trace(&self) -> &TraceContext {
        &self.0.trace
    }

    /// Sets the parent span, used if no span is current.
    #[must_use]
    pub fn with_trace(&self, trace: TraceContext) -> Self {
        self.child(|inner| inner.trace = trace)
    }

    /// When the caller stops waiting.
    pub fn deadline(&self) -> Option<Deadline> {
        self.0.deadline
    }

    /// Shortens the deadline. A later one has no effect.
    #[must_use]
    pub fn with_deadline(&self, deadline: Deadline) -> Self {
        self.child(|inner| {
            inner.deadline = Some(match inner.deadline {
                Some(outer) => outer.tightened(deadline),
                None => deadline,
            });
        })
    }

    /// The budget that the whole call tree shares.
    pub fn budget(&self) -> Option<&dyn Budget> {
        self.0.budget.as_deref()
    }

    /// Adds an inner budget. Usage is charged to both.
    #[must_use]
    pub fn with_budget(&self, budget: Arc<dyn Budget>) -> Self {
        self.child(|inner| {
            inner.budget = Some(match inner.budget.take() {
                Some(outer) => Arc::new(Nested { outer, budget }),
                None => budget,
            });
        })
    }

    /// Charges usage to the budget, if there is one.
    pub fn charge(&self, spent: Spent) {
        if let Some(budget) = self.budget() {
            budget.charge(spent);
        }
    }

    /// Reports progress, if the caller requested it.
    pub fn report(&self, progress: &Progress) {
        if let Some(sink) = &self.0.progress {
            sink.report(progress);
        }
    }

    /// Whether progress reports are requested. If not, do not create them.
    pub fn wants_progress(&self) -> bool {
        self.0.progress.is_some()
    }

    /// Sends progress reports to `sink` instead of the caller.
    #[must_use]
    pub fn with_progress(&self, sink: Arc<dyn ProgressSink>) -> Self {
        self.child(|inner| inner.progress = Some(sink))
    }

    /// The idempotency key: calls with the same key take effect once.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn with_idempotency_key(&self, key: impl Into<Arc<str>>) -> Self {
        self.child(|inner| inner.idempotency_key = Some(key.into()))
    }

    /// Key-value pairs propagated with the trace. Never a metric label unless allow-listed.
    pub fn baggage(&self) -> &Baggage {
        &self.0.baggage
    }

    /// Replaces the baggage.
    #[must_use]
    pub fn with_baggage(&self, baggage: Baggage) -> Self {
        self.child(|inner| inner.baggage = baggage)
    }

    /// Resolves when the call is cancelled. Never resolves if it cannot be cancelled.
    pub fn cancelled(&self) -> Cancelled<'_> {
        match &self.0.cancellation {
            Some(source) => source.cancelled(),
            None => Box::pin(std::future::pending()),
        }
    }

    /// Whether the call is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0
            .cancellation
            .as_ref()
            .is_some_and(|source| source.is_cancelled())
    }

    /// Adds a cancellation source to the existing ones.
    #[must_use]
    pub fn with_cancellation(&self, source: Arc<dyn CancellationSource>) -> Self {
        self.child(|inner| {
            inner.cancellation = Some(match inner.cancellation.take() {
                Some(outer) => Arc::new(Either { outer, source }),
                None => source,
            });
        })
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("trace", &self.0.trace)
            .field("deadline", &self.0.deadline)
            .field("idempotency_key", &self.0.idempotency_key)
            .field("baggage", &self.0.baggage)
            .finish_non_exhaustive()
    }
}

/// A future that resolves on cancellation.
pub type Cancelled<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of cancellation, such as a runtime's cancellation token.
pub trait CancellationSource: Send + Sync {
    /// Resolves when cancelled.
    fn cancelled(&self) -> Cancelled<'_>;
    /// Whether it is cancelled.
    fn is_cancelled(&self) -> bool;
}

through_pointers! {
    CancellationSource {
        fn cancelled(&self) -> Cancelled<'_> {
            (**self).cancelled()
        }
        fn is_cancelled(&self) -> bool {
            (**self).is_cancelled()
        }
    }
}

/// Cancelled when either source is.
struct Either {
    outer: Arc<dyn CancellationSource>,
    source: Arc<dyn CancellationSource>,
}

impl CancellationSource for Either {
    fn cancelled(&self) -> Cancelled<'_> {
        let (mut outer, mut source) = (self.outer.cancelled(), self.source.cancelled());
        Box::pin(std::future::poll_fn(move |cx| {
            match outer.as_mut().poll(cx).is_ready() || source.as_mut().poll(cx).is_ready() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }))
    }

    fn is_cancelled(&self) -> bool {
        self.outer.is_cancelled() || self.source.is_cancelled()
    }
}

struct Nested {
    outer: Arc<dyn Budget>,
    budget: Arc<dyn Budget>,
}

impl Budget for Nested {
    fn charge(&self, spent: Spent) {
        self.outer.charge(spent);
        self.budget.charge(spent);
    }

    fn remaining(&self) -> Remaining {
        self.outer.remaining().tightened(self.budget.remaining())
    }

    // A budget can define its own rule for being exhausted.
    fn is_exhausted(&self) -> bool {
        self.outer.is_exhausted() || self.budget.is_exhausted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Allowance, Clock};
    use std::time::Duration;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> u64 {
            1_000
        }
    }

    #[test]
    fn a_child_never_gets_more_time() {
        let soon = Deadline::after(&Stopped, Duration::from_secs(1));
        let late = Deadline::after(&Stopped, Duration::from_secs(9));
        let cx = Cx::background().with_deadline(soon);
        assert_eq!(cx.with_deadline(late).deadline(), Some(soon));
        assert_eq!(
            cx.deadline().unwrap().remaining(&Stopped),
            Some(Duration::from_secs(1))
        );
    }

    #[test]
    fn an_inner_budget_charges_the_outer_one_and_cannot_outlive_it() {
        let tokens = |tokens| Arc::new(Allowance::new(Remaining::unlimited().with_tokens(tokens)));
        let (outer, inner) = (tokens(5), tokens(100));
        let cx = Cx::background()
            .with_budget(outer.clone())
            .with_budget(inner);
        let budget = cx.budget().unwrap();
        assert_eq!(budget.remaining().tokens, Some(5));
        assert!(!budget.is_exhausted());
        cx.charge(Spent::tokens(5));
        assert!(outer.is_exhausted() && budget.is_exhausted());
    }

    struct Flag(bool);

    impl CancellationSource for Flag {
        fn cancelled(&self) -> Cancelled<'_> {
            match self.0 {
                true => Box::pin(std::future::ready(())),
                false => Box::pin(std::future::pending()),
            }
        }

        fn is_cancelled(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn a_child_is_cancelled_with_its_caller() {
        let poll = |cx: &Cx| {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            cx.cancelled().as_mut().poll(&mut context).is_ready()
        };
        assert!(!Cx::background().is_cancelled());
        for (outer, inner) in [(true, false), (false, true), (false, false)] {
            let cx = Cx::background()
                .with_cancellation(Arc::new(Flag(outer)))
                .with_cancellation(Arc::new(Flag(inner)));
            assert_eq!(cx.is_cancelled(), outer || inner);
            assert_eq!(poll(&cx), outer || inner);
        }
    }
}
