//! Tests of the provided methods of the contracts.

use futures_core::Stream;
use glassbox_core::{
    Agent, Blame, Call, Called, Caller, Capability, Category, ChatEvent, ChatModel, ChatRequest,
    ChatResponse, ChatStream, Connector, Cx, Decide, Discovery, Filter, FinishReason, Memory,
    MemoryKey, MemoryPage, Message, ModelError, NoEvents, Problem, ServiceInfo, Skillset, Tool,
    ToolError, TypedAgent, Usage, Versioned, World, async_trait,
    telemetry::{SignalHealth, TelemetryHealth, intern},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for nothing"),
    }
}

struct Events(VecDeque<ChatEvent>);

impl Stream for Events {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// Answers every request with these events.
struct Says(Vec<ChatEvent>);

#[async_trait]
impl ChatModel for Says {
    fn id(&self) -> &str {
        "test/says"
    }

    async fn stream(&self, _cx: &Cx, _request: &ChatRequest) -> Result<ChatStream, ModelError> {
        Ok(Box::pin(Events(self.0.clone().into())))
    }
}

fn finished() -> ChatEvent {
    let message = Message::assistant("yes");
    let response = ChatResponse::new(message, FinishReason::Stop, Usage::reported(1, 1), "says");
    ChatEvent::Finished(Box::new(response))
}

#[test]
fn a_chat_is_its_stream_to_the_end() {
    let model = Says(vec![ChatEvent::Text("yes".into()), finished()]);
    let answer = ready(model.chat(&Cx::background(), &ChatRequest::default())).unwrap();
    assert_eq!(answer.message.text(), "yes");
}

#[test]
fn a_stream_that_ends_early_is_an_error_that_may_be_repeated() {
    let model = Says(vec![ChatEvent::Text("ye".into())]);
    let error = ready(model.chat(&Cx::background(), &ChatRequest::default())).unwrap_err();
    assert_eq!(error.problem().code(), "model.stream_ended");
    assert!(error.problem().is_retryable());
}

struct Nobody;

#[async_trait]
impl Discovery for Nobody {
    async fn find(&self, _cx: &Cx, _filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        Ok(Vec::new())
    }
}

impl Connector for Nobody {
    fn connect(&self, service: &ServiceInfo) -> Result<Arc<dyn Tool>, Problem> {
        Err(Problem::new(Category::NotFound, "x", service.name.clone()))
    }
}

#[async_trait]
impl Memory for Nobody {
    async fn get(&self, _cx: &Cx, _key: &MemoryKey) -> Result<Option<Versioned>, Problem> {
        Ok(None)
    }
    async fn put(
        &self,
        _cx: &Cx,
        _key: &MemoryKey,
        _value: Value,
        _expected: Option<u64>,
        _ttl: Option<Duration>,
    ) -> Result<u64, Problem> {
        Ok(1)
    }
    async fn remove(&self, _cx: &Cx, _key: &MemoryKey) -> Result<(), Problem> {
        Ok(())
    }
    async fn list(
        &self,
        _cx: &Cx,
        _namespace: &str,
        _page: &MemoryPage,
    ) -> Result<Vec<MemoryKey>, Problem> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Caller for Nobody {
    async fn call(&self, _cx: &Cx, call: Call) -> Called {
        Called::refused(ToolError::not_found("x", call.capability))
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Question {
    text: String,
}

struct Ask;

#[async_trait]
impl TypedAgent for Ask {
    type Input = Question;
    type Output = String;
    const NAME: &'static str = "ask";
    const DESCRIPTION: &'static str = "Asks the model.";

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        question: Question,
    ) -> Result<String, ToolError> {
        let request = ChatRequest::new(vec![Message::user(question.text)]);
        let answer = world.model.chat(cx, &request).await;
        Ok(answer
            .map_err(|error| error.problem().clone())?
            .message
            .text())
    }
}

#[test]
fn a_skill_reaches_the_world_it_is_lent() {
    let (nobody, model) = (Nobody, Says(vec![finished()]));
    let world = World::new(&nobody, &nobody, &nobody, &model, &nobody, &NoEvents);
    let agent = Skillset::new("asker").with(Ask);
    let invoke = |name: &'static str, input: Value| {
        let (agent, world) = (&agent, &world);
        async move { agent.invoke(&Cx::background(), world, name, input).await }
    };
    let output = ready(invoke("ask", json!({"text": "well?"}))).unwrap();
    assert_eq!(output.into_output().unwrap().value, "yes");
    assert_eq!(agent.capabilities()[0].name, "ask");
    let error = ready(invoke("tell", json!({}))).unwrap_err();
    assert_eq!(error.code(), "capability.unknown");
    let error = ready(invoke("ask", json!({}))).unwrap_err();
    assert_eq!(error.category(), Category::Invalid);
}

#[test]
fn each_failure_counts_against_the_one_who_can_mend_it() {
    for (category, blame) in [
        (Category::Invalid, Blame::Caller),
        (Category::NotFound, Blame::Caller),
        (Category::Cancelled, Blame::Caller),
        (Category::BudgetExhausted, Blame::Local),
        (Category::RateLimited, Blame::Peer),
        (Category::Internal, Blame::Peer),
        (Category::Unavailable, Blame::Peer),
        (Category::Timeout, Blame::Peer),
    ] {
        let error = ToolError::new(category, "x", "y");
        assert_eq!(error.blame(), blame, "{category}");
    }
}

#[test]
fn a_loss_or_an_error_shows_in_the_health() {
    let mut health = TelemetryHealth::new(Some("http://127.0.0.1:4318".into()));
    assert!(health.is_healthy());
    let mut signal = SignalHealth::default();
    signal.dropped.insert("queue_full".into(), 1);
    health.signals.insert("traces".into(), signal);
    assert!(!health.is_healthy());
    let mut signal = SignalHealth::default();
    signal.last_error = Some("connection refused".into());
    health.signals.insert("traces".into(), signal);
    assert!(!health.is_healthy());
    let mut signal = SignalHealth::default();
    signal.circuit_open = true;
    health.signals.insert("traces".into(), signal);
    assert!(!health.is_healthy());
}

#[test]
fn a_name_is_kept_once() {
    let name = intern(&format!("orders.{}", 7));
    assert_eq!(name, "orders.7");
    assert!(std::ptr::eq(name, intern("orders.7")));
}

#[test]
fn a_capability_is_told_as_its_author_wrote_it() {
    let capability = Capability::of::<Question, String>("ask", "Asks.");
    assert_eq!(capability.effect, glassbox_core::Effect::Mutating);
}
