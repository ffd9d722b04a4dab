//! Retries model calls until the first piece of the answer, behind a circuit breaker.

use crate::instruments::{REJECTED, RETRIED, STOPPED};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use glassbox_core::{
    Blame, Category, ChatModel, ChatRequest, ChatResponse, ChatStream, Clock, Cx, Decide,
    ModelError, Problem, Retry, async_trait, telemetry::Value,
};
use glassbox_resilience::{
    Breaker, BreakerConfig, BreakerConfigError, FailedAttempt, Jitter, Next, Rejected, RetryPolicy,
    Stop, retry,
};
use std::sync::Arc;

/// A model whose calls are retried if they fail before the first piece of the answer, behind a circuit breaker.
///
/// A call is not retried after the first piece, because the caller has already seen it. The breaker
/// counts a call when that piece arrives, and once more if the answer then breaks off. A call rejected
/// by the breaker fails at once.
#[derive(Clone)]
pub struct Resilient<M> {
    model: M,
    policy: RetryPolicy,
    breaker: Arc<Breaker>,
    clock: Arc<dyn Clock>,
}

impl<M: ChatModel> Resilient<M> {
    /// Retries by `policy`, with its own breaker.
    ///
    /// # Errors
    /// If the breaker's configuration is invalid.
    pub fn try_new(
        model: M,
        policy: RetryPolicy,
        breaker: BreakerConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BreakerConfigError> {
        Ok(Self {
            model,
            policy,
            breaker: Arc::new(Breaker::try_new(breaker, clock.clone())?),
            clock,
        })
    }

    /// Attempts the call until it succeeds or must not be retried.
    async fn call<'a, T>(
        &'a self,
        cx: &'a Cx,
        ask: impl Fn() -> BoxFuture<'a, Result<T, ModelError>>,
    ) -> Result<T, ModelError> {
        let jitter = Jitter::seeded(fastrand::u64(..));
        let attempts = self.policy.attempts(jitter).until(cx.deadline());
        let asked = retry(attempts, &self.clock, tokio::time::sleep, |_| {
            self.attempt(ask())
        })
        .cancelled_by(cx.cancelled())
        .observed_by(|failed| self.observe(failed));
        asked.run().await.map_err(|error| match error.stop() {
            Stop::Cancelled => cancelled(self.model.id()),
            _ => error.into_error().into_model_error(self.model.id()),
        })
    }

    /// Makes one attempt, if the breaker permits it.
    async fn attempt<T>(&self, answer: BoxFuture<'_, Result<T, ModelError>>) -> Result<T, Failure> {
        let permit = self.breaker.try_acquire().map_err(Failure::Rejected)?;
        let answer = answer.await;
        permit.settle(&answer);
        answer.map_err(Failure::Model)
    }

    fn observe(&self, failed: FailedAttempt<'_, Failure>) {
        let name = Value::Str(self.model.id());
        let error = match failed.error {
            Failure::Rejected(_) => return REJECTED.add_with(1, &[name]),
            Failure::Model(error) => error,
        };
        let class = error.problem().category().as_str();
        match failed.next {
            Next::Retry(pause) => {
                RETRIED.add_with(1, &[name, Value::Str(class)]);
                tracing::warn!(
                    gen_ai.request.model = self.model.id(),
                    exception.message = %error,
                    error.type = class,
                    glassbox.ai.pause = ?pause,
                    "model call failed, retrying"
                );
            }
            Next::Stop(Stop::Cancelled) => {}
            Next::Stop(stop) => STOPPED.add_with(1, &[name, Value::Str(stop.as_str())]),
        }
    }

    /// A stream whose first piece has arrived.
    async fn begun(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        let mut stream = self.model.stream(cx, request).await?;
        match stream.next().await {
            Some(Ok(first)) => {
                let breaker = self.breaker.clone();
                let rest = stream.inspect_err(move |error| {
                    if let Ok(permit) = breaker.try_acquire() {
                        permit.fail(error.blame());
                    }
                });
                Ok(Box::pin(stream::once(async move { Ok(first) }).chain(rest)))
            }
            Some(Err(error)) => Err(error),
            None => {
                let message = format!(
                    "{} ended its answer without a single event",
                    self.model.id()
                );
                let problem = Problem::new(Category::Unavailable, "model.stream_ended", message);
                Err(ModelError::from_problem(problem))
            }
        }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Resilient<M> {
    fn id(&self) -> &str {
        self.model.id()
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        self.call(cx, || Box::pin(self.begun(cx, request))).await
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        self.call(cx, || self.model.chat(cx, request)).await
    }
}

/// Why an attempt failed.
enum Failure {
    Rejected(Rejected),
    Model(ModelError),
}

impl Failure {
    fn into_model_error(self, model: &str) -> ModelError {
        match self {
            Self::Rejected(rejected) => refusal(model, &rejected),
            Self::Model(error) => error,
        }
    }
}

impl Decide for Failure {
    fn retry(&self) -> Retry {
        match self {
            // An open breaker fails the call at once, without a pause.
            Self::Rejected(_) => Retry::Never,
            Self::Model(error) => error.retry(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Rejected(rejected) => rejected.blame(),
            Self::Model(error) => error.blame(),
        }
    }
}

fn cancelled(model: &str) -> ModelError {
    let message = format!("the call to {model} was cancelled while it waited for a retry");
    let problem = Problem::new(Category::Cancelled, "model.cancelled", message);
    ModelError::from_problem(problem)
}

fn refusal(model: &str, rejected: &Rejected) -> ModelError {
    let when = match rejected.retry_after() {
        Some(wait) => format!("next attempt in {} s", wait.as_secs().max(1)),
        None => "a trial call is in progress".to_owned(),
    };
    let message = format!("{model} failed too often, so its circuit breaker is open: {when}");
    let problem = Problem::new(Category::Unavailable, "model.circuit_open", message);
    let problem = match rejected.retry_after() {
        Some(wait) => problem.with_retry_after(wait),
        None => problem,
    };
    ModelError::from_problem(problem).with_blame(Blame::Local)
}
