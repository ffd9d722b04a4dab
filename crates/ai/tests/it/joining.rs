//! Fragments of tool calls, joined by evidence.

use crate::server::{Reply, Server};
use glassbox_core::{Capability, ChatModel, ChatRequest, Cx, Message, Role, ToolCall};
use serde_json::{Value, json};
use std::sync::Arc;

fn request() -> ChatRequest {
    let tool = |name: &str| Arc::new(Capability::of::<(), ()>(name, "Does."));
    ChatRequest::new([Message::user("Well?")]).with_tools(vec![tool("geocode"), tool("time")])
}

async fn calls_of(request: &ChatRequest, deltas: &[Value]) -> Vec<ToolCall> {
    let mut chunks: Vec<String> = deltas
        .iter()
        .map(|delta| json!({"choices": [{"index": 0, "delta": delta}]}).to_string())
        .collect();
    chunks.push(json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}).to_string());
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let server = Server::start([Reply::events(&chunks)]).await;
    let answer = server.model().chat(&Cx::background(), request).await;
    answer.unwrap().message.tool_calls().cloned().collect()
}

/// The calls, as `name arguments`.
async fn joined(deltas: &[Value]) -> Vec<String> {
    let calls = calls_of(&request(), deltas).await;
    let mut ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), calls.len(), "every call has an id of its own");
    calls
        .iter()
        .map(|call| format!("{} {}", call.name, call.arguments))
        .collect()
}

/// A fragment: index, id, name and arguments, each absent if null.
fn piece(index: Value, id: Value, name: Value, arguments: &str) -> Value {
    let mut call = json!({"function": {"name": name, "arguments": arguments}});
    call["index"] = index;
    call["id"] = id;
    json!({"tool_calls": [call]})
}

const OSLO: &str = r#"{"city":"Oslo"}"#;
const BERGEN: &str = r#"{"city":"Bergen"}"#;
const N: Value = Value::Null;

