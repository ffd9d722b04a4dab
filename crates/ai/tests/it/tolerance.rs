//! Answers of servers that follow the protocol loosely: everything understandable is kept.

use crate::server::{Reply, Server, stream};
use futures_util::StreamExt;
use glassbox_core::{
    ChatEvent, ChatModel, ChatRequest, ChatResponse, Cx, FinishReason, Message, UsageSource,
};
use serde_json::{Value, json};

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Well?")])
}

/// The answer of a server that replies with these bytes.
async fn answer(reply: Reply) -> ChatResponse {
    let server = Server::start([reply]).await;
    let stream = server.model().stream(&Cx::background(), &ask()).await;
    let mut events: Vec<ChatEvent> = stream.unwrap().map(Result::unwrap).collect().await;
    let Some(ChatEvent::Finished(response)) = events.pop() else {
        panic!("it did not finish: {events:?}");
    };
    let told: String = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        response.message.text(),
        "all text is told as it comes"
    );
    *response
}

async fn streamed(chunks: &[Value]) -> ChatResponse {
    let chunks: Vec<String> = chunks.iter().map(Value::to_string).collect();
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    answer(Reply::events(&chunks)).await
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn hi() -> Value {
    delta(json!({"content": "hi"}))
}

fn stop() -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
}

#[tokio::test]
async fn any_field_may_be_absent_null_or_of_another_type() {
    for (chunk, skipped) in [
        (json!({"id": 12345, "model": null, "created": "now"}), 0),
        (json!({"id": [], "model": {}, "object": 7}), 0),
        (json!({"choices": null, "usage": null}), 0),
        (json!({"choices": []}), 0),
        (json!({}), 0),
        (json!({"choices": "none"}), 1),
        (json!({"choices": [null, 7]}), 1),
        (json!({"choices": [{"delta": null}]}), 0),
        (json!({"choices": [{"delta": []}]}), 1),
        (
            json!({"choices": [{"index": "x", "delta": {"role": 7}}]}),
            0,
        ),
        (
            json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}),
            0,
        ),
        (delta(json!({"content": null, "tool_calls": null})), 0),
        (delta(json!({"content": {}, "tool_calls": [null]})), 0),
        (delta(json!({"tool_calls": "none"})), 1),
        (delta(json!({"tool_calls": [7]})), 1),
        (json!({"usage": {"prompt_tokens": -5}}), 1),
        (json!({"usage": "many"}), 1),
        (json!([]), 0),
        (json!(7), 1),
        (json!("text"), 1),
        (json!(null), 0),
    ] {
        let response = streamed(&[hi(), chunk.clone(), stop()]).await;
        assert_eq!(response.message.text(), "hi", "{chunk}");
        let count: u64 = response.skipped.values().sum();
        assert_eq!(count, skipped, "{chunk}: {:?}", response.skipped);
    }
}

#[tokio::test]
async fn text_may_be_parts_numbers_or_under_two_names() {
    for chunks in [
        vec![delta(json!({"content": [{"type": "text", "text": "hi"}]}))],
        vec![delta(json!({"content": ["h", {"text": "i"}]}))],
        vec![json!({"choices": [{"delta": "hi"}]})],
        vec![json!({"choices": {"delta": {"content": "hi"}}})],
        vec![json!({"choices": [{"text": "hi"}]})],
        vec![json!({"message": {"role": "assistant", "content": "hi"}, "done": false})],
        // The whole message again at the end, as some servers do.
        vec![
            hi(),
            json!({"choices": [{"delta": {}, "message": {"content": "hi"}}]}),
        ],
        vec![
            delta(json!({"content": "h"})),
            json!({"object": "chat.completion", "choices": [{"message": {"content": "hi"}}]}),
        ],
    ] {
        let all = [chunks.clone(), vec![stop()]].concat();
        let response = streamed(&all).await;
        assert_eq!(response.message.text(), "hi", "{chunks:?}");
        assert!(response.skipped.is_empty(), "{:?}", response.skipped);
    }
    assert_eq!(
        streamed(&[delta(json!({"content": 42})), stop()])
            .await
            .message
            .text(),
        "42"
    );
}

#[tokio::test]
async fn events_that_say_nothing_are_passed_over() {
    let (hi, stop) = (hi(), stop());
    for noise in [
        ": OPENROUTER PROCESSING\n\n",
        "data: \n\n",
        "data:\n\n",
        "data: null\n\n",
        "data: {}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: ping\n\n",
        "event: heartbeat\ndata: x\n\n",
        "id: 7\nretry: 1000\n\n",
        "\n\n\n",
    ] {
        let body = format!("{noise}data: {hi}\n\n{noise}data: {stop}\n\n{noise}data: [DONE]\n\n");
        let response = answer(Reply::Stream(vec![body.into_bytes()])).await;
        assert_eq!(response.message.text(), "hi", "{noise:?}");
        assert!(response.skipped.is_empty(), "{noise:?}");
    }
    let body = format!("data: {hi}\n\ndata: {{{{\n\ndata: {stop}\n\ndata: [DONE]\n\n");
    let response = answer(Reply::Stream(vec![body.into_bytes()])).await;
    assert_eq!(response.skipped["event"], 1);
}

