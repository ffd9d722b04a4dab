//! A tool in another process.

use super::{path_segment, problem};
use crate::http::OUTCOME;
use glassbox_core::{
    Blame, Capability, Category, Clock, Cx, Deadline, Decide, Outcome, Output, Problem, Retry,
    ServiceInfo, Spent, Tool, ToolError, async_trait, telemetry::Counter,
};
use glassbox_instrument::{HeaderSource, HttpClient, HttpError, HttpResponse};
use glassbox_resilience::{Breaker, Guarded, Jitter, Next, RetryPolicy};
use glassbox_semconv::{
    glassbox::{BREAKER_REJECTIONS, DEPENDENCY, RETRIES},
    v1_41::error,
};
use serde_json::Value;
use std::{fmt, sync::Arc, time::Duration};

/// How much longer than the capability itself we wait: its own answer says more than our silence.
const GRACE: Duration = Duration::from_secs(2);

/// A wait that the instance asks for beyond this is the caller's to decide on.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

static RETRIED: Counter = Counter::of(&RETRIES)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[DEPENDENCY, error::TYPE]);

static REJECTED: Counter = Counter::of(&BREAKER_REJECTIONS)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[DEPENDENCY]);

/// One instance of a tool or an agent in another process, called over HTTP.
///
/// A call carries the caller's trace, baggage, time left and idempotency key, and is made again where
/// that is harmless: the capability is read-only or idempotent, or the instance cannot have begun it.
///
/// # Bounds
/// At most three tries, all within the caller's deadline and within the capability's own time and two
/// seconds more. An endpoint that keeps failing is spared by a circuit breaker.
pub struct RemoteTool {
    service: ServiceInfo,
    client: HttpClient,
    breaker: Arc<Breaker>,
    clock: Arc<dyn Clock>,
}

impl RemoteTool {
    pub(super) fn new(
        service: ServiceInfo,
        client: HttpClient,
        breaker: Arc<Breaker>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            service,
            client,
            breaker,
            clock,
        }
    }

    /// The instance.
    pub fn service(&self) -> &ServiceInfo {
        &self.service
    }

    async fn attempt(
        &self,
        cx: &Cx,
        capability: &Capability,
        input: &Value,
        attempt: Attempt,
    ) -> Result<Outcome, Failure> {
        let url = format!(
            "{}/v1/capabilities/{}",
            self.service.endpoint.trim_end_matches('/'),
            path_segment(&capability.name)
        );
        let repeatable = capability.effect.is_repeatable();
        let failed = |error: HttpError| Failure {
            may_have_begun: error.was_sent(),
            cause: Cause::Http(error),
            repeatable,
        };
        let accept = format!("{OUTCOME}, application/json");
        let request = self
            .client
            .post(&url)
            .header("accept", &accept)
            .template("/v1/capabilities/{name}")
            .json(input)
            .timeout(attempt.left)
            .resend_count(attempt.number.saturating_sub(1));
        let response = request.send(cx).await.map_err(failed)?;
        // What the instance used is charged here as well: its own budget is not ours.
        let spent = Spent::extract(&HeaderSource::new(response.headers()));
        cx.charge(spent);
        if response.status().is_success() {
            return outcome(response, spent).await.map_err(failed);
        }
        let problem = problem(&self.service.name, response)
            .await
            .map_err(failed)?;
        Err(Failure {
            may_have_begun: problem.may_have_begun(),
            cause: Cause::Problem(problem),
            repeatable,
        })
    }

    /// Asks the breaker, and tells it how the attempt went.
    async fn try_once(
        &self,
        cx: &Cx,
        capability: &Capability,
        input: &Value,
        attempt: Attempt,
    ) -> Result<Outcome, Guarded<Failure>> {
        let permit = self.breaker.try_acquire().map_err(Guarded::Rejected)?;
        let result = self.attempt(cx, capability, input, attempt).await;
        permit.settle(&result);
        result.map_err(Guarded::Failed)
    }

    fn to_error(&self, error: Guarded<Failure>) -> ToolError {
        let name = &self.service.name;
        match error {
            Guarded::Rejected(rejected) => {
                REJECTED.add_with(1, &[name.into()]);
                let message = format!(
                    "{name} at {} failed too often and is spared for now",
                    self.service.endpoint
                );
                let problem = Problem::new(Category::Unavailable, "tool.circuit_open", message)
                    .with_blame(Blame::Local);
                let problem = match rejected.retry_after() {
                    Some(wait) => problem.with_retry_after(wait),
                    None => problem,
                };
                ToolError::from(problem).with_source(rejected)
            }
            Guarded::Failed(Failure {
                cause: Cause::Problem(problem),
                ..
            }) => problem.into(),
            Guarded::Failed(Failure {
                cause: Cause::Http(error),
                ..
            }) => {
                let problem = error.to_problem();
                let message = format!("{name} gave no answer: {}", problem.message());
                let problem = problem
                    .with_message(message)
                    .with_blame(error.blame())
                    .with_retryable(error.retry() != Retry::Never)
                    .with_may_have_begun(error.was_sent());
                ToolError::from(problem).with_source(error)
            }
        }
    }
}

