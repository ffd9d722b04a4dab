//! Queries the collector's `health_check` extension.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::render::READY;

/// Timeout of a query; the handler only reads a flag.
const ANSWER: Duration = Duration::from_secs(2);

/// Interval of queries to a running collector, and how many in a row may fail.
const ASK_AGAIN: Duration = Duration::from_secs(5);
const SILENCES: u32 = 4;

/// Limit of a response in bytes.
const LONGEST: u64 = 8 * 1024;

/// The response of a healthy collector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Health {
    /// Since when, as the collector writes it; a reload changes it.
    #[serde(rename = "upSince", default)]
    up_since: String,
}

/// Returns the response of a healthy collector; `None` if it is not healthy or does not respond.
pub(crate) async fn ask(address: SocketAddr) -> Option<Health> {
    let answer = timeout(ANSWER, get(address)).await.ok()?.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let is_well = head.split(' ').nth(1) == Some("200");
    // The body has no fixed form; only the status counts.
    is_well.then(|| serde_json::from_str(body).unwrap_or_default())
}

/// Waits until a collector that was healthy has been unhealthy or silent for a while.
pub(crate) async fn lost(address: SocketAddr) {
    let mut silences = 0;
    while silences < SILENCES {
        sleep(ASK_AGAIN).await;
        match ask(address).await {
            Some(_) => silences = 0,
            None => silences += 1,
        }
    }
}

/// Reads the raw response; without keep-alive it ends with the connection.
async fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {READY} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn answered(answer: &'static str) -> Option<Health> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // To its end: closing a connection with something unread resets it.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let health = ask(address).await;
        server.await.unwrap();
        health
    }

    #[tokio::test]
    async fn a_200_is_well_and_says_since_when() {
        let body = r#"{"status":"Server available","upSince":"2026-11-21T07:48:10Z"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
        let health = answered(answer.leak()).await.unwrap();
        assert_eq!(health.up_since, "2026-11-21T07:48:10Z");
        let other = answered("HTTP/1.1 200 OK\r\n\r\nfine").await;
        assert_eq!(other, Some(Health::default()));
    }

    #[tokio::test]
    async fn anything_else_is_not() {
        assert_eq!(answered("HTTP/1.1 503 Unavailable\r\n\r\n{}").await, None);
        assert_eq!(answered("hello").await, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(ask(gone).await, None);
    }
}
