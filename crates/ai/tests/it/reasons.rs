//! The provider's reason reaches the user, whatever its form.

use crate::server::{Reply, Server};
use futures_util::StreamExt;
use glassbox_ai::Resilient;
use glassbox_core::{
    Category, ChatEvent, ChatModel, ChatRequest, Cx, Decide, FinishReason, Message, ModelError,
    Retry,
};
use glassbox_instrument::SystemClock;
use glassbox_resilience::{BreakerConfig, RetryPolicy};
use serde_json::{Value, json};
use std::sync::Arc;

fn ask() -> ChatRequest {
    ChatRequest::new([Message::user("Well?")])
}

async fn fails(reply: Reply) -> ModelError {
    let server = Server::start([reply]).await;
    let stream = server.model().stream(&Cx::background(), &ask()).await;
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(ChatEvent::Finished(response)) => panic!("it finished: {response:?}"),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
    panic!("it ended without an error");
}

#[tokio::test]
async fn a_reason_is_found_in_every_body() {
    for (body, says) in [
        (
            json!({"error": "no such thing"}).to_string(),
            "no such thing",
        ),
        (
            json!({"error": {"message": "no such thing"}}).to_string(),
            "no such thing",
        ),
        (
            json!([{"error": {"message": "no such thing"}}]).to_string(),
            "no such thing",
        ),
        (
            json!({"detail": "no such thing"}).to_string(),
            "no such thing",
        ),
        (
            json!({"detail": [{"loc": ["body", "x"], "msg": "no such thing"}]}).to_string(),
            "body.x: no such thing",
        ),
        (
            json!({"message": "no such thing"}).to_string(),
            "no such thing",
        ),
        ("no such thing".to_owned(), "no such thing"),
        (
            "<html><title>no such thing</title></html>".to_owned(),
            "no such thing",
        ),
        (
            "event: error\ndata: {\"error\": \"no such thing\"}\n\n".to_owned(),
            "no such thing",
        ),
    ] {
        for kind in ["application/json", "text/html"] {
            let error = fails(Reply::text(400, kind, body.clone())).await;
            let expected = format!("refuses the request (status 400): {says}");
            assert!(error.to_string().ends_with(&expected), "{body}: {error}");
        }
    }
}

#[tokio::test]
async fn a_reason_is_found_in_every_place_of_a_stream() {
    let choice = json!({"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "too busy"}}]});
    for event in [
        "event: error\ndata: {\"message\":\"too busy\",\"type\":\"overloaded_error\"}\n\n"
            .to_owned(),
        "event: error\ndata: too busy\n\n".to_owned(),
        format!("data: {}\n\n", json!({"error": {"message": "too busy"}})),
        format!("data: {}\n\n", json!({"error": "too busy"})),
        format!(
            "data: {}\n\n",
            json!({"error": "too busy", "choices": [{"delta": {}}]})
        ),
        format!(
            "data: {}\n\n",
            json!({"object": "error", "message": "too busy", "code": 503})
        ),
        format!(
            "data: {}\n\n",
            json!({"type": "error", "error": {"message": "too busy"}})
        ),
        format!("data: {}\n\n", json!({"detail": "too busy"})),
        format!("data: {choice}\n\n"),
        "data: [ERROR] too busy\n\n".to_owned(),
        format!("{}\n\n", json!({"error": {"message": "too busy"}})),
    ] {
        let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"par\"}}]}\n\n";
        let body = format!("{begun}{event}");
        let error = fails(Reply::Stream(vec![body.into_bytes()])).await;
        assert!(error.to_string().ends_with("too busy"), "{event}: {error}");
        assert_eq!(error.problem().category(), Category::Unavailable);
        assert_eq!(error.partial().unwrap().message.text(), "par", "{event}");
    }
}

#[tokio::test]
async fn context_and_quota_are_kinds_of_their_own() {
    for (status, body, code) in [
        (
            400,
            json!({"error": {"message": "This model's maximum context length is 8 tokens"}}),
            "model.context_too_long",
        ),
        (
            400,
            json!({"error": {"type": "exceed_context_size_error", "message": "no"}}),
            "model.context_too_long",
        ),
        (
            413,
            json!({"error": "prompt is too long: 9 tokens > 8 maximum"}),
            "model.context_too_long",
        ),
        (
            500,
            json!({"detail": "Input is too long for requested model"}),
            "model.context_too_long",
        ),
        (
            429,
            json!({"error": {"message": "You exceeded your current quota"}}),
            "model.quota_exhausted",
        ),
        (
            402,
            json!({"error": {"message": "Insufficient Balance"}}),
            "model.quota_exhausted",
        ),
        (
            400,
            json!({"error": {"message": "Your credit balance is too low"}}),
            "model.quota_exhausted",
        ),
        (
            429,
            json!({"error": {"message": "Rate limit reached for tokens per minute"}}),
            "model.rate_limited",
        ),
    ] {
        let error = fails(Reply::json(status, &body)).await;
        assert_eq!(error.problem().code(), code, "{body}");
        let in_stream = Reply::events(&[&body.to_string()]);
        assert_eq!(
            fails(in_stream).await.problem().code(),
            code,
            "in a stream: {body}"
        );
    }
}

fn finished(word: Value) -> Reply {
    let said = json!({"choices": [{"delta": {"content": "par"}}]}).to_string();
    let end = json!({"choices": [{"delta": {}, "finish_reason": word}]}).to_string();
    Reply::events(&[&said, &end])
}

#[tokio::test]
async fn failed_is_failed_and_keeps_what_came() {
    for word in [
        "error",
        "insufficient_system_resource",
        "MALFORMED_FUNCTION_CALL",
        "abort",
    ] {
        let error = fails(finished(json!(word))).await;
        assert_eq!(error.problem().code(), "model.failed");
        assert!(
            error
                .to_string()
                .ends_with(&format!("ended its answer with '{word}'")),
            "{error}"
        );
        let partial = error.partial().unwrap();
        assert_eq!(partial.message.text(), "par");
        assert_eq!(partial.finish, FinishReason::Other(word.to_owned()));
        assert!(error.usage().is_some());
    }
    assert_eq!(
        fails(finished(json!("whatever"))).await.retry(),
        Retry::Never
    );
}

#[tokio::test]
async fn an_answer_at_the_token_limit_says_so() {
    for word in ["length", "MAX_TOKENS", "max_output_tokens"] {
        let server = Server::start([finished(json!(word))]).await;
        let answer = server
            .model()
            .chat(&Cx::background(), &ask())
            .await
            .unwrap();
        assert!(answer.is_truncated(), "{word}");
        assert_eq!(answer.message.text(), "par");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_asked_for_again() {
    for body in [
        "{\"choices\": [",
        "<html><title>Welcome</title></html>",
        "data: {{{{\n\ndata: [DONE]\n\n",
        "hello",
        "data: \"[\"\n\n",
    ] {
        let body = body.to_owned();
        let server =
            Server::answering(move |_| Reply::text(200, "application/json", body.clone())).await;
        let policy = RetryPolicy::default();
        let clock = Arc::new(SystemClock);
        let model = Resilient::try_new(server.model(), policy, BreakerConfig::default(), clock);
        let error = model
            .unwrap()
            .chat(&Cx::background(), &ask())
            .await
            .unwrap_err();
        assert_eq!(error.problem().code(), "model.bad_answer", "{error}");
        assert!(
            error.to_string().ends_with("is OPENAI_BASE_URL right?"),
            "{error}"
        );
        assert_eq!(server.seen().len(), 1);
    }
}