#[async_trait]
impl Tool for RemoteTool {
    fn name(&self) -> &str {
        &self.service.name
    }

    fn capabilities(&self) -> &[Capability] {
        &self.service.capabilities
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        let mut known = self.service.capabilities.iter();
        let Some(capability) = known.find(|held| held.name == capability) else {
            return Err(ToolError::unknown_capability(
                &self.service.name,
                capability,
            ));
        };
        let jitter = Jitter::seeded(fastrand::u64(..));
        // Not put on the `cx`: when this one passes, the instance is to blame and not the caller.
        let own = Deadline::after(&*self.clock, capability.timeout.saturating_add(GRACE));
        let end = cx.deadline().map_or(own, |callers| callers.tightened(own));
        let mut attempts = RetryPolicy::default()
            .longest_wait(LONGEST_WAIT)
            .attempts(jitter)
            .until(Some(end));
        let calls = async {
            loop {
                let attempt = Attempt {
                    number: attempts.number(),
                    left: own.remaining(&*self.clock).unwrap_or_default(),
                };
                let error = match self.try_once(cx, capability, &input, attempt).await {
                    Ok(outcome) => return Ok(outcome),
                    // An open breaker is there to fail at once, not to be waited for.
                    Err(error @ Guarded::Rejected(_)) => return Err(self.to_error(error)),
                    Err(error) => error,
                };
                match attempts.next(&error, &*self.clock) {
                    Next::Retry(delay) => {
                        let labels = [(&self.service.name).into(), kind(&error).into()];
                        RETRIED.add_with(1, &labels);
                        tokio::time::sleep(delay).await;
                    }
                    Next::Stop(_) => return Err(self.to_error(error)),
                }
            }
        };
        // An attempt watches the caller by itself; this watches the waits between two of them.
        tokio::select! {
            biased;
            result = calls => result,
            () = cx.cancelled() => {
                let message = format!("the caller of {} went away", self.service.name);
                Err(ToolError::new(Category::Cancelled, "call.cancelled", message))
            }
        }
    }
}

impl fmt::Debug for RemoteTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteTool")
            .field("name", &self.service.name)
            .field("endpoint", &self.service.endpoint)
            .finish_non_exhaustive()
    }
}

/// The outcome in a successful answer; a service that knows no outcomes answers with the bare value.
async fn outcome(response: HttpResponse, spent: Spent) -> Result<Outcome, HttpError> {
    let kind = response.headers().get("content-type");
    let is_outcome = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with(OUTCOME));
    let outcome = match is_outcome {
        true => response.json().await?,
        false => Outcome::Done(Output::new(response.json().await?)),
    };
    Ok(match outcome {
        Outcome::Done(output) => Outcome::Done(output.with_spent(spent)),
        outcome => outcome,
    })
}

fn kind(error: &Guarded<Failure>) -> &str {
    match error {
        Guarded::Rejected(_) => "circuit_open",
        Guarded::Failed(failure) => match &failure.cause {
            Cause::Http(error) => error.kind(),
            Cause::Problem(problem) => problem.category().as_str(),
        },
    }
}

/// One attempt, from one, and how long it may take.
#[derive(Clone, Copy)]
struct Attempt {
    number: u32,
    left: Duration,
}

/// Why one attempt failed.
struct Failure {
    cause: Cause,
    /// Whether the capability may be called twice.
    repeatable: bool,
    /// Whether the instance may have begun the call.
    may_have_begun: bool,
}

enum Cause {
    Http(HttpError),
    Problem(Problem),
}

impl Decide for Failure {
    fn retry(&self) -> Retry {
        if !self.repeatable && self.may_have_begun {
            return Retry::Never;
        }
        match &self.cause {
            Cause::Http(error) => error.retry(),
            Cause::Problem(problem) => problem.retry(),
        }
    }

    fn blame(&self) -> Blame {
        match &self.cause {
            Cause::Http(error) => error.blame(),
            Cause::Problem(problem) => problem.blame(),
        }
    }
}
