//! Failures of every kind.

use crate::server::{Reply, Server, stream};
use futures_util::StreamExt;
use glassbox_ai::{HttpModel, ModelConfig};
use glassbox_config::Environment;
use glassbox_core::{
    Blame, Category, ChatEvent, ChatModel, ChatRequest, Cx, Deadline, Decide, Message, ModelError,
    Retry, UsageSource,
};
use glassbox_instrument::{HttpClient, SystemClock};
use serde_json::json;
use std::time::Duration;

const BEGUN: &str = r#"{"choices":[{"index":0,"delta":{"content":"In Tromsø"}}]}"#;

fn ask() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Is it dark?")])
}

/// The number of events before the failure, and the failure.
async fn fail(server: &Server) -> (usize, ModelError) {
    let stream = server.model().stream(&Cx::background(), &ask()).await;
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return (0, error),
    };
    let mut heard = 0;
    while let Some(event) = stream.next().await {
        match event {
            Ok(ChatEvent::Finished(response)) => panic!("it finished: {response:?}"),
            Ok(_) => heard += 1,
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing follows an error");
                return (heard, error);
            }
        }
    }
    panic!("it ended without an error");
}

fn refusal(status: u16, error: serde_json::Value) -> Reply {
    let kind = ("content-type", "application/json".to_owned());
    let wait = ("retry-after", "7".to_owned());
    Reply::Whole(
        status,
        vec![kind, wait],
        json!({"error": error}).to_string(),
    )
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (status, error, code, says) in [
        (
            401,
            json!({"message": "Incorrect API key provided.", "code": "invalid_api_key"}),
            "model.unauthenticated",
            "does not accept the key; check OPENAI_API_KEY: Incorrect API key provided",
        ),
        (
            404,
            json!({"message": "The model `gpt-test` does not exist", "code": "model_not_found"}),
            "model.not_found",
            "there is no gpt-test at http://127.0.0.1",
        ),
        (
            400,
            json!({"message": "too long", "code": "context_length_exceeded"}),
            "model.context_too_long",
            "the conversation is too long for gpt-test: too long",
        ),
        (
            429,
            json!({"message": "You exceeded your current quota", "code": "insufficient_quota"}),
            "model.quota_exhausted",
            "is used up: You exceeded your current quota",
        ),
        (
            400,
            json!({"message": "no such field"}),
            "model.refused",
            "refuses the request (status 400): no such field",
        ),
    ] {
        let server = Server::start([refusal(status, error)]).await;
        let (_, error) = fail(&server).await;
        assert_eq!(error.problem().code(), code);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains(server.base_url()) || code == "model.context_too_long");
        assert_eq!(error.retry(), Retry::Never, "{code}");
        assert!(!error.to_string().contains("sk-test"));
    }
}

#[tokio::test]
async fn what_may_pass_is_to_be_tried_again_and_not_too_soon() {
    for (status, category) in [
        (429, Category::RateLimited),
        (500, Category::Unavailable),
        (503, Category::Unavailable),
        (529, Category::Unavailable),
    ] {
        let server = Server::start([refusal(status, json!({"message": "busy"}))]).await;
        let (_, error) = fail(&server).await;
        assert_eq!(error.problem().category(), category);
        assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
        assert_eq!(error.blame(), Blame::Peer);
    }
}

