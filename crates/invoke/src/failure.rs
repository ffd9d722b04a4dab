//! What happens after an attempt that failed.

use glassbox_core::{Blame, Capability, Category, Decide, Retry, ToolError};
use std::time::Duration;

/// Whether a failed call may be made again: nothing has begun, the effect may safely happen twice, or
/// the call carries an idempotency key that the capability honours.
///
/// Whether a repetition helps is a separate question: see [`Decide::retry`].
fn may_repeat(capability: &Capability, has_idempotency_key: bool, error: &ToolError) -> bool {
    !error.may_have_begun() || capability.is_repeatable(has_idempotency_key)
}

/// A failed attempt and what may follow it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ToolError,
    /// Whether and when the call may be repeated.
    retry: Retry,
    /// Whether another instance may be called at once.
    elsewhere: bool,
    /// Whether it was the last attempt that the call is allowed.
    pub(crate) is_last: bool,
}

/// Facts about a failed attempt besides its error.
pub(crate) struct Circumstances<'a> {
    /// As the instance declares it.
    pub(crate) capability: &'a Capability,
    /// Whether the attempt carried an idempotency key.
    pub(crate) has_key: bool,
    pub(crate) took: Duration,
    pub(crate) left: Duration,
    pub(crate) is_last: bool,
}

impl Failure {
    /// Decides by the error and the effect of the call.
    pub(crate) fn judge(error: ToolError, circumstances: &Circumstances<'_>) -> Self {
        let may_repeat = may_repeat(circumstances.capability, circumstances.has_key, &error);
        // A retry with less time than the slow callee already used would time out again.
        let is_hopeless =
            error.category() == Category::Timeout && circumstances.left < circumstances.took;
        let retry = match may_repeat && !is_hopeless && !circumstances.is_last {
            true => error.retry(),
            false => Retry::Never,
        };
        // If one instance is unavailable or rejects the call, others may still accept it.
        let is_of_instance = error.category() == Category::Unavailable || !error.may_have_begun();
        Self {
            elsewhere: is_of_instance && retry != Retry::Never,
            retry,
            error,
            is_last: circumstances.is_last,
        }
    }

    /// A failure that ends the call regardless of its error.
    pub(crate) fn end(error: ToolError) -> Self {
        Self {
            error,
            retry: Retry::Never,
            elsewhere: false,
            is_last: false,
        }
    }

    /// Whether another instance may be called at once.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }
}

impl Decide for Failure {
    fn retry(&self) -> Retry {
        self.retry
    }

    fn blame(&self) -> Blame {
        self.error.blame()
    }

    fn may_have_begun(&self) -> bool {
        self.error.may_have_begun()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassbox_core::Effect;

    fn judged(error: ToolError, effect: Effect, key: Option<bool>) -> (Retry, bool) {
        let capability = Capability::of::<(), ()>("act", "Acts.")
            .with_effect(effect)
            .with_honours_idempotency_key(key == Some(true));
        let failure = Failure::judge(
            error,
            &Circumstances {
                capability: &capability,
                has_key: key.is_some(),
                took: Duration::from_secs(5),
                left: Duration::from_secs(9),
                is_last: false,
            },
        );
        (failure.retry(), failure.is_elsewhere())
    }

    fn away() -> ToolError {
        ToolError::unavailable("test.away", "not now")
    }

    #[test]
    fn what_may_have_begun_is_repeated_only_if_that_is_harmless() {
        const AGAIN: (Retry, bool) = (Retry::Backoff, true);
        const NEVER: (Retry, bool) = (Retry::Never, false);
        assert_eq!(judged(away(), Effect::ReadOnly, None), AGAIN);
        assert_eq!(judged(away(), Effect::Idempotent, None), AGAIN);
        assert_eq!(judged(away(), Effect::Mutating, None), NEVER);
        assert_eq!(judged(away(), Effect::Mutating, Some(false)), NEVER);
        assert_eq!(judged(away(), Effect::Mutating, Some(true)), AGAIN);
        assert_eq!(judged(away(), Effect::Destructive, None), NEVER);
        let unbegun = away().with_may_have_begun(false);
        assert_eq!(judged(unbegun, Effect::Destructive, None), AGAIN);
    }

    #[test]
    fn another_instance_is_asked_only_where_this_one_is_the_trouble() {
        let busy = || ToolError::rate_limited("test.busy", "come again later");
        let wait = Duration::from_secs(1);
        let quota = busy().with_retry_after(wait);
        assert_eq!(
            judged(quota, Effect::ReadOnly, None),
            (Retry::After(wait), false)
        );
        let rejected = busy().with_may_have_begun(false);
        assert_eq!(
            judged(rejected, Effect::Mutating, None),
            (Retry::Backoff, true)
        );
        let wrong = ToolError::invalid("test.wrong", "no").with_may_have_begun(false);
        assert_eq!(judged(wrong, Effect::ReadOnly, None), (Retry::Never, false));
    }

    #[test]
    fn a_slow_callee_is_not_asked_again_for_less_time() {
        let capability = Capability::of::<(), ()>("act", "Acts.").with_effect(Effect::ReadOnly);
        let after = |took| {
            let error = ToolError::timeout("test.slow", "too slow");
            let circumstances = Circumstances {
                capability: &capability,
                has_key: false,
                took: Duration::from_secs(took),
                left: Duration::from_secs(5),
                is_last: false,
            };
            Failure::judge(error, &circumstances).retry()
        };
        assert_eq!(after(5), Retry::Backoff);
        assert_eq!(after(6), Retry::Never);
    }
}