#[tokio::test]
async fn an_answer_is_known_by_its_bytes_and_not_by_its_content_type() {
    let whole = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]});
    let events = stream(&[&hi().to_string(), &stop().to_string()]);
    let lines = format!("{}\n{}\n", hi(), stop());
    for body in [
        whole.to_string(),
        format!("\u{feff}\n{whole}\n"),
        format!("data: {whole}\n\n"),
        format!("data: {whole}\n\ndata: [DONE]\n\n"),
        json!([hi(), stop()]).to_string(),
        lines,
        events,
    ] {
        for kind in ["", "text/plain", "application/json", "text/event-stream"] {
            let headers = vec![("content-type", kind.to_owned())];
            let headers = if kind.is_empty() { Vec::new() } else { headers };
            let response = answer(Reply::Whole(200, headers, body.clone())).await;
            assert_eq!(response.message.text(), "hi", "{kind}: {body}");
            assert_eq!(response.finish, FinishReason::Stop);
        }
        let server = Server::start([Reply::text(200, "text/plain", body)]).await;
        let whole = server.model().chat(&Cx::background(), &ask()).await;
        assert_eq!(whole.unwrap().message.text(), "hi");
    }
}

#[tokio::test]
async fn an_answer_without_a_reason_ends_where_the_server_says_so() {
    let response = streamed(&[hi()]).await;
    assert_eq!(response.finish, FinishReason::Stop);
    assert_eq!(response.skipped["finish_reason"], 1);
    let whole = json!({"choices": [{"message": {"content": "hi"}}]});
    let response = answer(Reply::json(200, &whole)).await;
    assert_eq!(response.finish, FinishReason::Stop);
    let call = json!({"function": {"name": "x", "arguments": "{}"}});
    let response = streamed(&[delta(json!({"tool_calls": [call]}))]).await;
    assert_eq!(response.finish, FinishReason::ToolCalls);
}

#[tokio::test]
async fn halves_of_a_character_meet_again() {
    let piece = |text: &str| format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let stop = stop().to_string();
    for (pieces, expected) in [
        (vec!["a\\ud83d", "\\ude00b"], "a😀b"),
        (vec!["\\uD83D", "", "\\uDE00"], "😀"),
        (vec!["\\ud83d\\ude00"], "😀"),
        (vec!["\\ud83d", "b"], "\u{fffd}b"),
        (vec!["b", "\\ude00"], "b\u{fffd}"),
        (vec!["b\\ud83d"], "b\u{fffd}"),
    ] {
        let mut chunks: Vec<String> = pieces.iter().map(|text| piece(text)).collect();
        chunks.push(stop.clone());
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let response = answer(Reply::events(&chunks)).await;
        assert_eq!(response.message.text(), expected, "{pieces:?}");
    }
    // Within arguments, cut in the outer text and escaped in the inner one.
    for pieces in [
        [r#"{\"city\":\"\ud83d"#, r#"\ude00\"}"#],
        [r#"{\"city\":\"\\ud83d"#, r#"\\ude00\"}"#],
    ] {
        let call = |text: &str| {
            format!(
                r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"x","arguments":"{text}"}}}}]}}}}]}}"#
            )
        };
        let chunks = [call(pieces[0]), call(pieces[1]), stop.clone()];
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let response = answer(Reply::events(&chunks)).await;
        let calls: Vec<_> = response.message.tool_calls().collect();
        assert_eq!(calls[0].arguments, json!({"city": "😀"}), "{pieces:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_lose_nothing_else() {
    let mut body = b"data: {\"choices\":[{\"delta\":{\"content\":\"hi\xff\"}}]}\n\n".to_vec();
    body.extend_from_slice(stream(&[&stop().to_string()]).as_bytes());
    let response = answer(Reply::Stream(vec![body])).await;
    assert_eq!(response.message.text(), "hi\u{fffd}");
}

#[tokio::test]
async fn usage_is_found_in_odd_places_and_forms() {
    let usage = json!({"prompt_tokens": 3.0, "completion_tokens": "4"});
    let mut at_the_end = stop();
    at_the_end["choices"][0]["usage"] = usage.clone();
    for chunks in [
        vec![
            hi(),
            stop(),
            json!({"id": "x", "choices": null, "usage": usage}),
        ],
        vec![
            hi(),
            json!({"choices": [], "x_groq": {"usage": usage}}),
            stop(),
        ],
        vec![hi(), at_the_end],
    ] {
        let used = streamed(&chunks).await.usage;
        assert_eq!((used.input, used.output), (3, 4), "{chunks:?}");
        assert_eq!(used.source, UsageSource::Reported);
    }
    let odd = json!({"usage": {"prompt_tokens": -3, "completion_tokens": 4, "total_tokens": null}});
    let response = streamed(&[hi(), stop(), odd]).await;
    assert_eq!(response.usage.source, UsageSource::Estimated);
    assert_eq!((response.usage.input, response.usage.output), (2, 4));
    assert_eq!(response.skipped["usage"], 1);
}

#[tokio::test]
async fn reasoning_is_heard_once_whatever_it_is_called() {
    for piece in [
        json!({"reasoning": "hm", "reasoning_content": "hm", "content": null}),
        json!({"reasoning_text": "hm"}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
    ] {
        let response = streamed(&[delta(piece.clone()), hi(), stop()]).await;
        let parts = serde_json::to_value(&response.message.parts).unwrap();
        assert_eq!(parts[0]["type"], "reasoning", "{piece}");
        assert_eq!(parts[0]["text"], "hm", "{piece}");
        assert_eq!(response.message.text(), "hi");
    }
}
