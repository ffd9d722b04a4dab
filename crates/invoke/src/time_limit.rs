//! How long a call may take, and who is to blame for a timeout.

use glassbox_core::{Blame, Call, Capability, Category, Clock, Cx, Deadline, Problem, ToolError};
use std::time::Duration;

/// The limit of one call with all its attempts.
///
/// The callee is to blame for a timeout only if it had all the time that its capability declares. If the
/// caller's deadline or the call's own timeout is shorter than that, the caller is.
#[derive(Clone, Copy)]
pub(crate) struct TimeLimit {
    end: Deadline,
    length: Duration,
    blame: Blame,
    /// Whether another call may have more time: not if the caller's deadline is the limit.
    is_retryable: bool,
}

impl TimeLimit {
    /// The limit of a call that begins now; `None` if the caller's deadline has passed.
    pub(crate) fn of(
        cx: &Cx,
        call: &Call,
        capability: &Capability,
        grace: Duration,
        clock: &dyn Clock,
    ) -> Option<Self> {
        let own = call
            .timeout
            .unwrap_or_else(|| capability.timeout.saturating_add(grace));
        let left = match cx.deadline() {
            Some(deadline) => Some(deadline.remaining(clock)?),
            None => None,
        };
        let length = left.map_or(own, |left| left.min(own));
        let is_callers = length < own || length < capability.timeout;
        Some(Self {
            end: Deadline::after(clock, length),
            length,
            blame: if is_callers {
                Blame::Caller
            } else {
                Blame::Peer
            },
            is_retryable: length == own,
        })
    }

    pub(crate) fn end(&self) -> Deadline {
        self.end
    }

    /// The remaining time.
    pub(crate) fn remaining(&self, clock: &dyn Clock) -> Duration {
        self.end.remaining(clock).unwrap_or_default()
    }

    /// The error of a call that exceeded the limit.
    pub(crate) fn elapsed(&self, capability: &str) -> ToolError {
        let message = format!("{capability} did not answer within {:.1?}", self.length);
        Problem::new(Category::Timeout, "tool.timeout", message)
            .with_blame(self.blame)
            .with_retryable(self.is_retryable)
            .into()
    }

    /// The error of an attempt, with a timeout blamed on the side whose limit passed.
    ///
    /// A transport that stops at the end of the call only reports that the deadline it was given has
    /// passed.
    pub(crate) fn blamed(&self, error: ToolError, clock: &dyn Clock) -> ToolError {
        let has_passed = self.end.remaining(clock).is_none();
        if error.category() != Category::Timeout || !has_passed {
            return error;
        }
        let problem = error.problem().clone().with_blame(self.blame);
        let problem = problem.with_retryable(self.is_retryable);
        ToolError::from(problem).with_source(error)
    }
}

/// The error of a call whose caller has no time left.
pub(crate) fn too_late(capability: &str) -> ToolError {
    let message = format!("{capability} was not called: the caller's deadline has passed");
    Problem::new(Category::Timeout, "call.deadline", message)
        .with_blame(Blame::Caller)
        .with_retryable(false)
        .with_may_have_begun(false)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::Decide;
    use glassbox_testkit::VirtualClock;
    use serde_json::Value;

    const GRACE: Duration = Duration::from_secs(3);

    /// The length and the blame of a call of a capability that may take 30 s.
    fn limit(deadline: Option<u64>, timeout: Option<u64>) -> Option<(u64, Blame)> {
        let clock = VirtualClock::new();
        let mut cx = Cx::background();
        if let Some(seconds) = deadline {
            cx = cx.with_deadline(Deadline::after(&clock, Duration::from_secs(seconds)));
        }
        let mut call = Call::new("look", Value::Null);
        call.timeout = timeout.map(Duration::from_secs);
        let capability = Capability::of::<(), ()>("look", "Looks.");
        let limit = TimeLimit::of(&cx, &call, &capability, GRACE, &clock)?;
        assert_eq!(limit.remaining(&clock), limit.length);
        Some((limit.length.as_secs(), limit.elapsed("look").blame()))
    }

    #[test]
    fn a_timeout_counts_against_the_callee_only_if_it_had_all_its_time() {
        assert_eq!(limit(None, None), Some((33, Blame::Peer)));
        assert_eq!(limit(Some(60), None), Some((33, Blame::Peer)));
        assert_eq!(limit(Some(32), None), Some((32, Blame::Caller)));
        assert_eq!(limit(None, Some(30)), Some((30, Blame::Peer)));
        assert_eq!(limit(None, Some(29)), Some((29, Blame::Caller)));
        assert_eq!(limit(Some(40), Some(60)), Some((40, Blame::Caller)));
        assert_eq!(limit(Some(0), None), None);
    }
}
