//! Makes the call of one attempt: the one place where a run has an effect.

use glassbox_core::{Call, Cx, Outcome, Output, Problem, World};

/// Makes the call, under the step's span and idempotency key in `cx`.
///
/// # Cancel safety
/// Dropping the future drops the call.
pub(super) async fn make(world: &World<'_>, cx: &Cx, call: Call) -> Result<Output, Problem> {
    let called = world.caller.call(cx, call).await;
    let output = called.result.and_then(Outcome::into_output);
    output.map_err(|error| error.problem().clone())
}
