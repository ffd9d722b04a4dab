//! How an agent or a workflow calls a capability on any instance.

use crate::{Cx, Outcome, ServiceInfo, ToolError};
use async_trait::async_trait;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A call with its options.
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
    /// Restricts the call to this service. Default: any service with the capability.
    pub service: Option<String>,
    /// Known instances, in order of preference. Default: the caller discovers instances.
    pub candidates: Option<Arc<[ServiceInfo]>>,
    /// An id for this call, such as the model's id of a tool call. Combined with the idempotency key of the
    /// `Cx` it forms the key of this call. It also determines the first instance, so that a replayed
    /// conversation uses the same one.
    pub id: Option<String>,
    /// Timeout of the call including all attempts. Default: the capability's timeout plus some grace. The
    /// deadline of the `Cx` can only shorten it.
    pub timeout: Option<Duration>,
    /// Maximum number of attempts. Default: as configured in the implementation.
    pub attempts: Option<u32>,
    /// Whether the input and the output may be put on the call's span.
    pub capture_content: bool,
}

impl Call {
    /// A call of `capability` with `input`.
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

    /// Restricts the call to this service.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Restricts the call to these instances, in order of preference.
    #[must_use]
    pub fn with_candidates(mut self, candidates: impl Into<Arc<[ServiceInfo]>>) -> Self {
        self.candidates = Some(candidates.into());
        self
    }

    /// Sets the id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the timeout including all attempts.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Allows recording the input and the output on the span of the call.
    #[must_use]
    pub fn with_content_captured(mut self, capture: bool) -> Self {
        self.capture_content = capture;
        self
    }

    /// Sets the maximum number of attempts. One means no retries.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }
}

/// The result of a call and the instance that answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Called {
    /// The result.
    pub result: Result<Outcome, ToolError>,
    /// The last instance that was called, if any.
    pub instance: Option<ServiceInfo>,
    /// The number of attempts; 0 if no instance was called.
    pub attempts: u32,
}

impl Called {
    /// A call with this result.
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

/// Calls capabilities: finds an instance, keeps the deadline, fails over, and retries if the effect allows
/// it.
///
/// Lives as long as the host, so that breakers and limits keep their state.
#[async_trait]
pub trait Caller: Send + Sync {
    /// Makes one call. Failures are in [`Called::result`].
    ///
    /// # Cancel safety
    /// Dropping the future cancels the current attempt; its effect may have begun.
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
