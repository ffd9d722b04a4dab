//! Keys and passwords stay out of answers, tool calls and errors.

use crate::server::{Reply, Server};
use futures_util::StreamExt;
use glassbox_ai::ModelConfig;
use glassbox_config::Environment;
use glassbox_core::{ChatModel, ChatRequest, Cx, Message};
use serde_json::json;

const KEY: &str = "sk-SECRETKEY1234567890";

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Well?")])
}

#[tokio::test]
async fn a_key_that_the_provider_echoes_is_concealed() {
    let delta = |delta: serde_json::Value| json!({"choices": [{"delta": delta}]}).to_string();
    let arguments = format!("{{\"key\":\"{KEY}\"}}");
    let (left, right) = KEY.split_at(9);
    let call = json!([{"index": 0, "id": "a", "function": {"name": "x", "arguments": arguments}}]);
    let chunks = [
        delta(json!({"reasoning_content": format!("hm {KEY}")})),
        delta(json!({"content": format!("the key is {left}")})),
        delta(json!({"content": format!("{right}.")})),
        delta(json!({"tool_calls": call})),
        json!({"model": KEY, "choices": [{"delta": {}, "finish_reason": "stop"}]}).to_string(),
    ];
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let server = Server::start([Reply::events(&chunks)]).await;
    let model = server.model_with(&[("OPENAI_API_KEY", KEY)]);
    let events: Vec<_> = model
        .stream(&Cx::background(), &ask())
        .await
        .unwrap()
        .collect()
        .await;
    let told = format!("{events:?}");
    assert!(told.contains("the key is REDACTED."), "{told}");
    for part in [KEY, left, right] {
        assert!(!told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn a_key_in_an_error_is_concealed() {
    let said = format!("Incorrect API key provided: {KEY}");
    for reply in [
        Reply::json(401, &json!({"error": {"message": said}})),
        Reply::text(401, "text/plain", said.clone()),
        Reply::events(&[&json!({"error": said}).to_string()]),
        Reply::events(&[&json!({"choices": [{"finish_reason": KEY}]}).to_string()]),
    ] {
        let server = Server::start([reply]).await;
        let model = server.model_with(&[("OPENAI_API_KEY", KEY)]);
        let error = model.chat(&Cx::background(), &ask()).await.unwrap_err();
        assert!(error.to_string().contains("REDACTED"), "{error}");
        assert!(!format!("{error:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_secret_in_the_url_is_never_shown() {
    let config = |url: &str| {
        let environment = Environment::from([("OPENAI_BASE_URL", url)]);
        ModelConfig::from_environment(&environment)
    };
    for url in [
        "ht tp://user:PASSWORD@x",
        "http://user:PASSWORD@x/v1",
        "http://user:PASSWORD@",
        "user:PASSWORD@x",
        "PASSWORD:@x",
        "https:/user:PASS@PASSWORD@x y",
        "ht tp://x?key=PASSWORD",
        "http://user:PASSWORD%40x y/",
        "//user:PASSWORD@x",
        "http://x:99999/?key=PASSWORD",
        "http://user:PASSWORD@x:99999/",
    ] {
        let error = config(url).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("PASSWORD"),
            "{url}: {error}"
        );
    }
    let config = config("http://127.0.0.1:9/v1?key=PASSWORD").unwrap();
    assert!(!format!("{config:?}").contains("PASSWORD"));
    let model = config.connect(glassbox_instrument::HttpClient::new());
    let error = model.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("PASSWORD"),
        "{error:?}"
    );
}
