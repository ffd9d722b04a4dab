//! `POST /v1/capabilities/{name}`.

use super::{Answer, Decoded, Input, reply::Reply};
use crate::{
    cancellation::Cancellation,
    state::{Phase, State},
};
use axum::{
    extract::{Path, Request, State as Shared, rejection::PathRejection},
    response::Response,
};
use futures_util::FutureExt;
use glassbox_core::{
    Allowance, Blame, Capability, Category, Cx, Deadline, Outcome, Problem, ToolError, sentence,
    telemetry::Counter,
};
use glassbox_semconv::glassbox::REASON;
use serde_json::Value;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

/// The `retry-after` of rejected calls.
const BUSY: Duration = Duration::from_secs(1);

static REJECTIONS: Counter = Counter::new("glassbox.host.rejections")
    .with_unit("{call}")
    .with_description("Calls that a service rejected without running them, by reason.")
    .with_keys(&[REASON]);

pub(super) async fn call(
    Shared(state): Shared<Arc<State>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Answer> {
    let name = name.map(|Path(name)| name);
    answer(state, name.map_err(|error| error.body_text()), request).await
}

/// The same for the route of one capability.
pub(super) async fn call_known(
    Shared(state): Shared<Arc<State>>,
    name: &str,
    request: Request,
) -> Result<Response, Answer> {
    answer(state, Ok(name.to_owned()), request).await
}

async fn answer(
    state: Arc<State>,
    name: Result<String, String>,
    request: Request,
) -> Result<Response, Answer> {
    if state.phase() == Phase::Draining {
        return Err(reject(
            &state,
            "draining",
            Problem::new(
                Category::Unavailable,
                "service.draining",
                "the service is shutting down; call another instance",
            ),
        ));
    }
    // Counted before reading the body, so that a drain waits for bodies that are still arriving.
    let in_flight = state.begin();
    let capability = match name {
        Ok(name) => known(&state, &name)?,
        Err(unreadable) => return Err(unknown(&state, &unreadable)),
    };
    let Ok(_slot) = state.slots.try_acquire() else {
        let limit = state.settings.concurrency;
        let message = format!("the limit of {limit} concurrent calls is reached; try again later");
        let problem = Problem::new(Category::RateLimited, "service.busy", message)
            .with_detail("concurrency", limit);
        return Err(reject(&state, "concurrency", problem));
    };
    let cx = request.extensions().get::<Cx>().cloned();
    let meter = Arc::new(Allowance::default());
    let cx = cx.unwrap_or_default().with_budget(meter.clone());
    let reply = Reply::to(&request);
    let input = Input::new(state.settings.body_limit, &state.bodies)
        .with_timeout(state.settings.body_timeout)
        .read_as(request)
        .await?;
    // The charge must last as long as the input, which lives until the end of the call.
    let Decoded {
        value: input,
        charge: _charge,
    } = input;
    let result = run(&state, capability, &cx, input).await;
    in_flight.answered();
    match result {
        Ok(outcome) => reply.with(outcome, meter.spent()),
        Err(error) => Err(refuse(&capability.name, error).with_spent(meter.spent())),
    }
}

/// Runs the capability within the caller's deadline and its own timeout, and catches panics.
async fn run(
    state: &State,
    capability: &Capability,
    cx: &Cx,
    input: Value,
) -> Result<Outcome, ToolError> {
    let clock = &*state.clock;
    let (source, guard) = Cancellation::new();
    let own = Deadline::after(clock, capability.timeout);
    let callers = cx.deadline().filter(|deadline| *deadline < own);
    let cx = cx.with_deadline(own).with_cancellation(source);
    let left = callers.unwrap_or(own).remaining(clock).unwrap_or_default();

    let call = state.callable.call(&cx, &capability.name, input);
    let call = AssertUnwindSafe(call).catch_unwind();
    let result = match tokio::time::timeout(left, call).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => {
            let said = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(
                glassbox.capability = capability.name,
                exception.message = said,
                "a call panicked"
            );
            let message = format!("{} failed with an internal error", capability.name);
            Err(ToolError::new(Category::Internal, "call.panicked", message))
        }
        Err(_) => {
            // The guard cancels everything started by the call.
            drop(guard);
            return Err(too_slow(capability, callers.is_some()));
        }
    };
    guard.disarm();
    result
}

fn too_slow(capability: &Capability, by_caller: bool) -> ToolError {
    let name = &capability.name;
    let (blame, message) = match by_caller {
        true => (
            Blame::Caller,
            format!("{name} did not answer before its caller's deadline"),
        ),
        false => (
            Blame::Local,
            format!("{name} did not answer within {:?}", capability.timeout),
        ),
    };
    Problem::new(Category::Timeout, "call.timeout", message)
        .with_blame(blame)
        .into()
}

fn known<'a>(state: &'a State, name: &str) -> Result<&'a Capability, Answer> {
    let mut capabilities = state.callable.capabilities().iter();
    capabilities
        .find(|held| held.name == name)
        .ok_or_else(|| unknown(state, name))
}

fn unknown(state: &State, name: &str) -> Answer {
    let service = state.callable.name();
    let known: Vec<_> = (state.callable.capabilities().iter())
        .map(|capability| capability.name.as_str())
        .collect();
    let message = match known.is_empty() {
        true => format!("{service} has no capability '{name}'; it has none"),
        false => format!(
            "{service} has no capability '{name}'; it has {}",
            known.join(", ")
        ),
    };
    Problem::new(Category::NotFound, "capability.unknown", message)
        .with_detail("known", known)
        .into()
}

fn reject(state: &State, reason: &'static str, problem: Problem) -> Answer {
    state.count_rejected();
    REJECTIONS.add_with(1, &[reason.into()]);
    let problem = problem.with_may_have_begun(false);
    problem.with_retry_after(BUSY).into()
}

/// Logs the error with its causes, which are not sent to the caller.
fn refuse(capability: &str, error: ToolError) -> Answer {
    let said = sentence(&error);
    let category = error.category();
    let code = error.code();
    if category.status() >= 500 {
        tracing::warn!(
            glassbox.capability = capability,
            glassbox.error.code = code,
            glassbox.error.category = %category,
            "a call failed: {said}"
        );
    } else {
        tracing::debug!(
            glassbox.capability = capability,
            glassbox.error.code = code,
            glassbox.error.category = %category,
            "a call was rejected: {said}"
        );
    }
    error.problem().clone().handed_on().into()
}
