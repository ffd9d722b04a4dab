//! Data that a provider attached to its answers is sent back to that provider only.

use crate::server::{Reply, Server, stream};
use futures_util::StreamExt;
use glassbox_ai::HttpModel;
use glassbox_core::{
    ChatEvent, ChatModel, ChatRequest, ChatResponse, Cx, Media, MediaKind, Message, Opaque, Part,
    Reasoning, Role, ToolCall, ToolResult,
};
use serde_json::{Value, json};
use std::sync::Arc;

async fn ask(model: &HttpModel, request: &ChatRequest) -> ChatResponse {
    let events = model.stream(&Cx::background(), request).await.unwrap();
    let events: Vec<_> = events.map(Result::unwrap).collect().await;
    match events.last() {
        Some(ChatEvent::Finished(response)) => (**response).clone(),
        _ => panic!("it did not finish: {events:?}"),
    }
}

/// Sends `messages`; returns the assistant's message as it was sent.
async fn sent(server: &Server, messages: Vec<Arc<Message>>) -> Value {
    ask(&server.model(), &ChatRequest::new(messages)).await;
    let seen = server.seen();
    let body = &seen.last().unwrap().body;
    let mut messages = body["messages"].as_array().unwrap().iter();
    messages
        .find(|one| one["role"] == "assistant")
        .unwrap()
        .clone()
}

fn done() -> Reply {
    let done = r#"{"choices":[{"index":0,"delta":{"content":"Done."},"finish_reason":"stop"}]}"#;
    Reply::Stream(vec![stream(&[done]).into_bytes()])
}

/// Lets a server answer with streamed `chunks`; returns the conversation with that answer and the result
/// of its call.
async fn answered(server: &Server) -> Vec<Arc<Message>> {
    let question = Arc::new(Message::user("Where?"));
    let request = ChatRequest::new([question.clone()]);
    let response = ask(&server.model(), &request).await;
    // Stored in a journal in between.
    let text = serde_json::to_string(&response.message).unwrap();
    let message: Arc<Message> = serde_json::from_str(&text).unwrap();
    assert_eq!(message, response.message);
    let result = Arc::new(ToolResult::json("a", json!({"latitude": 59.9})).into());
    vec![question, message, result]
}

const REASONED: &[&str] = &[
    r#"{"choices":[{"index":0,"delta":{"reasoning_content":"Hm, "}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"reasoning_content":"Oslo."}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"geocode","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]},"finish_reason":"tool_calls"}]}"#,
];

fn reply(chunks: &[&str]) -> Reply {
    Reply::Stream(vec![stream(chunks).into_bytes()])
}

#[tokio::test]
async fn reasoning_and_signatures_go_back_as_they_came() {
    let server = Server::start([reply(REASONED), done()]).await;
    let conversation = answered(&server).await;
    let sent = sent(&server, conversation).await;
    assert_eq!(sent["reasoning_content"], "Hm, Oslo.");
    let call = &sent["tool_calls"][0];
    assert_eq!(
        call["extra_content"],
        json!({"google": {"thought_signature": "c2ln"}})
    );
    assert_eq!(sent.get("reasoning"), None);
    assert_eq!(sent.get("text_as"), None);
}

#[tokio::test]
async fn reasoning_goes_back_under_the_name_under_which_it_came() {
    let chunks = [
        r#"{"choices":[{"index":0,"delta":{"reasoning":"Hm.","reasoning_details":[{"type":"reasoning.encrypted","data":"x","index":0}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"y","index":1}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"geocode","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    ];
    let server = Server::start([reply(&chunks), done()]).await;
    let conversation = answered(&server).await;
    let sent = sent(&server, conversation).await;
    assert_eq!(sent["reasoning"], "Hm.");
    assert_eq!(sent.get("reasoning_content"), None);
    assert_eq!(sent["reasoning_details"][1]["data"], "y");
}

#[tokio::test]
async fn another_server_gets_nothing_of_it() {
    let first = Server::start([reply(REASONED)]).await;
    let conversation = answered(&first).await;
    let other = Server::start([done()]).await;
    let sent = sent(&other, conversation).await;
    assert_eq!(sent.get("reasoning_content"), None);
    assert_eq!(sent["tool_calls"][0].get("extra_content"), None);
    assert_eq!(sent["tool_calls"][0]["id"], "a");
}

#[tokio::test]
async fn an_answer_without_calls_is_sent_without_its_reasoning() {
    let chunks = [
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"Hm."}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"Oslo."},"finish_reason":"stop"}]}"#,
    ];
    let server = Server::start([reply(&chunks), done()]).await;
    let mut conversation = answered(&server).await;
    conversation.pop();
    conversation.push(Arc::new(Message::user("And then?")));
    let sent = sent(&server, conversation).await;
    assert_eq!(sent, json!({"role": "assistant", "content": "Oslo."}));
}

#[tokio::test]
async fn media_is_sent_or_refused_in_words() {
    let server = Server::start([done()]).await;
    let photo = Media::data("image/png", *b"png");
    let asked = Message::new(Role::User, [Part::text("What is this?"), photo.into()]);
    let model = server.model();
    let request = ChatRequest::new([asked]);
    ask(&model, &request).await;
    let sent = server.seen()[0].body["messages"][0]["content"].clone();
    assert_eq!(
        sent,
        json!([
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        ])
    );
    let video = Media::uri(MediaKind::Video, "https://x.test/v.mp4");
    let unknown = Part::Unknown(json!({"type": "hologram"}));
    for part in [video.into(), unknown] {
        let request = ChatRequest::new([Message::new(Role::User, [part])]);
        let refused = model.chat(&Cx::background(), &request).await.unwrap_err();
        assert_eq!(refused.problem().code(), "model.unsupported_part");
    }
}

#[tokio::test]
async fn what_an_application_made_up_is_not_sent() {
    let server = Server::start([done()]).await;
    let made_up = Message::new(
        Role::Assistant,
        [
            Reasoning::new("Hm.").into(),
            ToolCall::new("a", "geocode", json!({}))
                .with_opaque(Opaque::new("gemini", json!({"extra_content": 1})))
                .into(),
        ],
    );
    let sent = sent(&server, vec![Arc::new(made_up)]).await;
    assert_eq!(sent.get("reasoning_content"), None);
    assert_eq!(sent["tool_calls"][0].get("extra_content"), None);
}
