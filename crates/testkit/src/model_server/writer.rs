//! Writes a reply.

use super::ModelReply;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";

/// Writes `reply`. Returns whether the client disconnected from a reply that had not ended.
pub(super) async fn write(mut socket: TcpStream, reply: ModelReply) -> bool {
    let mut stays = false;
    let pieces = match reply {
        ModelReply::Whole(status, headers, body) => {
            let headers = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"));
            let headers: String = headers.collect();
            let length = body.len();
            let reply = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
            );
            vec![reply.into_bytes()]
        }
        ModelReply::Stream(body) => stream(body),
        ModelReply::Open(body) => {
            stays = true;
            stream(body)
        }
        ModelReply::Cut(body) => {
            let length = body.len() + 100;
            let head = format!("{STREAM}content-length: {length}\r\n\r\n");
            vec![head.into_bytes(), body]
        }
        ModelReply::Endless(first, again) if again.is_empty() => {
            stays = true;
            vec![first]
        }
        ModelReply::Endless(first, again) => {
            if socket.write_all(&first).await.is_ok() {
                while socket.write_all(&again).await.is_ok() {}
            }
            return true;
        }
        ModelReply::Silence => {
            stays = true;
            Vec::new()
        }
    };
    // Makes it likely that pieces arrive one by one; no test depends on it.
    let _without_delay = socket.set_nodelay(true);
    for piece in pieces {
        if socket.write_all(&piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if stays {
        let mut rest = [0; 64];
        // Zero bytes or an error means that the client disconnected.
        while matches!(socket.read(&mut rest).await, Ok(1..)) {}
    }
    stays
}

fn stream(body: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let head = format!("{STREAM}\r\n").into_bytes();
    std::iter::once(head).chain(body).collect()
}
