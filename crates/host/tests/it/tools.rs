//! Tools and helpers of the tests.

use glassbox_core::{
    Call, Caller, Capability, Category, Content, Cx, Effect, InputRequest, Outcome, Output,
    ServiceInfo, ServiceKind, Spent, TaskHandle, Tool, ToolError, async_trait,
    telemetry::TraceContext,
};
use glassbox_host::{HttpConnector, SystemClock};
use glassbox_instrument::{HttpClient, HttpResponse};
use glassbox_invoke::Invoker;
use glassbox_testkit::Nobody;
use schemars::Schema;
use serde_json::Value;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// What a [`Probe`] observes, and what it waits for.
#[derive(Default)]
pub(crate) struct Seen {
    /// Calls that have begun.
    pub(crate) begun: Notify,
    /// Lets one `wait` end.
    pub(crate) release: Notify,
    /// Calls whose future was dropped before its end.
    pub(crate) dropped: Notify,
    /// Calls that noticed the cancellation of their caller.
    pub(crate) cancelled: Notify,
    /// Calls of `flaky` and `charge`.
    pub(crate) calls: AtomicU64,
}

/// A tool whose capabilities do what their names suggest.
pub(crate) struct Probe {
    pub(crate) seen: Arc<Seen>,
    name: String,
    capabilities: Vec<Capability>,
}

impl Probe {
    pub(crate) fn new(name: &str) -> Self {
        let of = |name: &str| {
            Capability::from_schemas(name, "A test.", Schema::default(), Schema::default())
                .with_effect(Effect::ReadOnly)
                .with_timeout(Duration::from_secs(60))
        };
        let capabilities = vec![
            of("echo"),
            of("wait"),
            of("hang").with_timeout(Duration::from_millis(20)),
            of("panic"),
            of("fail"),
            of("flaky"),
            of("charge").with_effect(Effect::Mutating),
            of("context"),
            of("spend"),
            of("picture"),
            of("ask"),
            of("begin"),
        ];
        Self {
            seen: Arc::default(),
            name: name.to_owned(),
            capabilities,
        }
    }
}

struct NoteDrop<'a>(Option<&'a Notify>);

impl Drop for NoteDrop<'_> {
    fn drop(&mut self) {
        if let Some(dropped) = self.0 {
            dropped.notify_one();
        }
    }
}

#[async_trait]
impl Tool for Probe {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        let seen = &self.seen;
        match capability {
            "echo" => Ok(Outcome::done(input)),
            "wait" | "hang" => {
                let mut note = NoteDrop(Some(&seen.dropped));
                let (outlives, cx) = (Arc::clone(seen), cx.clone());
                tokio::spawn(async move {
                    cx.cancelled().await;
                    outlives.cancelled.notify_one();
                });
                seen.begun.notify_one();
                seen.release.notified().await;
                note.0 = None;
                Ok(Outcome::done(Value::from("released")))
            }
            "panic" => panic!("the test asked for it"),
            "fail" => Err(ToolError::new(
                Category::NotFound,
                "test.no_city",
                "no city is called 'Atlantis'",
            )),
            "flaky" | "charge" => match seen.calls.fetch_add(1, SeqCst) {
                0 => Err(ToolError::new(
                    Category::Unavailable,
                    "test.away",
                    "not now",
                )),
                _ => Ok(Outcome::done(Value::from("done"))),
            },
            "spend" => {
                let left = cx.budget().map(|budget| budget.remaining());
                cx.charge(Spent::tokens(40).with_micro_usd(7));
                Ok(Outcome::done(serde_json::json!(left)))
            }
            "picture" => {
                let output = Output::new(Value::from(1));
                Ok(output.with_content([Content::text("one")]).into())
            }
            "ask" => {
                let request = InputRequest::new("which Springfield?", Schema::default());
                Ok(Outcome::NeedsInput(request))
            }
            "begin" => Ok(Outcome::Accepted(TaskHandle::new("t-1"))),
            "context" => Ok(Outcome::done(serde_json::json!({
                "tenant": cx.baggage().get("tenant"),
                "key": cx.idempotency_key(),
                "trace": cx.trace().to_traceparent(),
                "current": glassbox_core::telemetry::current().to_traceparent(),
            }))),
            _ => Err(ToolError::unknown_capability(&self.name, capability)),
        }
    }
}

/// A call with its own trace, so that parallel tests can distinguish their spans.
pub(crate) fn call(trace_id: u128) -> Cx {
    let mut trace = TraceContext::new(trace_id, 1, true);
    trace.remote = true;
    Cx::background().with_trace(trace)
}

pub(crate) async fn post(url: &str, input: &Value) -> HttpResponse {
    let request = HttpClient::new().post(url).json(input);
    request.send(&Cx::background()).await.unwrap()
}

pub(crate) async fn get(url: &str) -> HttpResponse {
    let request = HttpClient::new().get(url);
    request.send(&Cx::background()).await.unwrap()
}

/// Waits for an event, and fails the test if it does not happen in time.
pub(crate) async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), event)
        .await
        .expect("it has to happen soon")
}

/// Repeats a check until it succeeds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    soon(async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A service in another process, called as by an agent; the calls share a circuit breaker.
pub(crate) struct Remote {
    invoker: Invoker<Nobody, HttpConnector>,
    service: ServiceInfo,
}

impl Remote {
    /// The service `probe` at an endpoint.
    pub(crate) fn probe(instance: &str, endpoint: impl Into<String>) -> Self {
        let capabilities = Probe::new("probe").capabilities().to_vec();
        let connector = HttpConnector::new(HttpClient::new());
        Self {
            invoker: Invoker::new(Nobody, connector, SystemClock, tokio::time::sleep),
            service: ServiceInfo::new(ServiceKind::Tool, "probe", instance, endpoint, capabilities),
        }
    }

    pub(crate) async fn call(
        &self,
        cx: &Cx,
        capability: &str,
        input: Value,
    ) -> Result<Outcome, ToolError> {
        let call = Call::new(capability, input).with_candidates([self.service.clone()]);
        self.invoker.call(cx, call).await.result
    }
}
