//! Every setting has an effect.

use crate::{
    scripted::{Scripted, calls},
    server::{Reply, Server},
    world::Tools,
};
use futures_util::StreamExt;
use glassbox_ai::Assistant;
use glassbox_core::{Blame, ChatRequest, Cx, Decide, Message};
use glassbox_instrument::HttpClient;
use serde_json::json;

const BEGUN: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"In \"}}]}\n\n";

fn ask() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Is it dark?")])
}

#[tokio::test]
async fn timeout_bounds_the_wait_for_an_answer() {
    let server = Server::start([Reply::Silence]).await;
    let config = server.config_with(&[
        ("GLASSBOX_AI_TIMEOUT", "50ms"),
        ("GLASSBOX_AI_ATTEMPTS", "1"),
    ]);
    let model = config.connect(HttpClient::new());
    let error = model.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert_eq!(error.problem().code(), "model.timeout");
    assert_eq!(error.blame(), Blame::Peer);
    assert!(
        error.to_string().ends_with("sent nothing for 50ms"),
        "{error}"
    );
}

#[tokio::test]
async fn idle_timeout_bounds_a_pause_within_an_answer() {
    let server = Server::start([Reply::Open(vec![BEGUN.to_vec()])]).await;
    let config = server.config_with(&[("GLASSBOX_AI_IDLE_TIMEOUT", "50ms")]);
    let model = config.connect(HttpClient::new());
    let mut stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.problem().code(), "model.timeout");
    assert!(error.usage().is_some(), "what was said has been paid for");
}

#[tokio::test]
async fn attempts_bound_how_often_a_call_is_tried() {
    let busy = || Reply::Whole(503, Vec::new(), String::new());
    let server = Server::start([busy(), busy(), busy()]).await;
    let config = server.config_with(&[("GLASSBOX_AI_ATTEMPTS", "2")]);
    let model = config.connect(HttpClient::new());
    let error = model.chat(&Cx::background(), &ask()).await.unwrap_err();
    assert_eq!(error.problem().code(), "model.unavailable");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn max_steps_bounds_an_assistant() {
    let server = Server::start([]).await;
    let config = server.config_with(&[("GLASSBOX_AI_MAX_STEPS", "2")]);
    let tools = Tools::default().with("again", async |_, _| Ok(json!(1)));
    let again = || calls(&[("a", "again", json!({}))]);
    let model = Scripted::new([again(), again()]);
    let failed = Assistant::new("guide")
        .configured(&config)
        .answer(&Cx::background(), &tools.world(&model), "Well?")
        .await
        .unwrap_err();
    assert_eq!(failed.problem().code(), "agent.step_limit");
    assert_eq!(failed.steps(), 2);
}
