//! The protocol: streams, usage, refusals.

use crate::client::{chat, post, send, talk, travel, travelled};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

const QUESTION: &str = "What time is it in Oslo?";

async fn stream(mut request: Value) -> Vec<Value> {
    request["model"] = "any".into();
    request["stream"] = true.into();
    let (status, body) = post(request.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let mut events: Vec<&str> = body.split_terminator("\n\n").collect();
    assert_eq!(events.pop(), Some("data: [DONE]"));
    let data = events
        .into_iter()
        .map(|event| event.strip_prefix("data: ").unwrap());
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[tokio::test]
async fn a_stream_joins_to_the_whole_answer() {
    let request = json!({"messages": user("Sing!"), "tools": travel()});
    let whole = chat(request.clone()).await;
    let chunks = stream(request).await;
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(last.get("usage").is_none(), "nobody asked for it");
    assert!(chunks.iter().all(|chunk| chunk["id"] == whole["id"]));
}

#[tokio::test]
async fn calls_come_in_fragments_by_index() {
    let request =
        json!({"messages": user("What time is it in Oslo and Tokyo?"), "tools": travel()});
    let whole = chat(request.clone()).await;
    let chunks = stream(request).await;
    let expected = whole["choices"][0]["message"]["tool_calls"]
        .as_array()
        .unwrap();
    let mut joined: Vec<(Value, String)> = Vec::new();
    for delta in chunks.iter().flat_map(|chunk| {
        chunk["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
    }) {
        let index = delta["index"].as_u64().unwrap() as usize;
        if delta["id"].is_string() {
            joined.push((delta["id"].clone(), String::new()));
        }
        joined[index]
            .1
            .push_str(delta["function"]["arguments"].as_str().unwrap());
    }
    assert_eq!(joined.len(), 2);
    for (call, (id, arguments)) in expected.iter().zip(joined) {
        assert_eq!(call["id"], id);
        assert_eq!(call["function"]["arguments"], arguments);
    }
    assert_eq!(
        chunks.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[tokio::test]
async fn usage_comes_in_a_last_chunk_on_request() {
    let request = json!({"messages": user("Sing!"), "stream_options": {"include_usage": true}});
    let whole = chat(request.clone()).await;
    let chunks = stream(request).await;
    let (last, others) = chunks.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], whole["usage"]);
    assert!(
        others
            .iter()
            .all(|chunk| chunk.get("usage") == Some(&Value::Null))
    );
    // "Sing!" has 5 characters.
    assert_eq!(whole["usage"]["prompt_tokens"], 2);
    let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(
        whole["usage"]["completion_tokens"],
        text.chars().count().div_ceil(4)
    );
}

#[tokio::test]
async fn an_answer_can_be_cut_short() {
    let reply = chat(json!({"messages": user("Sing!"), "max_tokens": 2})).await;
    assert_eq!(reply["choices"][0]["finish_reason"], "length");
    assert_eq!(reply["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer() {
    let once = talk(QUESTION, &travel(), travelled).await;
    let again = talk(QUESTION, &travel(), travelled).await;
    assert_eq!(once.turns, again.turns);
    assert_eq!(once.answer, again.answer);
}

#[tokio::test]
async fn tools_can_be_forbidden() {
    let request = json!({"messages": user(QUESTION), "tools": travel(), "tool_choice": "none"});
    let reply = chat(request).await;
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn content_may_come_in_parts() {
    let parts =
        json!([{"type": "text", "text": "What time is it"}, {"type": "text", "text": " in Oslo?"}]);
    let request = json!({"messages": [{"role": "user", "content": parts}], "tools": travel()});
    let reply = chat(request).await;
    assert_eq!(reply["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_the_shape_of_the_api() {
    let call =
        json!({"id": "c1", "type": "function", "function": {"name": "x", "arguments": "{}"}});
    let cases = [
        ("{", "We could not parse the JSON body of your request"),
        (r#"{"model":"m"}"#, "missing field `messages`"),
        (r#"{"model":"m","messages":[]}"#, "too short"),
        (r#"{"model":"m","messages":[{"role":"judge"}]}"#, "'judge' is no role"),
        (
            r#"{"model":"m","messages":[{"role":"tool","tool_call_id":"c1","content":"x"}]}"#,
            "must answer a 'tool_call_id'",
        ),
        (
            &json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "?"}]})
                .to_string(),
            "must be followed by tool messages",
        ),
        (
            &json!({"model": "m", "messages": user("x"), "n": 2}).to_string(),
            "one choice",
        ),
        (
            &json!({"model": "m", "messages": user("x"), "tool_choice": "required"}).to_string(),
            "'auto' and 'none' only",
        ),
        (
            &json!({"model": "m", "messages": user("x"), "response_format": {"type": "json_object"}}).to_string(),
            "text only",
        ),
    ];
    for (body, expected) in cases {
        let (status, answer) = post(body.to_owned()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"]["type"], "invalid_request_error");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn other_addresses_are_unknown() {
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let (status, body) = send(get("/v1/models")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains(offline_model::MODEL), "{body}");
    let (status, body) = send(get("/v1/embeddings")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("\"error\""), "{body}");
    let (status, body) = send(get("/v1/chat/completions")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(body.contains("\"error\""), "{body}");
}
