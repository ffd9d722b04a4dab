use super::*;
use crate::{Capability, Content, Media, MediaKind};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{fmt::Debug, sync::Arc, time::Duration};

/// Asserts that a value survives a JSON round trip and returns its JSON.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Value {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn conversation() -> Vec<Message> {
    let signed = Opaque::new("gemini", json!({"thought_signature": "c2ln"}));
    let photo = Media::data("image/png", *b"png");
    vec![
        Message::system("Be brief."),
        Message::new(Role::User, [Part::text("What is this?"), photo.into()]),
        Message::new(
            Role::Assistant,
            [
                Reasoning::new("Hm.").with_opaque(signed.clone()).into(),
                Part::text_with("I will look.", Some(signed.clone())),
                ToolCall::new("c1", "look", json!({"at": 1}))
                    .with_opaque(signed)
                    .into(),
            ],
        ),
        ToolResult::new(
            "c1",
            [
                Content::text("a moon"),
                Media::uri(MediaKind::Image, "https://x.test/moon.png").into(),
                Content::json(json!({"phase": 0.5})),
            ],
        )
        .with_is_error(true)
        .into(),
    ]
}

#[test]
fn a_request_survives_the_journal() {
    let schema: schemars::Schema = serde_json::from_value(json!({"type": "object"})).unwrap();
    let tool = Capability::from_schemas("look", "Looks.", schema.clone(), schema.clone());
    let request = ChatRequest::new(conversation())
        .with_tools(vec![Arc::new(tool)])
        .with_tool_choice(ToolChoice::Tool("look".to_owned()))
        .with_response_schema(schema)
        .with_max_tokens(7)
        .with_temperature(0.1)
        .with_seed(-1)
        .with_stop(["END"])
        .with_reasoning_effort(ReasoningEffort::Other("xhigh".to_owned()))
        .with_cache(
            CacheHint::new()
                .with_key("k")
                .with_prefix(2)
                .with_keep_for(Duration::from_secs(300)),
        )
        .with_metadata("tenant", "a")
        .with_extra("openai", "service_tier", "flex");
    let json = round_trip(&request);
    assert_eq!(json["reasoning_effort"], "xhigh");
    assert_eq!(json["tool_choice"], json!({"tool": "look"}));
    assert_eq!(json["cache"]["keep_for_s"], 300);
    round_trip(&ChatRequest::default());
}

#[test]
fn a_response_and_every_event_survive_the_journal() {
    let usage = Usage::reported(10, 5)
        .with_cache_read(4)
        .with_cache_write(3)
        .with_reasoning(2);
    let message = conversation().remove(2);
    let response = ChatResponse::new(message, FinishReason::ToolCalls, usage, "m").with_id("r");
    let json = round_trip(&response);
    assert_eq!(json["usage"]["cache_write"], 3);
    assert_eq!(json["finish"], "tool_calls");
    for event in [
        ChatEvent::Text("a".to_owned()),
        ChatEvent::Reasoning("b".to_owned()),
        ChatEvent::ToolCall(ToolCall::new("c", "look", json!({}))),
        ChatEvent::Finished(Box::new(response)),
    ] {
        round_trip(&event);
    }
}

#[test]
fn what_a_newer_version_wrote_is_kept_unchanged() {
    for part in [
        json!({"type": "hologram", "depth": [1, {"x": null}]}),
        json!({"type": "tool_call", "id": "c1", "deferred": true}),
    ] {
        let message = json!({"role": "assistant", "parts": [{"type": "text", "text": "a"}, part]});
        let read: Message = serde_json::from_value(message.clone()).unwrap();
        assert_eq!(read.parts[1], Part::Unknown(part));
        assert_eq!(read.text(), "a");
        assert_eq!(round_trip(&read), message);
    }
    let event = json!({"type": "audio", "data": "…"});
    let read: ChatEvent = serde_json::from_value(event.clone()).unwrap();
    assert_eq!(round_trip(&read), event);
    let choice: ToolChoice = serde_json::from_value(json!({"any_of": ["a"]})).unwrap();
    assert_eq!(round_trip(&choice), json!({"any_of": ["a"]}));
    let role: Role = serde_json::from_value(json!("developer")).unwrap();
    assert_eq!(role.as_str(), "developer");
    assert_eq!(round_trip(&role), "developer");
    let reason: FinishReason = serde_json::from_value(json!("tired")).unwrap();
    assert_eq!(reason, FinishReason::Other("tired".to_owned()));
    assert_eq!(round_trip(&reason), "tired");
}

