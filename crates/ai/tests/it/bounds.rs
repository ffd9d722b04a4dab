//! Endless answers, and the limits on an answer.

use crate::server::{Reply, Server};
use futures_util::StreamExt;
use glassbox_core::{
    Blame, ChatEvent, ChatModel, ChatRequest, Cx, Decide, Message, ModelError, Retry,
};
use serde_json::{Value, json};
use std::time::Duration;

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// Small limits, so that the tests are fast.
const LIMITS: &[(&str, &str)] = &[
    ("GLASSBOX_AI_MAX_ANSWER_BYTES", "256KiB"),
    ("GLASSBOX_AI_MAX_REASONING_BYTES", "64KiB"),
    ("GLASSBOX_AI_MAX_ARGUMENTS_BYTES", "32KiB"),
    ("GLASSBOX_AI_MAX_TOOL_CALLS", "5"),
];

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Well?")])
}

fn event(delta: Value) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": delta}]})
    )
}

fn call(index: usize, arguments: &str) -> Value {
    json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": "x", "arguments": arguments}}]})
}

/// The bytes of text received before the failure, and the failure.
async fn fails(first: String, again: String, more: &[(&str, &str)]) -> (usize, ModelError) {
    let server = Server::start([Reply::Endless(first.into_bytes(), again.into_bytes())]).await;
    let variables: Vec<_> = LIMITS.iter().chain(more).copied().collect();
    let model = server.model_with(&variables);
    let stream = model.stream(&Cx::background(), &ask()).await;
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return (0, error),
    };
    let mut heard = 0;
    while let Some(event) = stream.next().await {
        match event {
            Ok(ChatEvent::Text(text)) => heard += text.len(),
            Ok(ChatEvent::Finished(response)) => panic!("it finished: {:?}", response.finish),
            Ok(_) => {}
            Err(error) => {
                server.left().await;
                return (heard, error);
            }
        }
    }
    panic!("it ended without an error");
}

#[tokio::test]
async fn an_endless_answer_ends_with_what_came_and_its_usage() {
    let text = event(json!({"content": "bla ".repeat(200)}));
    let (heard, error) = fails(HEAD.to_owned(), text, &[]).await;
    assert_eq!(error.problem().code(), "model.answer_too_large");
    assert_eq!(error.retry(), Retry::Never);
    assert_eq!(error.blame(), Blame::Local, "the breaker does not count it");
    let message = error.to_string();
    assert!(message.contains("larger than 262144 bytes"), "{message}");
    assert!(message.contains("raise max_answer_bytes"), "{message}");
    assert!((256 << 10..300 << 10).contains(&heard), "{heard}");
    let partial = error.partial().unwrap();
    assert_eq!(partial.message.text().len(), heard);
    assert!(error.usage().unwrap().output > 60_000);
}

