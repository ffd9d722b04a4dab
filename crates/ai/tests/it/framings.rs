//! Requests, and all forms of answers.

use crate::server::{Reply, Server, stream};
use futures_util::StreamExt;
use glassbox_core::{
    Capability, ChatEvent, ChatModel, ChatRequest, ChatResponse, Cx, FinishReason, Message, Part,
    Reasoning, Role, ToolCall, ToolResult, UsageSource,
};
use serde_json::{Value, json};
use std::sync::Arc;

const TEXT: &[&str] = &[
    r#"{"id":"c-1","model":"gpt-test-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
    r#"{"id":"c-1","choices":[{"index":0,"delta":{"content":"In Tromsø "}}]}"#,
    r#"{"id":"c-1","choices":[{"index":0,"delta":{"content":"it is dark."}}],"usage":null}"#,
    r#"{"id":"c-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    r#"{"id":"c-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":4}}}"#,
];

const CALLS: &[&str] = &[
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"geocode","arguments":""}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"local_time","arguments":"{\"timezone\":"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\":\"Tromsø\"}"}},{"index":1,"function":{"arguments":"\"UTC\"}"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
];

fn ask() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Is it dark?")])
}

/// All events, with the last one separate.
async fn listen(model: &impl ChatModel) -> (Vec<ChatEvent>, ChatResponse) {
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    let mut events: Vec<ChatEvent> = stream.map(Result::unwrap).collect().await;
    let Some(ChatEvent::Finished(response)) = events.pop() else {
        panic!("it did not finish: {events:?}");
    };
    (events, *response)
}

fn dark(response: &ChatResponse) {
    assert_eq!(
        *response.message,
        Message::assistant("In Tromsø it is dark.")
    );
    assert_eq!(response.finish, FinishReason::Stop);
    assert_eq!(response.model, "gpt-test-1");
    assert_eq!(response.id.as_deref(), Some("c-1"));
    let usage = response.usage;
    assert_eq!((usage.input, usage.output), (20, 9));
    assert_eq!((usage.cache_read, usage.reasoning), (12, 4));
    assert_eq!(usage.source, UsageSource::Reported);
}

fn called(id: &str, name: &str, arguments: Value) -> ToolCall {
    ToolCall::new(id, name, arguments)
}

#[tokio::test]
async fn a_stream_is_told_as_it_comes_and_joined_at_the_end() {
    let server = Server::streaming(TEXT).await;
    let (events, response) = listen(&server.model()).await;
    assert_eq!(
        events,
        [
            ChatEvent::Text("In Tromsø ".to_owned()),
            ChatEvent::Text("it is dark.".to_owned())
        ]
    );
    dark(&response);
}

#[tokio::test]
async fn every_framing_gives_the_same_answer() {
    let plain = stream(TEXT);
    let mut framings = vec![
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace("data: ", "data:"),
        plain.replace("data: ", ": keep-alive\n\ndata: "),
        plain.replace("data: ", "event: chunk\nid: 1\ndata: "),
        format!("\u{feff}{plain}"),
        // Servers that omit the end: no blank line, no [DONE].
        plain.trim_end().to_owned(),
        plain.replace("data: [DONE]\n\n", ""),
    ];
    framings.push(plain);
    for framing in framings {
        let server = Server::start([Reply::Stream(vec![framing.clone().into_bytes()])]).await;
        let (_, response) = listen(&server.model()).await;
        dark(&response);
    }
}

#[tokio::test]
async fn a_stream_can_be_cut_anywhere() {
    let bytes = stream(TEXT).into_bytes();
    // Each size splits the stream at different places.
    for size in [1, 2, 3, 7, 64, 1000] {
        let pieces = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        let server = Server::start([Reply::Stream(pieces)]).await;
        let (_, response) = listen(&server.model()).await;
        dark(&response);
    }
}

#[tokio::test]
async fn calls_are_joined_from_their_fragments() {
    let server = Server::streaming(CALLS).await;
    let (events, response) = listen(&server.model()).await;
    let calls = [
        called("a", "geocode", json!({"city": "Tromsø"})),
        called("b", "local_time", json!({"timezone": "UTC"})),
    ];
    assert_eq!(events, calls.clone().map(ChatEvent::ToolCall));
    assert_eq!(response.message.parts, calls.map(Part::ToolCall));
    assert_eq!(response.finish, FinishReason::ToolCalls);
    // The server reported no usage.
    assert_eq!(response.usage.source, UsageSource::Estimated);
    assert!(response.usage.input > 0 && response.usage.output > 0);
}

#[tokio::test]
async fn odd_calls_are_understood() {
    for (pieces, expected) in [
        // Every call has index 0, as some servers do.
        (
            r#"[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"y","arguments":"{}"}}]"#,
            vec![called("a", "x", json!({})), called("b", "y", json!({}))],
        ),
        // No index at all, and the arguments as an object.
        (
            r#"[{"id":"a","function":{"name":"x","arguments":{"n":1}}}]"#,
            vec![called("a", "x", json!({"n": 1}))],
        ),
        // No arguments for no parameters; no id.
        (
            r#"[{"index":0,"function":{"name":"x","arguments":""}}]"#,
            vec![called("call_0", "x", json!({}))],
        ),
        // Arguments that are not JSON are passed on unchanged.
        (
            r#"[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"n\":"}}]"#,
            vec![called("a", "x", json!("{\"n\":"))],
        ),
    ] {
        let chunk = format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":{pieces}}},"finish_reason":"tool_calls"}}]}}"#
        );
        let server = Server::streaming(&[&chunk]).await;
        let (_, response) = listen(&server.model()).await;
        let calls: Vec<ToolCall> = response.message.tool_calls().cloned().collect();
        assert_eq!(calls, expected, "{pieces}");
    }
}