#[test]
fn fields_that_a_newer_version_added_do_no_harm() {
    let message = json!({"role": "user", "parts": [], "audience": ["x"]});
    let usage = json!({"input": 1, "output": 2, "images": 3, "source": "guessed"});
    let response =
        json!({"message": message, "finish": "stop", "usage": usage, "model": "m", "tier": 1});
    let read: ChatResponse = serde_json::from_value(response).unwrap();
    // An unknown source is read as an estimate.
    assert_eq!(read.usage, Usage::estimated(1, 2));
    let request = json!({"messages": [message], "verbosity": "low"});
    let read: ChatRequest = serde_json::from_value(request).unwrap();
    assert_eq!(read.messages.len(), 1);
}

#[test]
fn what_the_first_version_wrote_still_loads() {
    let message: Message = serde_json::from_value(json!({"role": "assistant", "parts": [
        {"type": "reasoning", "text": "Hm."},
        {"type": "tool_call", "id": "c1", "name": "look", "arguments": {}},
    ]}))
    .unwrap();
    assert_eq!(message.parts[0], Reasoning::new("Hm.").into());
    assert_eq!(
        message.parts[1],
        ToolCall::new("c1", "look", json!({})).into()
    );
    let result: Message = serde_json::from_value(
        json!({"role": "tool", "parts": [{"type": "tool_result", "id": "c1", "result": {"n": 1}}]}),
    )
    .unwrap();
    assert_eq!(result, Message::tool_result("c1", json!({"n": 1})));
    let reason: FinishReason = serde_json::from_value(json!({"other": "tired"})).unwrap();
    assert_eq!(reason, FinishReason::Other("tired".to_owned()));
}

#[test]
fn only_its_origin_gets_an_opaque_value_back() {
    let opaque = Opaque::new("a", json!({"s": 1}));
    assert_eq!(opaque.value_for("a"), Some(&json!({"s": 1})));
    assert_eq!(opaque.value_for("b"), None);
}

#[test]
fn a_result_reads_as_text() {
    let result = ToolResult::new(
        "c",
        [
            Content::text("a"),
            Content::json(json!("b")),
            Content::json(json!({"n": 1})),
            Media::data("image/png", *b"x").into(),
            Content::Unknown(json!({"type": "new"})),
        ],
    );
    assert_eq!(
        result.to_text(),
        "a\nb\n{\"n\":1}\n[image: image/png]\n{\"type\":\"new\"}"
    );
    assert_eq!(result.value(), Some(&json!("b")));
}

#[test]
fn a_sum_is_estimated_if_a_part_of_it_was() {
    let mut sum = Usage::reported(1, 2).with_cache_write(3);
    sum += Usage::reported(10, 20).with_cache_write(30);
    assert_eq!(sum, Usage::reported(11, 22).with_cache_write(33));
    sum += Usage::estimated(u64::MAX, 0);
    assert_eq!(sum.source, UsageSource::Estimated);
    assert_eq!(sum.input, u64::MAX);
}

#[test]
fn messages_are_shared_with_the_next_request() {
    let first = ChatRequest::new(conversation());
    let next = ChatRequest::new(first.messages.iter().cloned());
    for (one, other) in first.messages.iter().zip(&next.messages) {
        assert!(Arc::ptr_eq(one, other));
    }
}

#[test]
fn a_pointer_to_a_model_is_a_model() {
    fn is_model<M: ChatModel>() {}
    is_model::<&dyn ChatModel>();
    is_model::<Box<dyn ChatModel>>();
    is_model::<Arc<dyn ChatModel>>();
}
