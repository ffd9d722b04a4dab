//! A tool in another process.

use super::{Credentials, path_segment, problem};
use crate::http::OUTCOME;
use glassbox_core::{
    Capability, Cx, Outcome, Output, ServiceInfo, Spent, Tool, ToolError, async_trait,
};
use glassbox_instrument::{HeaderSource, HttpClient, HttpError, HttpResponse};
use serde_json::Value;
use std::{fmt, time::Duration};

/// How much longer than the capability's own timeout a response may take. The instance reports its own
/// timeout, which is more informative than no response.
const GRACE: Duration = Duration::from_secs(2);

/// One instance of a tool or an agent in another process, called over HTTP.
///
/// A call carries the caller's trace, baggage, remaining time, budget and idempotency key. It is one
/// request: failover, repetition and circuit breakers are the task of the
/// [`Caller`](glassbox_core::Caller), which reads from the error whether the effect may have begun.
///
/// # Bounds
/// A call is limited by the caller's deadline, and by the capability's own timeout plus two seconds.
pub struct RemoteTool {
    service: ServiceInfo,
    client: HttpClient,
    credentials: Credentials,
}

impl RemoteTool {
    pub(super) fn new(service: ServiceInfo, client: HttpClient, credentials: Credentials) -> Self {
        Self {
            service,
            client,
            credentials,
        }
    }

    /// The instance.
    pub fn service(&self) -> &ServiceInfo {
        &self.service
    }

    /// Sends the request, and reads the response or the problem in it.
    async fn send(
        &self,
        cx: &Cx,
        capability: &Capability,
        input: &Value,
    ) -> Result<Result<Outcome, ToolError>, HttpError> {
        let url = format!(
            "{}/v1/capabilities/{}",
            self.service.endpoint.trim_end_matches('/'),
            path_segment(&capability.name)
        );
        let accept = format!("{OUTCOME}, application/json");
        // The timeout is not part of the `cx`: when it passes, the instance is to blame and not the
        // caller.
        let request = self
            .client
            .post(&url)
            .header("accept", &accept)
            .template("/v1/capabilities/{name}")
            .json(input)
            .timeout(capability.timeout.saturating_add(GRACE));
        let request = self.credentials.sign(request, &self.service.endpoint);
        let response = request.send(cx).await?;
        // Usage of the instance is charged here as well, because its budget is separate from this one.
        let spent = Spent::extract(&HeaderSource::new(response.headers()));
        cx.charge(spent);
        if response.status().is_success() {
            return outcome(response, spent).await.map(Ok);
        }
        let problem = problem(&self.service.name, response).await?;
        Ok(Err(problem.into()))
    }

    fn no_answer(&self, error: HttpError) -> ToolError {
        let problem = error.to_problem();
        let message = format!(
            "{} gave no answer: {}",
            self.service.name,
            problem.message()
        );
        let problem = problem
            .with_message(message)
            .with_may_have_begun(error.was_sent());
        ToolError::from(problem).with_source(error)
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
            let unknown = ToolError::unknown_capability(&self.service.name, capability);
            return Err(unknown.with_may_have_begun(false));
        };
        match self.send(cx, capability, &input).await {
            Ok(result) => result,
            Err(error) => Err(self.no_answer(error)),
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

/// The outcome in a successful response. A service without support for outcomes returns the bare value.
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