#[tokio::test]
async fn endless_parts_of_an_answer_end() {
    let arguments = |text: &str| event(call(0, text));
    for (first, again, says) in [
        (
            String::new(),
            event(json!({"reasoning_content": "hm ".repeat(500)})),
            "its reasoning is larger than 65536 bytes",
        ),
        (
            arguments("{\"a\":\""),
            arguments(&"x".repeat(1000)),
            "the arguments of one tool call are larger than 32768 bytes",
        ),
        (
            arguments("{\"a\":\""),
            arguments("\\\""),
            "the arguments of one tool call are larger than 32768 bytes",
        ),
        (
            String::new(),
            event(json!({"reasoning_details": [{"type": "x", "data": "y"}]})),
            "it is larger than 262144 bytes",
        ),
        (
            String::new(),
            event(json!({"extra_content": {"a": "x".repeat(3000)}})),
            "it is larger than 262144 bytes",
        ),
    ] {
        let (_, error) = fails(format!("{HEAD}{first}"), again, &[]).await;
        assert_eq!(error.problem().code(), "model.answer_too_large");
        assert!(error.to_string().contains(says), "{error}");
        assert!(
            error.usage().is_some() || says.contains("it is larger"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_adds_nothing_ends() {
    for again in [
        ": ping\n\n".repeat(100),
        event(json!({})).repeat(100),
        " \n".repeat(1000),
        "event: ping\ndata: {}\n\n".repeat(100),
        "data: {\"choices\": []}\n\n".repeat(100),
        "id: 1\n".repeat(1000),
        "data: {{{{\n\n".repeat(100),
    ] {
        let (_, error) = fails(HEAD.to_owned(), again.clone(), &[]).await;
        assert_eq!(
            error.problem().code(),
            "model.answer_too_large",
            "{again:.20}"
        );
        assert!(
            error.to_string().contains("add nothing to the answer"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn one_event_and_one_document_have_a_largest_size() {
    for (start, again) in [
        ("data: \"", "x"),
        ("data: {\"choices\": [{\"delta\": {\"content\": \"", "x"),
        (": ", "x"),
        ("{\"choices\":[{\"message\":{\"content\":\"", "x"),
        ("<html>", "x"),
        ("data: x\n", "data: x\n"),
    ] {
        let (_, error) = fails(format!("{HEAD}{start}"), again.repeat(1000), &[]).await;
        assert_eq!(error.problem().code(), "model.answer_too_large", "{start}");
        assert_eq!(error.retry(), Retry::Never);
    }
}

#[tokio::test]
async fn a_small_event_that_describes_a_large_structure_ends_the_answer() {
    for unit in ["[],", "{\"\":0},", "0,"] {
        let body = format!("data: {{\"choices\":[{}0]}}\n\n", unit.repeat(20_000));
        let (_, error) = fails(format!("{HEAD}{body}"), ": ping\n\n".to_owned(), &[]).await;
        assert_eq!(error.problem().code(), "model.answer_too_large", "{unit}");
        assert!(error.to_string().contains("once it is decoded"), "{error}");
    }
}

#[tokio::test]
async fn the_calls_of_one_answer_are_counted() {
    let calls: String = (0..6).map(|index| event(call(index, "{}"))).collect();
    let (_, error) = fails(format!("{HEAD}{calls}"), ": ping\n\n".to_owned(), &[]).await;
    assert!(
        error.to_string().contains("more than 5 tool calls"),
        "{error}"
    );
    assert!(error.to_string().contains("max_tool_calls"), "{error}");
}

#[tokio::test]
async fn a_stream_that_never_pauses_ends_in_time() {
    let limits = [
        ("GLASSBOX_AI_ANSWER_TIMEOUT", "300ms"),
        ("GLASSBOX_AI_MAX_ANSWER_BYTES", "1GiB"),
    ];
    for again in [": ping\n\n".repeat(100), event(json!({"content": "x"}))] {
        let (_, error) = fails(HEAD.to_owned(), again, &limits).await;
        assert_eq!(error.problem().code(), "model.answer_timeout");
        assert!(
            error.to_string().contains("raise answer_timeout"),
            "{error}"
        );
        assert_eq!(error.retry(), Retry::Never);
    }
}

#[tokio::test]
async fn of_an_endless_error_the_beginning_is_enough() {
    let head = "HTTP/1.1 400 X\r\nconnection: close\r\n\r\nno such model ";
    let (_, error) = fails(head.to_owned(), "x".repeat(1000), &[]).await;
    assert_eq!(error.problem().code(), "model.refused");
    assert!(error.to_string().contains("no such model"), "{error}");
    // A stream that pauses is not waited for.
    let head =
        b"HTTP/1.1 400 X\r\nconnection: close\r\ncontent-length: 90\r\n\r\nno such model".to_vec();
    let server = Server::start([Reply::Endless(head, Vec::new())]).await;
    let model = server.model_with(&[("GLASSBOX_AI_TIMEOUT", "300ms")]);
    let (cx, request) = (Cx::background(), ask());
    let asked = model.chat(&cx, &request);
    let error = tokio::time::timeout(Duration::from_secs(20), asked).await;
    let error = error.unwrap().unwrap_err();
    assert!(error.to_string().contains("no such model"), "{error}");
}
