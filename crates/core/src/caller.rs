//! How an agent or a workflow calls a capability, without knowing who has it.

use crate::{Cx, Outcome, ServiceInfo, ToolError};
use async_trait::async_trait;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// One call as its caller wants it made.
///
/// ```
/// use glassbox_core::Call;
/// use std::time::Duration;
///
/// let call = Call::new("geocode", serde_json::json!({"city": "Oslo"}))
///     .with_id("call-1")
///     .with_timeout(Duration::from_secs(2));
/// assert_eq!(call.capability, "geocode");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The capability's name.
    pub capability: String,
    /// A JSON object that satisfies its input schema.
    pub input: Value,
    /// Only instances of this service; any service that has the capability where it is absent.
    pub service: Option<String>,
    /// Instances that were discovered before, the preferred one first; the caller looks for some itself where
    /// they are absent.
    pub candidates: Option<Arc<[ServiceInfo]>>,
    /// The caller's name for this call, such as the model's id of a tool call. With an idempotency key in
    /// the `Cx` it makes the key of this call; it also chooses the first instance, so that a conversation
    /// that is played again meets the same one.
    pub id: Option<String>,
    /// How long the call may take with all its attempts; the capability's own time-out and some grace
    /// where it is absent. Only ever shortened by the deadline of the `Cx`.
    pub timeout: Option<Duration>,
    /// At most this many attempts; as many as the implementation is configured for where it is absent.
    pub attempts: Option<u32>,
    /// Whether the input and the output may be put on the call's span.
    pub capture_content: bool,
}

impl Call {
    /// Calls `capability` with `input`, wherever it is found.
    pub fn new(capability: impl Into<String>, input: Value) -> Self {
        Self {
            capability: capability.into(),
            input,
            service: None,
            candidates: None,
            id: None,
            timeout: None,
            attempts: None,
            capture_content: false,
        }
    }

    /// Only instances of this service.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only these instances, discovered before, the preferred one first.
    #[must_use]
    pub fn with_candidates(mut self, candidates: impl Into<Arc<[ServiceInfo]>>) -> Self {
        self.candidates = Some(candidates.into());
        self
    }

    /// Names this call.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Limits how long the call may take with all its attempts.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Allows the input and the output to be put on the call's span.
    #[must_use]
    pub fn with_content_captured(mut self, capture: bool) -> Self {
        self.capture_content = capture;
        self
    }

    /// Limits the number of attempts; one is no repetition.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }
}

/// How a call ended, and who answered it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Called {
    /// What it ended with.
    pub result: Result<Outcome, ToolError>,
    /// The instance that was called last; absent if none was.
    pub instance: Option<ServiceInfo>,
    /// How often an instance was called: 0 if none was.
    pub attempts: u32,
}

impl Called {
    /// A call that ended like this.
    pub fn new(
        result: Result<Outcome, ToolError>,
        instance: Option<ServiceInfo>,
        attempts: u32,
    ) -> Self {
        Self {
            result,
            instance,
            attempts,
        }
    }

    /// A call that ended before any instance was called.
    pub fn refused(error: ToolError) -> Self {
        Self::new(Err(error), None, 0)
    }
}

/// Calls capabilities: finds an instance, keeps the deadline, fails over and repeats as the effect allows.
///
/// Lives as long as the host and not as long as a call, so that breakers and limits remember.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Makes one call. Failures are in [`Called::result`].
    ///
    /// # Cancel safety
    /// Dropping the future cancels the attempt that is under way; its effect may have begun.
    async fn call(&self, cx: &Cx, call: Call) -> Called;
}

through_pointers! {
    #[async_trait]
    Caller {
        async fn call(&self, cx: &Cx, call: Call) -> Called {
            (**self).call(cx, call).await
        }
    }
}
