//! A model server with scripted replies, byte for byte.

mod request;
mod writer;

pub use request::ModelRequest;

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

/// The reply to one request; the connection is closed after it.
#[derive(Clone, Debug)]
pub enum ModelReply {
    /// A status, headers and a body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// A stream of events, piece by piece.
    Stream(Vec<Vec<u8>>),
    /// A stream that stays open after its pieces.
    Open(Vec<Vec<u8>>),
    /// A stream that ends before the length stated in its head.
    Cut(Vec<u8>),
    /// Bytes, and then other bytes repeated until the client disconnects; silence if there are no other bytes. The
    /// first bytes include the head.
    Endless(Vec<u8>, Vec<u8>),
    /// No reply, ever.
    Silence,
}

impl ModelReply {
    /// A stream of these events with `[DONE]` at the end.
    pub fn events(events: &[&str]) -> Self {
        Self::Stream(vec![Self::stream_of(events).into_bytes()])
    }

    /// The body of an event stream, with `[DONE]` at the end.
    pub fn stream_of(events: &[&str]) -> String {
        let all = events.iter().chain(&["[DONE]"]);
        all.map(|event| format!("data: {event}\n\n")).collect()
    }

    /// A JSON document with a status.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let kind = ("content-type", "application/json".to_owned());
        Self::Whole(status, vec![kind], body.to_string())
    }

    /// A text with a status and a content type.
    pub fn text(status: u16, kind: &str, body: impl Into<String>) -> Self {
        Self::Whole(status, vec![("content-type", kind.to_owned())], body.into())
    }
}

type Answer = Box<dyn FnMut(&ModelRequest) -> ModelReply + Send>;

/// A server on a free loopback port, which stops when it is dropped.
///
/// ```
/// use glassbox_testkit::{ModelReply, ModelServer};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let server = ModelServer::start([ModelReply::events(&["{}"]), ModelReply::Silence]).await;
/// assert!(server.base_url().starts_with("http://127.0.0.1:"));
/// assert!(server.seen().is_empty());
/// # });
/// ```
pub struct ModelServer {
    base_url: String,
    seen: Arc<Mutex<Vec<ModelRequest>>>,
    left: Arc<Notify>,
    task: JoinHandle<()>,
}

impl ModelServer {
    /// Answers the requests in turn. Further requests are not accepted.
    ///
    /// # Panics
    /// If no port can be opened.
    pub async fn start(replies: impl IntoIterator<Item = ModelReply>) -> Self {
        let mut replies: VecDeque<ModelReply> = replies.into_iter().collect();
        let count = replies.len();
        let next = move |_: &ModelRequest| replies.pop_front().unwrap_or(ModelReply::Silence);
        Self::serve(Box::new(next), count).await
    }

    /// Computes each reply from the request, as a strict server does.
    ///
    /// # Panics
    /// If no port can be opened.
    pub async fn answering(
        answer: impl FnMut(&ModelRequest) -> ModelReply + Send + 'static,
    ) -> Self {
        Self::serve(Box::new(answer), usize::MAX).await
    }

    async fn serve(mut answer: Answer, count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr();
        let base_url = format!("http://{}/v1", address.expect("a listener has an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(Notify::new());
        let (log, gone) = (seen.clone(), left.clone());
        let task = tokio::spawn(async move {
            for _ in 0..count {
                let Ok((mut socket, _)) = listener.accept().await else {
                    return;
                };
                let Some(request) = request::read(&mut socket).await else {
                    continue;
                };
                let reply = answer(&request);
                locked(&log).push(request);
                let gone = gone.clone();
                tokio::spawn(async move {
                    if writer::write(socket, reply).await {
                        gone.notify_one();
                    }
                });
            }
        });
        Self {
            base_url,
            seen,
            left,
            task,
        }
    }

    /// The base URL of the API, which ends with `/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The requests so far.
    pub fn seen(&self) -> MutexGuard<'_, Vec<ModelRequest>> {
        locked(&self.seen)
    }

    /// Resolves when a client has disconnected from a stream that had not ended.
    pub async fn left(&self) {
        self.left.notified().await;
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ModelServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelServer")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// The guarded value is consistent whenever the lock is released.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
