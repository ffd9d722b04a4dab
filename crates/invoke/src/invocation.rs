//! One call, from its first attempt to its last.

use crate::{
    candidates::Candidates,
    failure::{Circumstances, Failure},
    instruments::{RETRIES, STOPPED, TIMEOUTS},
    key,
    race::{Raced, race},
    shared::Shared,
    time_limit::{self, TimeLimit},
};
use glassbox_core::{
    Blame, Budget, Call, Called, Category, Connector, CostClass, Cx, Decide, Outcome, Problem,
    ToolError, telemetry::Value,
};
use glassbox_resilience::{
    FailedAttempt, Jitter, Next, Permit, Rejected, RetryBudget, Stop, retry,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

/// A call in progress.
pub(crate) struct Invocation<'a> {
    shared: &'a Shared,
    connector: &'a dyn Connector,
    /// The callee's context: under the call's span, with its time limit and its key.
    cx: Cx,
    call: &'a Call,
    candidates: &'a Candidates,
    limit: TimeLimit,
    budget: Arc<RetryBudget>,
    most: u32,
    made: AtomicU32,
    last: Mutex<Option<usize>>,
}

impl<'a> Invocation<'a> {
    /// Prepares the first attempt.
    ///
    /// # Errors
    /// If the caller cancelled, or has no time or budget left.
    pub(crate) fn begin(
        shared: &'a Shared,
        connector: &'a dyn Connector,
        cx: &Cx,
        call: &'a Call,
        candidates: &'a Candidates,
    ) -> Result<Self, ToolError> {
        let capability = candidates.capability(&call.capability);
        let (grace, clock) = (shared.options.grace, &shared.clock);
        let Some(limit) = TimeLimit::of(cx, call, capability, grace, clock) else {
            return Err(time_limit::too_late(&call.capability));
        };
        let mut cx = cx.with_deadline(limit.end());
        if let Some(key) = key::of_call(&cx, call, capability) {
            cx = cx.with_idempotency_key(key);
        }
        let most = call.attempts.unwrap_or(shared.options.retry.max_attempts());
        let invocation = Self {
            budget: shared
                .budgets
                .get(candidates.service(), RetryBudget::default),
            shared,
            connector,
            cx,
            call,
            candidates,
            limit,
            most: most.max(1),
            made: AtomicU32::new(0),
            last: Mutex::default(),
        };
        invocation.still_wanted(capability.cost)?;
        Ok(invocation)
    }

    /// Makes attempts until one succeeds or no further attempt is allowed.
    pub(crate) async fn run(self) -> Called {
        let shared = self.shared;
        let policy = shared.options.retry.with_attempts(self.most);
        let attempts = policy
            .attempts(Jitter::seeded(fastrand::u64(..)))
            .until(Some(self.limit.end()))
            .paying_from(&self.budget, &shared.clock);
        let rounds = retry(attempts, &shared.clock, &*shared.sleep, |_| self.round())
            .cancelled_by(self.cx.cancelled())
            .observed_by(|failed| self.observe(failed));
        let result = rounds.run().await.map_err(|stopped| match stopped.stop() {
            Stop::Cancelled => {
                let may_have_begun = stopped.error().may_have_begun();
                let error = self.cancelled().with_may_have_begun(may_have_begun);
                error.with_source(stopped.into_error().error)
            }
            _ => stopped.into_error().error,
        });
        let instance = self.last().map(|last| self.candidates.at(last).clone());
        Called::new(result, instance, self.made.load(Relaxed))
    }

    /// Calls an instance and, if that instance is the problem, another one at once.
    ///
    /// One unavailable instance proves little; after two, the service is assumed to be unavailable.
    async fn round(&self) -> Result<Outcome, Failure> {
        let failure = match self.attempt(None).await {
            Ok(outcome) => return Ok(outcome),
            Err(failure) => failure,
        };
        let last = self.last();
        let others = || self.candidates.order(last).any(|index| Some(index) != last);
        let elsewhere = failure.is_elsewhere()
            && others()
            && self.still_wanted(CostClass::Free).is_ok()
            && self.budget.withdraw(&self.shared.clock);
        if !elsewhere {
            return Err(failure);
        }
        self.count_retry(&failure, Duration::ZERO);
        match self.attempt(last).await {
            // No other instance may be called: the first failure is more informative.
            Err(_) if self.last() == last => Err(failure),
            result => result,
        }
    }

    /// Calls the next instance whose breaker permits it.
    async fn attempt(&self, except: Option<usize>) -> Result<Outcome, Failure> {
        let mut open = None;
        let order = self.candidates.order(self.last());
        for index in order.filter(|index| Some(*index) != except) {
            let instance = self.candidates.at(index);
            let breaker = self.shared.breakers.of(instance);
            match breaker.try_acquire(instance) {
                Ok(permit) => {
                    let result = self.ask(index, permit).await;
                    breaker.report(instance);
                    return result;
                }
                Err(rejected) => open = sooner(open, rejected),
            }
        }
        // An open breaker fails the call at once, without a pause.
        Err(Failure::end(self.rejected(open)))
    }

