//! Circuit breaker, retry and timeout: state machines over a clock that is passed in.
//!
//! Nothing here spawns, sleeps, logs or records metrics by itself. A breaker and a retry loop use the
//! same two properties of an error, [`Decide::retry`](glassbox_core::Decide::retry) and
//! [`Decide::blame`](glassbox_core::Decide::blame). Thin async wrappers take the caller's `sleep`.
//!
//! One call through all three, outermost first: the retry, the breaker, the timeout of one attempt.
//!
//! ```
//! use glassbox_core::{Blame, Clock, Decide, Retry};
//! use glassbox_resilience::{Breaker, BreakerConfig, Jitter, RetryPolicy, Timeout, retry};
//! use std::time::Duration;
//!
//! # #[derive(Debug)]
//! # struct Unavailable;
//! # impl std::fmt::Display for Unavailable {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("unavailable") }
//! # }
//! # impl std::error::Error for Unavailable {}
//! # impl Decide for Unavailable {
//! #     fn retry(&self) -> Retry { Retry::Backoff }
//! #     fn blame(&self) -> Blame { Blame::Peer }
//! # }
//! # impl From<glassbox_resilience::Elapsed> for Unavailable {
//! #     fn from(_: glassbox_resilience::Elapsed) -> Self { Self }
//! # }
//! # struct Monotonic;
//! # impl Clock for Monotonic { fn now(&self) -> u64 { 0 } }
//! # async fn sleep(_: Duration) {}
//! # async fn ask(attempt: u32) -> Result<u32, Unavailable> {
//! #     if attempt < 2 { Err(Unavailable) } else { Ok(attempt) }
//! # }
//! # let run = async {
//! let breaker = Breaker::try_new(BreakerConfig::default(), Monotonic)?;
//! let policy = RetryPolicy::default();
//! let timeout = Timeout::try_new(Duration::from_secs(5))?;
//!
//! let attempts = policy.attempts(Jitter::seeded(7));
//! let answer = retry(attempts, &Monotonic, sleep, |attempt| {
//!     breaker.call(async move || {
//!         let allowance = timeout.allow(None, &Monotonic)?;
//!         allowance.run(sleep(allowance.limit()), ask(attempt)).await?
//!     })
//! });
//! assert_eq!(answer.run().await?, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # };
//! # let mut run = std::pin::pin!(run);
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! # let std::task::Poll::Ready(result) = run.as_mut().poll(&mut cx) else { panic!("pending") };
//! # result.unwrap();
//! ```

mod breaker;
mod jitter;
mod retry;
mod sliding;
mod timeout;

pub use breaker::{
    Breaker, BreakerConfig, BreakerConfigError, BreakerState, Guarded, Permit, Rejected, SlowCalls,
    Snapshot, Transitions, Window,
};
pub use jitter::Jitter;
pub use retry::{
    Attempts, Backoff, FailedAttempt, Next, RetryBudget, RetryError, RetryPolicy, RetryPolicyError,
    Retrying, Stop, retry,
};
pub use timeout::{Allowance, Elapsed, Timeout, ZeroTimeout};