#[tokio::test]
async fn thinking_and_refusals_are_heard() {
    let server = Server::streaming(&[
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"Hm. "}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"refusal":"I will not."},"finish_reason":"content_filter"}]}"#,
    ])
    .await;
    let (events, response) = listen(&server.model()).await;
    assert_eq!(events[0], ChatEvent::Reasoning("Hm. ".to_owned()));
    assert_eq!(response.message.text(), "I will not.");
    assert_eq!(response.finish, FinishReason::ContentFilter);
}

fn whole() -> String {
    json!({
        "id": "c-1", "model": "gpt-test-1",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "In Tromsø it is dark.", "refusal": null}}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 12},
            "completion_tokens_details": {"reasoning_tokens": 4}},
    })
    .to_string()
}

fn json_reply(body: String) -> Reply {
    Reply::Whole(
        200,
        vec![("content-type", "application/json".to_owned())],
        body,
    )
}

#[tokio::test]
async fn a_whole_answer_is_the_same_answer() {
    let server = Server::start([json_reply(whole())]).await;
    let answer = server
        .model()
        .chat(&Cx::background(), &ask())
        .await
        .unwrap();
    dark(&answer);
    let seen = server.seen();
    assert_eq!(seen[0].body["stream"], false);
    assert!(seen[0].body.get("stream_options").is_none());
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let server = Server::start([json_reply(whole())]).await;
    let (events, response) = listen(&server.model()).await;
    assert_eq!(
        events,
        [ChatEvent::Text("In Tromsø it is dark.".to_owned())]
    );
    dark(&response);
}

#[tokio::test]
async fn a_request_has_the_shape_of_the_api() {
    let server = Server::streaming(TEXT).await;
    let schema: Value = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let schema: schemars::Schema = serde_json::from_value(schema).unwrap();
    let tool = Capability::from_schemas("geocode", "Finds a city.", schema.clone(), schema.clone());
    let asked = Message::new(
        Role::Assistant,
        [
            Reasoning::new("not sent").into(),
            Part::ToolCall(called("a", "geocode", json!({"city": "Oslo"}))),
            Part::ToolCall(called("b", "geocode", json!("{oops"))),
        ],
    );
    let both = Message::new(
        Role::Tool,
        [
            ToolResult::json("a", json!({"latitude": 59.9})).into(),
            ToolResult::json("b", "no").into(),
        ],
    );
    let mut request = ChatRequest::new(vec![
        Message::system("Be brief."),
        Message::user("Where?"),
        asked,
        both,
    ])
    .with_tools(vec![Arc::new(tool)]);
    request.max_tokens = Some(100);
    request.temperature = Some(0.5);
    request.seed = Some(7);
    request.stop = vec!["END".to_owned()];
    request.response_schema = Some(schema.clone());
    let stream = server.model().stream(&Cx::background(), &request).await;
    drop(stream.unwrap());
    let seen = server.seen();
    let head = &seen[0].head;
    assert!(head.starts_with("post /v1/chat/completions "), "{head}");
    assert!(head.contains("authorization: bearer sk-test"), "{head}");
    assert!(head.contains("accept: text/event-stream"), "{head}");
    let tool = json!({"name": "geocode", "description": "Finds a city.", "parameters": schema});
    assert_eq!(
        seen[0].body,
        json!({
            "model": "gpt-test",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Where?"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "geocode", "arguments": "{\"city\":\"Oslo\"}"}},
                    {"id": "b", "type": "function", "function": {"name": "geocode", "arguments": "{oops"}},
                ]},
                {"role": "tool", "tool_call_id": "a", "content": "{\"latitude\":59.9}"},
                {"role": "tool", "tool_call_id": "b", "content": "no"},
            ],
            "tools": [{"type": "function", "function": tool}],
            "stream": true,
            "stream_options": {"include_usage": true},
            // Only OpenAI itself reliably accepts `max_completion_tokens`.
            "max_tokens": 100,
            "temperature": 0.5,
            "seed": 7,
            "stop": ["END"],
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        })
    );
}

#[tokio::test]
async fn calls_are_told_once_though_the_reason_comes_twice() {
    let mut twice = CALLS.to_vec();
    twice.push(CALLS[CALLS.len() - 1]);
    let server = Server::streaming(&twice).await;
    let (events, response) = listen(&server.model()).await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(response.message.tool_calls().count(), 2);
}

#[tokio::test]
async fn calls_of_a_whole_answer_need_no_ids_to_be_told_apart() {
    let function = |name: &str| json!({"function": {"name": name, "arguments": {}}});
    let message = json!({"tool_calls": [function("x"), function("y")]});
    let body = json!({"choices": [{"message": message, "finish_reason": "tool_calls"}]});
    let server = Server::start([json_reply(body.to_string())]).await;
    let answer = server.model().chat(&Cx::background(), &ask()).await;
    let calls: Vec<ToolCall> = answer.unwrap().message.tool_calls().cloned().collect();
    let expected = [
        called("call_0", "x", json!({})),
        called("call_1", "y", json!({})),
    ];
    assert_eq!(calls, expected);
}
