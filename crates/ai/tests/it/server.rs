//! An HTTP server that writes what it is told to, byte for byte.

use glassbox_ai::{HttpModel, ModelConfig};
use glassbox_config::Environment;
use glassbox_instrument::HttpClient;
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What is written in answer to one request; the connection is closed after it.
pub(crate) enum Reply {
    /// A status line, headers and a body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// A stream, piece by piece.
    Stream(Vec<Vec<u8>>),
    /// A stream that stays open after its pieces.
    Open(Vec<Vec<u8>>),
    /// A stream that says it is longer than it is.
    Cut(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

/// One request as it came.
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

pub(crate) struct Server {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    left: Arc<Notify>,
}

impl Server {
    /// Answers the requests in turn; one more is a failure of the test.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(Notify::new());
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        let (log, gone) = (seen.clone(), left.clone());
        tokio::spawn(async move {
            while let Some(reply) = replies.pop_front() {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read(&mut socket).await;
                log.lock().unwrap().push(request);
                let gone = gone.clone();
                tokio::spawn(async move { answer(socket, reply, &gone).await });
            }
        });
        Self {
            base_url,
            seen,
            left,
        }
    }

    /// A server that streams these events.
    pub(crate) async fn streaming(events: &[&str]) -> Self {
        Self::start([Reply::Stream(vec![stream(events).into_bytes()])]).await
    }

    /// The model behind the server, bare.
    pub(crate) fn model(&self) -> HttpModel {
        HttpModel::new(&self.config().providers()[0], HttpClient::new())
    }

    pub(crate) fn config(&self) -> ModelConfig {
        self.config_with(&[])
    }

    /// The configuration of an environment with these variables too.
    pub(crate) fn config_with(&self, more: &[(&str, &str)]) -> ModelConfig {
        let own = [
            ("OPENAI_BASE_URL", self.base_url.as_str()),
            ("OPENAI_API_KEY", "sk-test"),
            ("OPENAI_MODEL", "gpt-test"),
        ];
        let environment: Environment = own.iter().chain(more).copied().collect();
        ModelConfig::from_environment(&environment).unwrap()
    }

    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap()
    }

    /// Resolves once a client has left an open stream.
    pub(crate) async fn left(&self) {
        self.left.notified().await;
    }
}

/// Events as they stand in a stream, `[DONE]` at the end.
pub(crate) fn stream(events: &[&str]) -> String {
    let all = events.iter().chain(&["[DONE]"]);
    all.map(|event| format!("data: {event}\n\n")).collect()
}

async fn read(socket: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let mut more = [0; 4096];
    loop {
        let count = socket.read(&mut more).await.unwrap();
        assert!(count > 0, "the request ended early");
        bytes.extend_from_slice(&more[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        if body.len() >= length {
            return Seen {
                head: head.to_lowercase(),
                body: serde_json::from_str(body).unwrap_or_default(),
            };
        }
    }
}

async fn answer(mut socket: TcpStream, reply: Reply, gone: &Notify) {
    const STREAM: &str =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";
    let mut pieces = Vec::new();
    let mut stays = false;
    match reply {
        Reply::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            pieces.push(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes());
        }
        Reply::Stream(body) => {
            pieces.push(format!("{STREAM}\r\n").into_bytes());
            pieces.extend(body);
        }
        Reply::Open(body) => {
            pieces.push(format!("{STREAM}\r\n").into_bytes());
            pieces.extend(body);
            stays = true;
        }
        Reply::Cut(body) => {
            let length = body.len() + 100;
            pieces.push(format!("{STREAM}content-length: {length}\r\n\r\n").into_bytes());
            pieces.push(body);
        }
        Reply::Silence => stays = true,
    }
    socket.set_nodelay(true).unwrap();
    for piece in pieces {
        if socket.write_all(&piece).await.is_err() {
            break;
        }
        // Lets the reader take this piece alone, as a rule; nothing depends on it.
        tokio::task::yield_now().await;
    }
    if stays {
        let mut rest = [0; 64];
        // Zero bytes, or an error: the client left.
        while matches!(socket.read(&mut rest).await, Ok(1..)) {}
        gone.notify_one();
    }
}
