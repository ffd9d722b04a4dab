//! A proxy between the application and the collector that records the wire data.

mod grpc;
mod http;

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// Forwards everything in both directions, and keeps what the application sent.
pub(crate) struct Wire {
    authority: String,
    /// One buffer for each connection.
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    running: AbortHandle,
}

/// One export request.
#[derive(Debug)]
pub(crate) struct Message {
    /// The path of the method or of the endpoint, and other headers. Empty over gRPC, whose headers are
    /// compressed relative to each other.
    pub(crate) head: String,
    /// Whether the message itself is flagged as compressed. Over HTTP, a header states this instead.
    pub(crate) flagged: bool,
    pub(crate) body: Vec<u8>,
}

impl Wire {
    /// Starts a proxy on its own port for connections to `authority`.
    pub(crate) async fn to(authority: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let sent: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let keep = Arc::clone(&sent);
        let running = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let to = TcpStream::connect(&authority).await.unwrap();
                tokio::spawn(hand_on(from, to, Arc::clone(&keep)));
            }
        });
        Self {
            authority: own,
            sent,
            running: running.abort_handle(),
        }
    }

    /// The endpoint that the application uses in place of the collector.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The HTTP/1.1 requests so far.
    pub(crate) fn http(&self) -> Vec<Message> {
        let sent = self.sent.lock().unwrap();
        sent.iter().flat_map(|sent| http::messages(sent)).collect()
    }

    /// The number of gRPC calls started so far.
    pub(crate) fn calls(&self) -> usize {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|sent| grpc::calls(sent)).sum()
    }

    /// The gRPC messages so far.
    pub(crate) fn grpc(&self) -> Vec<Message> {
        let sent = self.sent.lock().unwrap();
        sent.iter().flat_map(|sent| grpc::messages(sent)).collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn hand_on(from: TcpStream, to: TcpStream, keep: Arc<Mutex<Vec<Vec<u8>>>>) {
    let (mut requests, mut answered) = from.into_split();
    let (mut answers, mut requested) = to.into_split();
    let at = {
        let mut keep = keep.lock().unwrap();
        keep.push(Vec::new());
        keep.len() - 1
    };
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = requests.read(&mut buffer).await {
            keep.lock().unwrap()[at].extend_from_slice(&buffer[..read]);
            if requested.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        // Either end may already be closed.
        let _ = requested.shutdown().await;
    };
    let back = async {
        let _ = copy(&mut answers, &mut answered).await;
        let _ = answered.shutdown().await;
    };
    tokio::join!(there, back);
}