#[tokio::test]
async fn a_refusal_without_the_shape_of_the_api_is_a_refusal() {
    let page = "<html>Bad gateway</html>".to_owned();
    let server = Server::start([Reply::Whole(502, Vec::new(), page)]).await;
    let (_, error) = fail(&server).await;
    assert_eq!(error.problem().category(), Category::Unavailable);
    assert!(error.to_string().contains("(status 502)"), "{error}");
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_stream_with_its_usage() {
    let error = r#"{"error":{"message":"The server is overloaded","type":"server_error"}}"#;
    let server = Server::streaming(&[BEGUN, error]).await;
    let (heard, error) = fail(&server).await;
    assert_eq!(heard, 1);
    assert_eq!(error.problem().code(), "model.failed");
    assert!(error.to_string().contains("overloaded"), "{error}");
    let usage = error.usage().unwrap();
    assert_eq!(usage.source, UsageSource::Estimated);
    // "In Tromsø" has 9 characters, "Is it dark?" has 11.
    assert_eq!((usage.input, usage.output), (3, 3));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_no_answer() {
    let begun = format!("data: {BEGUN}\n\n");
    for reply in [
        Reply::Stream(vec![begun.clone().into_bytes()]),
        Reply::Stream(vec![
            format!("{begun}data: {{\"choices\":[{{\"in").into_bytes(),
        ]),
        Reply::Cut(begun.clone().into_bytes()),
    ] {
        let server = Server::start([reply]).await;
        let (heard, error) = fail(&server).await;
        assert_eq!(heard, 1);
        assert_eq!(error.problem().category(), Category::Unavailable);
        assert_eq!(error.blame(), Blame::Peer);
        assert_eq!(error.usage().unwrap().output, 3);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_last_word_costs_nothing() {
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let body = format!("data: {BEGUN}\n\ndata: {end}\n\n");
    let server = Server::start([Reply::Cut(body.into_bytes())]).await;
    let model = server.model();
    let stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    let events: Vec<_> = stream.collect().await;
    let Some(Ok(ChatEvent::Finished(response))) = events.last() else {
        panic!("it did not finish: {events:?}");
    };
    assert_eq!(response.message.text(), "In Tromsø");
    assert_eq!(response.usage.source, UsageSource::Estimated);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_said_to() {
    let kind = || vec![("content-type", "application/json".to_owned())];
    for (body, says) in [
        (
            "{\"choices\":[]}",
            "the answer has neither text nor tool calls",
        ),
        ("{\"choices\":", "it is not valid JSON (line 1 column 11)"),
        ("{\"choices\":7}", "its choices cannot be understood"),
        (
            "{\"error\":{\"message\":\"no\",\"code\":503}}",
            "(status 503): no",
        ),
    ] {
        let server = Server::start([Reply::Whole(200, kind(), body.to_owned())]).await;
        let error = server
            .model()
            .chat(&Cx::background(), &ask())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_deadline_ends_a_silent_server_and_a_silent_stream() {
    let begun = format!("data: {BEGUN}\n\n").into_bytes();
    for (reply, said) in [(Reply::Silence, 0), (Reply::Open(vec![begun]), 1)] {
        let server = Server::start([reply]).await;
        let deadline = Deadline::after(&SystemClock, Duration::from_millis(200));
        let cx = Cx::background().with_deadline(deadline);
        let model = server.model();
        let (heard, error) = match model.stream(&cx, &ask()).await {
            Err(error) => (0, error),
            Ok(mut stream) => {
                stream.next().await.unwrap().unwrap();
                (1, stream.next().await.unwrap().unwrap_err())
            }
        };
        assert_eq!(heard, said);
        assert_eq!(error.problem().code(), "model.deadline");
        assert_eq!(error.blame(), Blame::Caller, "the model had no chance");
        assert_eq!(error.retry(), Retry::Never);
        server.left().await;
    }
}

#[tokio::test]
async fn dropping_a_stream_tells_the_server() {
    let begun = format!("data: {BEGUN}\n\n").into_bytes();
    let server = Server::start([Reply::Open(vec![begun])]).await;
    let model = server.model();
    let mut stream = model.stream(&Cx::background(), &ask()).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    server.left().await;
}

#[tokio::test]
async fn a_model_that_is_not_there_is_named_with_its_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let environment = Environment::from([("OPENAI_BASE_URL", url.as_str())]);
    let config = ModelConfig::from_environment(&environment).unwrap();
    let model = HttpModel::new(&config.providers()[0], HttpClient::new());
    let error = model.chat(&Cx::background(), &ask()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!(
            "the model at {url}/chat/completions cannot be reached"
        )),
        "{text}"
    );
    assert!(
        text.ends_with("is it running, and is OPENAI_BASE_URL right?"),
        "{text}"
    );
    assert_eq!(error.retry(), Retry::Backoff);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_quoted() {
    // Errors are logged and recorded on spans; content is not, unless content capture is on.
    let kind = ("content-type", "application/json".to_owned());
    let whole = Reply::Whole(200, vec![kind], json!({"choices": "my secret"}).to_string());
    for (reply, says) in [
        (whole, "its choices cannot be understood"),
        (
            Reply::Stream(vec![stream(&[r#"{"choices":"my secret"}"#]).into_bytes()]),
            "its choices cannot be understood",
        ),
    ] {
        let server = Server::start([reply]).await;
        let (_, error) = fail(&server).await;
        let message = error.problem().message();
        assert!(message.contains(says), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn an_error_in_place_of_the_first_piece_used_nothing_known() {
    let error = r#"{"error":{"message":"overloaded","code":"server_error"}}"#;
    let server = Server::streaming(&[error]).await;
    let (heard, error) = fail(&server).await;
    assert_eq!((heard, error.usage()), (0, None));
}
