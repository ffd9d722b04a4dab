//! Access to the model.

use glassbox_guard::Keys;
use offline_model::Access;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const BODY: &str = r#"{"model":"offline","messages":[{"role":"user","content":"hi"}]}"#;

async fn start(access: Access) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        async move { offline_model::serve(listener, &access, std::future::pending()).await },
    );
    address
}

async fn ask(address: SocketAddr, lines: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = lines.join("\r\n");
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let status = response.split(' ').nth(1).unwrap_or_default();
    (status.parse().unwrap_or(0), response)
}

const JSON: &str = "content-type: application/json";

#[tokio::test]
async fn a_web_page_cannot_ask_the_model_of_this_machine() {
    let address = start(Access::default()).await;
    for (lines, expected) in [
        (&["host: localhost", JSON][..], 200),
        (&["host: evil.example", JSON], 403),
        (
            &["host: localhost", JSON, "origin: http://evil.example"],
            403,
        ),
        (&["host: localhost", "content-type: text/plain"], 415),
        (&["host: localhost"], 415),
    ] {
        let (status, response) = ask(address, lines).await;
        assert_eq!(status, expected, "{lines:?}: {response}");
        // Clients read errors in OpenAI's format.
        assert!(
            status == 200 || response.contains(r#"{"error":{"#),
            "{response}"
        );
    }
}

#[tokio::test]
async fn with_a_key_every_question_needs_it() {
    let access = Access {
        keys: Keys::try_new(["sesame"]).unwrap(),
        ..Access::default()
    };
    let address = start(access).await;
    let key = "authorization: Bearer sesame";
    let (status, response) = ask(address, &["host: offline-model:4390", JSON, key]).await;
    assert_eq!(status, 200, "{response}");
    let (status, response) = ask(address, &["host: localhost", JSON]).await;
    assert_eq!(status, 401, "{response}");
    assert!(response.contains("Authorization: Bearer KEY"), "{response}");
}

#[test]
fn beyond_loopback_a_key_or_consent_is_required() {
    let everywhere = "0.0.0.0:4390".parse().unwrap();
    let error = Access::default().check(everywhere).unwrap_err().to_string();
    assert!(error.contains("GLASSBOX_OFFLINE_MODEL_KEY"), "{error}");
    assert!(error.contains("--allow-anonymous"), "{error}");
    let open = Access {
        allow_anonymous: true,
        ..Access::default()
    };
    open.check(everywhere).unwrap();
}