#[tokio::test]
async fn one_call_stays_one() {
    let (head, tail) = (r#"{"city":"#, r#""Oslo"}"#);
    for deltas in [
        // A new id in every fragment, without and with the name.
        vec![
            piece(json!(0), json!("a1"), json!("geocode"), ""),
            piece(json!(0), json!("a2"), N, head),
            piece(json!(0), json!("a3"), N, tail),
        ],
        vec![
            piece(json!(0), json!("a1"), json!("geocode"), ""),
            piece(json!(0), json!("a2"), json!("geocode"), head),
            piece(json!(0), json!("a3"), json!("geocode"), tail),
        ],
        // Indices that are negative, text, huge, or count fragments.
        vec![piece(json!(-1), json!("a"), json!("geocode"), OSLO)],
        vec![
            piece(json!("0"), json!("a"), json!("geocode"), head),
            piece(json!(0.0), N, N, tail),
        ],
        vec![piece(
            json!(4294967295_u64),
            json!("a"),
            json!("geocode"),
            OSLO,
        )],
        vec![
            piece(json!(0), json!("a"), json!("geocode"), head),
            piece(json!(1), N, N, tail),
        ],
        // No index.
        vec![
            piece(N, json!("a"), json!("geocode"), head),
            piece(N, N, N, tail),
        ],
        vec![
            piece(N, json!("a"), json!("geocode"), head),
            piece(N, json!("a"), N, tail),
        ],
        // The name in pieces, growing, or late.
        vec![
            piece(json!(0), json!("a"), json!("geo"), ""),
            piece(json!(0), N, json!("code"), OSLO),
        ],
        vec![
            piece(json!(0), json!("a"), json!("geo"), ""),
            piece(json!(0), N, json!("geocode"), OSLO),
        ],
        vec![
            piece(json!(0), json!("a"), N, ""),
            piece(json!(0), N, json!("geocode"), OSLO),
        ],
        // A placeholder before the arguments; arguments that grow; the whole call again at the end.
        vec![
            piece(json!(0), json!("a"), json!("geocode"), "{}"),
            piece(json!(0), N, N, OSLO),
        ],
        vec![
            piece(json!(0), json!("a"), json!("geocode"), head),
            piece(json!(0), N, N, r#"{"city":"Os"#),
            piece(json!(0), N, N, OSLO),
        ],
        vec![
            piece(json!(0), json!("a"), json!("geocode"), head),
            piece(json!(0), N, N, tail),
            piece(json!(0), json!("a"), json!("geocode"), OSLO),
        ],
        // Other shapes.
        vec![
            json!({"tool_calls": {"id": "a", "function": {"name": "geocode", "arguments": OSLO}}}),
        ],
        vec![json!({"tool_calls": [{"id": "a", "name": "geocode", "input": {"city": "Oslo"}}]})],
        vec![json!({"function_call": {"name": "geocode", "arguments": OSLO}})],
        vec![
            json!({"function_call": {"name": "geocode", "arguments": head}}),
            json!({"function_call": {"arguments": tail}}),
        ],
        vec![json!({
            "function_call": {"name": "geocode", "arguments": OSLO},
            "tool_calls": [{"id": "a", "function": {"name": "geocode", "arguments": OSLO}}],
        })],
        // Arguments encoded twice, and as an object.
        vec![piece(
            json!(0),
            json!("a"),
            json!("geocode"),
            &json!(OSLO).to_string(),
        )],
        vec![
            json!({"tool_calls": [{"id": "a", "function": {"name": "geocode", "arguments": {"city": "Oslo"}}}]}),
        ],
    ] {
        assert_eq!(
            joined(&deltas).await,
            [format!("geocode {OSLO}")],
            "{deltas:?}"
        );
    }
}

#[tokio::test]
async fn two_calls_stay_two() {
    for deltas in [
        // Index 0 for all, without ids, with one id, and with ids.
        [
            piece(json!(0), json!(""), json!("geocode"), OSLO),
            piece(json!(0), json!(""), json!("geocode"), BERGEN),
        ],
        [
            piece(json!(0), json!("a"), json!("geocode"), OSLO),
            piece(json!(0), json!("a"), json!("geocode"), BERGEN),
        ],
        [
            piece(json!(0), json!("a"), json!("geocode"), OSLO),
            piece(json!(0), json!("b"), json!("geocode"), BERGEN),
        ],
        // Their own indices and one id.
        [
            piece(json!(0), json!("a"), json!("geocode"), OSLO),
            piece(json!(1), json!("a"), json!("geocode"), BERGEN),
        ],
        [
            piece(json!(0), N, json!("geocode"), OSLO),
            piece(json!(1), N, json!("geocode"), BERGEN),
        ],
        // Neither index nor id.
        [
            piece(N, N, json!("geocode"), OSLO),
            piece(N, N, json!("geocode"), BERGEN),
        ],
        // The second without a name.
        [
            piece(json!(0), N, json!("geocode"), OSLO),
            piece(json!(0), N, N, BERGEN),
        ],
    ] {
        let expected = [format!("geocode {OSLO}"), format!("geocode {BERGEN}")];
        assert_eq!(joined(&deltas).await, expected, "{deltas:?}");
    }
    // The end of calls without arguments cannot be detected.
    for deltas in [
        [
            piece(json!(0), json!("a"), json!("geocode"), ""),
            piece(json!(0), json!("b"), json!("time"), ""),
        ],
        [
            piece(json!(0), json!("a"), json!("geocode"), "{}"),
            piece(json!(0), json!("b"), json!("time"), "{}"),
        ],
        [
            piece(N, N, json!("geocode"), ""),
            piece(N, N, json!("time"), ""),
        ],
    ] {
        assert_eq!(
            joined(&deltas).await,
            ["geocode {}", "time {}"],
            "{deltas:?}"
        );
    }
    let interleaved = [
        piece(json!(0), json!("a"), json!("geocode"), r#"{"city":"#),
        piece(json!(1), json!("b"), json!("geocode"), r#"{"city":"#),
        piece(json!(0), N, N, r#""Oslo"}"#),
        piece(json!(1), N, N, r#""Bergen"}"#),
    ];
    assert_eq!(joined(&interleaved).await.len(), 2);
}

#[tokio::test]
async fn a_call_without_a_name_is_left_out_and_counted() {
    let nameless = json!({"choices": [{"delta": {"content": "hi", "tool_calls": [{"index": 0, "id": "a"}]}, "finish_reason": "stop"}]});
    let server = Server::start([Reply::events(&[&nameless.to_string()])]).await;
    let answer = server
        .model()
        .chat(&Cx::background(), &request())
        .await
        .unwrap();
    assert_eq!(answer.message.tool_calls().count(), 0);
    assert_eq!(answer.skipped["tool_call"], 1);
}

#[tokio::test]
async fn ids_of_earlier_turns_are_not_used_again() {
    let earlier = ["call_0", "a"].map(|id| ToolCall::new(id, "geocode", json!({})).into());
    let mut request = request();
    request
        .messages
        .push(Arc::new(Message::new(Role::Assistant, earlier)));
    let deltas = [
        piece(json!(0), N, json!("geocode"), OSLO),
        piece(json!(1), json!("a"), json!("geocode"), BERGEN),
        piece(json!(2), json!("b"), json!("time"), "{}"),
    ];
    let calls = calls_of(&request, &deltas).await;
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_0_2", "a_2", "b"]);
}

#[tokio::test]
async fn a_call_that_the_token_limit_cut_off_is_not_made_complete() {
    for (arguments, expected) in [("", json!("")), (r#"{"city":"#, json!(r#"{"city":"#))] {
        let call = piece(json!(0), json!("a"), json!("geocode"), arguments);
        let chunk = json!({"choices": [{"delta": call, "finish_reason": "length"}]});
        let server = Server::start([Reply::events(&[&chunk.to_string()])]).await;
        let answer = server
            .model()
            .chat(&Cx::background(), &request())
            .await
            .unwrap();
        assert_eq!(
            answer.message.tool_calls().next().unwrap().arguments,
            expected
        );
        assert!(answer.is_truncated());
    }
}
