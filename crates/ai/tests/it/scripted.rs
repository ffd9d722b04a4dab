//! A model that answers by a script.

use futures_util::{StreamExt, stream};
use glassbox_core::{
    Category, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, FinishReason,
    Message, ModelError, Part, Problem, Role, ToolCall, Usage, async_trait,
};
use serde_json::Value;
use std::{collections::VecDeque, sync::Mutex};

/// One answer.
pub(crate) enum Script {
    /// Refused at once.
    Refuses(ModelError),
    /// These events, one after the other.
    Says(Vec<Result<ChatEvent, ModelError>>),
    /// These events, and then no end.
    Hangs(Vec<ChatEvent>),
}

#[derive(Default)]
pub(crate) struct Scripted {
    scripts: Mutex<VecDeque<Script>>,
    requests: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    pub(crate) fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            scripts: Mutex::new(scripts.into_iter().collect()),
            requests: Mutex::default(),
        }
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<ChatRequest> {
        self.requests.lock().unwrap().clone()
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn id(&self) -> &str {
        "openai/scripted"
    }

    async fn stream(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        self.requests.lock().unwrap().push(request.clone());
        let script = self.scripts.lock().unwrap().pop_front();
        match script.expect("the script has no more answers") {
            Script::Refuses(error) => Err(error),
            Script::Says(events) => Ok(stream::iter(events).boxed()),
            Script::Hangs(events) => {
                let events = stream::iter(events.into_iter().map(Ok));
                Ok(events.chain(stream::pending()).boxed())
            }
        }
    }
}

/// Words, then the end: 10 tokens in, 5 out.
pub(crate) fn says(words: &[&str]) -> Script {
    let text = Message::assistant(words.concat());
    let mut events: Vec<_> = words.iter().map(|word| Ok(text_event(word))).collect();
    events.push(Ok(finished(text, FinishReason::Stop)));
    Script::Says(events)
}

/// Calls, then the end.
pub(crate) fn calls(calls: &[(&str, &str, Value)]) -> Script {
    let calls = calls
        .iter()
        .map(|(id, name, arguments)| ToolCall::new(*id, *name, arguments.clone()));
    let calls: Vec<ToolCall> = calls.collect();
    let message = Message::new(Role::Assistant, calls.iter().cloned().map(Part::ToolCall));
    let mut events: Vec<_> = calls
        .into_iter()
        .map(|call| Ok(ChatEvent::ToolCall(call)))
        .collect();
    events.push(Ok(finished(message, FinishReason::ToolCalls)));
    Script::Says(events)
}

pub(crate) fn text_event(text: &str) -> ChatEvent {
    ChatEvent::Text(text.to_owned())
}

pub(crate) fn finished(message: Message, finish: FinishReason) -> ChatEvent {
    let usage = Usage::reported(10, 5).with_cache_read(4);
    let response = ChatResponse::new(message, finish, usage, "scripted-1").with_id("r-1");
    ChatEvent::Finished(Box::new(response))
}

pub(crate) fn error(category: Category) -> ModelError {
    ModelError::from_problem(Problem::new(category, "test.failed", "the model said no"))
}
