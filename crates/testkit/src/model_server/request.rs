//! A received request.

use serde_json::Value;
use tokio::{io::AsyncReadExt, net::TcpStream};

/// A received request.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// The request line and the headers, in lower case.
    pub head: String,
    /// The body; null if it is not JSON.
    pub body: Value,
}

/// Reads the next request; `None` if the client disconnects before its end.
pub(super) async fn read(socket: &mut TcpStream) -> Option<ModelRequest> {
    let mut bytes = Vec::new();
    let mut more = [0; 4096];
    loop {
        let count = socket.read(&mut more).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&more[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Some(ModelRequest {
                head: head.to_lowercase(),
                body: serde_json::from_str(body).unwrap_or_default(),
            });
        }
    }
}
