//! Telemetry of model calls: one span and one record of usage per call, regardless of how it ends.

mod call;

use crate::{ContentCapture, ModelIdentity};
use call::Call;
use futures_util::Stream;
use glassbox_core::{
    Category, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, ModelError, Problem,
    async_trait,
};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A model whose calls are recorded as `chat {model}` spans and metrics of the GenAI conventions 1.41.
///
/// Put it inside the retries, so that each attempt has its own span. Usage is recorded once per attempt:
/// as reported at the end, or estimated if the attempt failed or was dropped after the model began to
/// answer.
#[derive(Clone, Debug)]
pub struct Observed<M> {
    model: M,
    identity: Arc<ModelIdentity>,
    capture: ContentCapture,
}

impl<M: ChatModel> Observed<M> {
    /// Records the calls of `model` under `identity`; `capture` decides whether content is recorded.
    pub fn new(model: M, identity: ModelIdentity, capture: ContentCapture) -> Self {
        Self {
            model,
            identity: Arc::new(identity),
            capture,
        }
    }

    fn call(&self, cx: &Cx, request: &ChatRequest, stream: bool) -> Call {
        Call::start(self.identity.clone(), self.capture, cx, request, stream)
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Observed<M> {
    fn id(&self) -> &str {
        self.model.id()
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        let mut call = self.call(cx, request, true);
        let cx = cx.with_trace(call.span().context().clone());
        let stream = call.span().around(self.model.stream(&cx, request)).await;
        match stream {
            Ok(stream) => Ok(Box::pin(ObservedStream {
                stream,
                call: Some(call),
            })),
            Err(error) => {
                call.failed(&error);
                Err(error)
            }
        }
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let mut call = self.call(cx, request, false);
        let cx = cx.with_trace(call.span().context().clone());
        let answer = call.span().around(self.model.chat(&cx, request)).await;
        match &answer {
            Ok(response) => call.finished(response),
            Err(error) => call.failed(error),
        }
        answer
    }
}

/// A stream whose span is current while it is polled. The span ends with the stream.
struct ObservedStream {
    stream: ChatStream,
    call: Option<Call>,
}

impl Stream for ObservedStream {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(call) = &mut this.call else {
            return this.stream.as_mut().poll_next(task);
        };
        let polled = {
            let _entered = call.span().enter();
            this.stream.as_mut().poll_next(task)
        };
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(ChatEvent::Finished(response)))) => {
                call.finished(response);
                this.call = None;
            }
            Poll::Ready(Some(Ok(event))) => call.heard(event),
            Poll::Ready(Some(Err(error))) => {
                call.failed(error);
                this.call = None;
            }
            // A stream that ends without its last event is a failure of the model, not of the caller.
            Poll::Ready(None) => {
                call.failed(&unfinished());
                this.call = None;
            }
        }
        polled
    }
}

fn unfinished() -> ModelError {
    let message = "the stream ended before the answer was finished";
    let problem = Problem::new(Category::Unavailable, "model.stream_ended", message);
    ModelError::from_problem(problem)
}
