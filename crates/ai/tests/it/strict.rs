//! Servers that reject a conversation with a missing member, and servers that reject optional members.

use crate::{
    server::{Reply, Server},
    world::Tools,
};
use glassbox_ai::{Assistant, HttpModel, ModelConfig};
use glassbox_config::Environment;
use glassbox_core::{ChatModel, ChatRequest, Cx, Message};
use glassbox_instrument::HttpClient;
use serde_json::{Value, json};

fn done() -> Reply {
    let done = r#"{"choices":[{"index":0,"delta":{"content":"Done."},"finish_reason":"stop"}]}"#;
    Reply::events(&[done])
}

/// Lets an assistant call a tool twice, with a server that sends `delta` with each call and rejects a
/// conversation without `member` in every turn of the model.
async fn survives(delta: Value, call: Value, is_kept: fn(&Value) -> bool) {
    let server = Server::answering(move |request| {
        let messages = request.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let turns: Vec<_> = messages
            .iter()
            .filter(|one| one["role"] == "assistant")
            .collect();
        if !turns.iter().all(|turn| is_kept(turn)) {
            let error = json!([{"error": {"code": 400, "message": "it is missing"}}]);
            return Reply::json(400, &error);
        }
        if turns.len() == 2 {
            return done();
        }
        let mut entry =
            json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": "{}"}});
        for (key, value) in call.as_object().into_iter().flatten() {
            match value {
                Value::Object(inner) if key == "function" => {
                    for (key, value) in inner {
                        entry["function"][key] = value.clone();
                    }
                }
                value => entry[key] = value.clone(),
            }
        }
        let first = json!({"choices": [{"delta": delta}]}).to_string();
        let second =
            json!({"choices": [{"delta": {"tool_calls": [entry]}, "finish_reason": "tool_calls"}]});
        Reply::events(&[&first, &second.to_string()])
    })
    .await;
    let tools = Tools::default().with("look", async |_, _| Ok(json!("moon")));
    let model = server.model();
    let world = tools.world(&model);
    let answer = Assistant::new("guide")
        .answer(&Cx::background(), &world, "Well?")
        .await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.tools.len()), ("Done.", 2));
}

#[tokio::test]
async fn reasoning_is_sent_back_under_all_its_names() {
    survives(json!({"reasoning_content": "Hm."}), json!({}), |turn| {
        turn["reasoning_content"] == "Hm."
    })
    .await;
    survives(
        json!({"reasoning": "Hm.", "reasoning_content": "Hm."}),
        json!({}),
        |turn| turn["reasoning_content"] == "Hm." && turn["reasoning"] == "Hm.",
    )
    .await;
}

#[tokio::test]
async fn thought_signatures_are_sent_back_wherever_they_were() {
    let google = json!({"google": {"thought_signature": "SIG"}});

    survives(json!({}), json!({"extra_content": google}), |turn| {
        turn["tool_calls"][0]["extra_content"]["google"]["thought_signature"] == "SIG"
    })
    .await;
    survives(json!({}), json!({"thought_signature": "SIG"}), |turn| {
        turn["tool_calls"][0]["thought_signature"] == "SIG"
    })
    .await;
    survives(
        json!({}),
        json!({"function": {"thought_signature": "SIG"}}),
        |turn| turn["tool_calls"][0]["function"]["thought_signature"] == "SIG",
    )
    .await;
    survives(
        json!({}),
        json!({"provider_specific_fields": {"thought_signature": "SIG"}}),
        |turn| turn["tool_calls"][0]["provider_specific_fields"]["thought_signature"] == "SIG",
    )
    .await;
    // On the message, which has no text.
    survives(json!({"extra_content": google}), json!({}), |turn| {
        turn["extra_content"]["google"]["thought_signature"] == "SIG"
    })
    .await;
}

#[tokio::test]
async fn ids_that_a_server_uses_again_reach_it_distinct() {
    let server = Server::answering(|request| {
        let messages = request.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let results: Vec<_> = messages
            .iter()
            .filter(|one| one["role"] == "tool")
            .collect();
        let mut ids: Vec<String> = results
            .iter()
            .map(|one| one["tool_call_id"].to_string())
            .collect();
        ids.dedup();
        if ids.len() < results.len() {
            return Reply::json(400, &json!({"error": "duplicate tool_call_id"}));
        }
        if results.len() == 2 {
            return done();
        }
        let call = json!({"index": 0, "id": "a", "function": {"name": "look", "arguments": "{}"}});
        let chunk =
            json!({"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]});
        Reply::events(&[&chunk.to_string()])
    })
    .await;
    let tools = Tools::default().with("look", async |_, _| Ok(json!("moon")));
    let model = server.model();
    let world = tools.world(&model);
    let answer = Assistant::new("guide")
        .answer(&Cx::background(), &world, "Well?")
        .await;
    assert_eq!(answer.unwrap().text, "Done.");
}

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Well?")]).with_max_tokens(7)
}

#[tokio::test]
async fn what_a_server_refuses_is_left_out_from_then_on() {
    for (member, status, error) in [
        (
            "stream_options",
            400,
            json!({"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
        ),
        (
            "stream_options",
            422,
            json!({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}),
        ),
        (
            "max_tokens",
            400,
            json!({"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}),
        ),
    ] {
        let server = Server::answering(move |request| match request.body.get(member) {
            Some(_) => Reply::json(status, &error),
            None => done(),
        })
        .await;
        let model = server.model();
        let again = model.clone();
        for model in [model, again] {
            let stream = model.stream(&Cx::background(), &ask()).await;
            drop(stream.unwrap());
        }
        let sent: Vec<bool> = server
            .seen()
            .iter()
            .map(|one| one.body.get(member).is_some())
            .collect();
        assert_eq!(
            sent,
            [true, false, false],
            "{member}: learned once, by all clones"
        );
    }
}

#[tokio::test]
async fn another_refusal_is_not_answered_with_another_request() {
    let refusal = json!({"error": {"message": "max_tokens is too large"}});
    let server = Server::start([Reply::json(400, &refusal)]).await;
    let error = server
        .model()
        .chat(&Cx::background(), &ask())
        .await
        .unwrap_err();
    assert_eq!(error.problem().code(), "model.refused");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_base_url_may_have_a_query_and_the_whole_path() {
    for (more, path) in [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("?api-version=1", "/v1/chat/completions?api-version=1"),
        ("/chat/completions", "/v1/chat/completions"),
        (
            "/openai/deployments/x/chat/completions?api-version=2024-10-21",
            "/v1/openai/deployments/x/chat/completions?api-version=2024-10-21",
        ),
    ] {
        let server = Server::start([done()]).await;
        let url = format!("{}{more}", server.base_url());
        let environment = Environment::from([("OPENAI_BASE_URL", url.as_str())]);
        let config = ModelConfig::from_environment(&environment).unwrap();
        let model = HttpModel::new(&config.providers()[0], HttpClient::new());
        model.chat(&Cx::background(), &ask()).await.unwrap();
        let head = server.seen()[0].head.clone();
        assert!(head.starts_with(&format!("post {path} http")), "{head}");
    }
}
