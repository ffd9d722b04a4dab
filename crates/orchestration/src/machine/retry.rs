//! Whether another attempt follows a failed one, and when.

use super::step::FailedAttempt;
use glassbox_core::{Clock, Deadline};
use glassbox_resilience::{Jitter, Next, RetryPolicy};

/// What follows a failed attempt.
pub(super) enum Verdict {
    /// Another attempt, at this time: nanoseconds since the Unix epoch.
    RetryAt(u64),
    /// The step's failure.
    Stop,
}

/// Decides by the step's policy, with the time and the random number of the entry.
pub(super) fn after(
    failed: &FailedAttempt,
    policy: &RetryPolicy,
    deadline: Option<Deadline>,
) -> Verdict {
    // A call that may have had its effect is repeated only if repeating it changes nothing.
    if !failed.repeatable && failed.problem.may_have_begun() {
        return Verdict::Stop;
    }
    let mut attempts = policy
        .attempts(Jitter::seeded(failed.jitter.into()))
        .continuing_at(failed.attempt)
        .until(deadline);
    match attempts.next(&failed.problem, &At(failed.at_unix_nano)) {
        Next::Retry(pause) => {
            let pause = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
            Verdict::RetryAt(failed.at_unix_nano.saturating_add(pause))
        }
        Next::Stop(_) => Verdict::Stop,
    }
}

/// A wall clock that is stopped at one time.
struct At(u64);

impl Clock for At {
    fn now(&self) -> u64 {
        self.0
    }
}