    /// Calls one instance once.
    async fn ask(&self, index: usize, permit: Permit<'_>) -> Result<Outcome, Failure> {
        let (name, clock) = (&self.call.capability, &self.shared.clock);
        let capability = self.candidates.capability_at(index, name);
        self.still_wanted(capability.cost).map_err(Failure::end)?;
        let began = clock.now();
        self.set_last(index);
        let made = self.made.fetch_add(1, Relaxed) + 1;
        let result = match self.connector.connect(self.candidates.at(index)) {
            // No call was made, so nothing was learned about the instance.
            Err(problem) => {
                drop(permit);
                Err(problem.with_may_have_begun(false).into())
            }
            Ok(tool) => {
                let left = self.limit.remaining(clock);
                let answer = tool.call(&self.cx, name, self.call.input.clone());
                let timer = (self.shared.sleep)(left);
                let result = match race(answer, self.cx.cancelled(), timer).await {
                    Raced::Answered(result) => {
                        result.map_err(|error| self.limit.blamed(error, clock))
                    }
                    Raced::Cancelled => Err(self.cancelled()),
                    Raced::Elapsed => Err(self.limit.elapsed(name)),
                };
                permit.settle(&result);
                result
            }
        };
        result.map_err(|error| {
            if error.category() == Category::Timeout {
                TIMEOUTS.add_with(1, &[Value::Str(self.candidates.service())]);
            }
            let circumstances = Circumstances {
                capability,
                has_key: self.cx.idempotency_key().is_some(),
                took: Duration::from_nanos(clock.now().saturating_sub(began)),
                left: self.limit.remaining(clock),
                is_last: made >= self.most,
            };
            Failure::judge(error, &circumstances)
        })
    }

    /// Rejects an attempt if the caller cancelled, or its time or budget is spent.
    fn still_wanted(&self, cost: CostClass) -> Result<(), ToolError> {
        let name = &self.call.capability;
        if self.cx.is_cancelled() {
            return Err(self.cancelled().with_may_have_begun(false));
        }
        if self.limit.remaining(&self.shared.clock).is_zero() {
            return Err(time_limit::too_late(name));
        }
        // Free calls need no budget.
        if cost != CostClass::Free && self.cx.budget().is_some_and(Budget::is_exhausted) {
            let message = format!("{name} was not called: the caller's budget is spent");
            let code = "call.budget_exhausted";
            let problem = Problem::new(Category::BudgetExhausted, code, message);
            return Err(problem.with_may_have_begun(false).into());
        }
        Ok(())
    }

    fn observe(&self, failed: FailedAttempt<'_, Failure>) {
        let failure = failed.error;
        match failed.next {
            Next::Retry(pause) => self.count_retry(failure, pause),
            Next::Stop(Stop::Cancelled) => {}
            Next::Stop(stop) => {
                let stop = match failure.is_last {
                    true => Stop::AttemptsExhausted,
                    false => stop,
                };
                let labels = [self.candidates.service(), stop.as_str()].map(Value::Str);
                STOPPED.add_with(1, &labels);
            }
        }
    }

    fn count_retry(&self, failure: &Failure, pause: Duration) {
        let (service, error) = (self.candidates.service(), &failure.error);
        let class = error.category().as_str();
        RETRIES.add_with(1, &[service, class].map(Value::Str));
        let instance = self.last().map(|last| self.candidates.at(last));
        tracing::warn!(
            glassbox.service = service,
            glassbox.peer.instance = instance.map(|instance| instance.instance.as_str()),
            glassbox.capability = self.call.capability,
            glassbox.error.code = error.code(),
            error.type = class,
            glassbox.invoke.pause = ?pause,
            "a call failed, trying again"
        );
    }

    fn cancelled(&self) -> ToolError {
        let message = format!(
            "the call of {} was cancelled by its caller",
            self.call.capability
        );
        ToolError::new(Category::Cancelled, "call.cancelled", message)
    }

    /// The breakers of all instances are open: the rejection is local, and not the service's fault.
    fn rejected(&self, open: Option<Rejected>) -> ToolError {
        let service = self.candidates.service();
        let message = format!("{service} failed too often lately, and is not called for now");
        let problem = Problem::new(Category::Unavailable, "tool.circuit_open", message)
            .with_blame(Blame::Local)
            .with_may_have_begun(false);
        match open.and_then(|rejected| rejected.retry_after()) {
            Some(wait) => problem.with_retry_after(wait).into(),
            None => problem.into(),
        }
    }

    fn last(&self) -> Option<usize> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_last(&self, index: usize) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(index);
    }
}

/// The rejection that ends first; one without an end sorts last.
fn sooner(one: Option<Rejected>, other: Rejected) -> Option<Rejected> {
    let end = |rejected: &Rejected| rejected.retry_after().unwrap_or(Duration::MAX);
    match one {
        Some(one) if end(&one) <= end(&other) => Some(one),
        _ => Some(other),
    }
}
