//! Runs queries on dedicated threads, a few at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use glassbox_core::{Category, Problem};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::overload::busy;

/// How many queries run at a time.
const RUNNING: usize = 4;

/// How many queries may wait.
const WAITING: usize = 64;

/// Limit in KiB of responses that their clients have not read yet.
const ANSWERS: usize = 64 << 10;

/// How much of a response is passed to the connection at a time.
const PIECE: usize = 64 << 10;

/// How long a query waits to run, and its response for memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The threads that read the store for the API.
///
/// # Bounds
/// Four queries run at a time and 64 wait, for at most 10 s; others are refused. Responses that their
/// clients have not read yet have 64 MiB together.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    threads: Handle,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Readers {
    /// Uses the blocking threads of `threads`.
    pub(crate) fn new(threads: &Handle) -> Self {
        Self {
            threads: threads.clone(),
            running: Arc::new(Semaphore::new(RUNNING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            answers: Arc::new(Semaphore::new(ANSWERS)),
        }
    }

    /// Runs `work` when a slot is free. It runs to its end even if the client disconnects.
    ///
    /// # Errors
    /// Fails if too many queries wait, or if `work` panics.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (result, _turn) = self.run(work).await?;
        Ok(result)
    }

    /// Runs `work`, whose result is an answer, and returns the answer when there is memory for it.
    ///
    /// # Errors
    /// Fails if too many queries wait, if too many answers are not read by their clients, or if `work`
    /// panics.
    pub(crate) async fn answer(
        &self,
        work: impl FnOnce() -> serde_json::Result<Vec<u8>> + Send + 'static,
    ) -> Result<Answer, Problem> {
        // The next query begins only when this answer has its share of memory, so that answers do not pile up.
        let (bytes, _turn) = self.run(work).await?;
        let bytes = bytes.map_err(|_| failed("the result could not be written as JSON"))?;
        let size = (bytes.len() >> 10).clamp(1, ANSWERS);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let share = timeout(PATIENCE, Arc::clone(&self.answers).acquire_many_owned(size));
        let Ok(Ok(share)) = share.await else {
            let message = "earlier answers wait for clients that do not read them; try again";
            return Err(busy("backend.answers", message));
        };
        Ok(Answer {
            bytes: bytes.into(),
            _share: share,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, OwnedSemaphorePermit), Problem> {
        let too_many = || {
            let message = format!("{RUNNING} queries run and {WAITING} wait; try again");
            busy("backend.queries", message)
        };
        let waiting = self.waiting.try_acquire().map_err(|_| too_many())?;
        let turn = timeout(PATIENCE, Arc::clone(&self.running).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(too_many());
        };
        drop(waiting);
        // The turn is kept until the work ends, even if the client disconnects.
        let work = move || (work(), turn);
        let done = self.threads.spawn_blocking(work).await;
        done.map_err(|_| failed("the query failed; the log of the backend has the reason"))
    }
}

fn failed(message: &str) -> Problem {
    Problem::new(Category::Internal, "backend.internal", message)
}

/// An answer with its share of the memory for answers.
#[derive(Debug)]
pub(crate) struct Answer {
    bytes: Bytes,
    /// Returned when the answer is read.
    _share: OwnedSemaphorePermit,
}

impl Answer {
    /// Returns the length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Turns the answer into a body. Its memory is free when the client has read it.
    pub(crate) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, async |mut answer| {
            let length = answer.bytes.len().min(PIECE);
            let piece = answer.bytes.split_to(length);
            (length > 0).then_some((Ok::<_, Infallible>(piece), answer))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_waits_until_earlier_ones_are_read() {
        let readers = Readers::new(&Handle::current());
        let make = || Ok(vec![b'x'; 40 << 20]);
        let first = readers.answer(make).await.unwrap();
        let refused = readers.answer(make).await.unwrap_err();
        assert_eq!(refused.code(), "backend.answers");
        let body = axum::body::to_bytes(first.into_body(), usize::MAX).await;
        assert_eq!(body.unwrap().len(), 40 << 20);
        readers.answer(make).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_too_many_is_refused_with_the_reason() {
        let readers = Readers::new(&Handle::current());
        let (release, wait) = std::sync::mpsc::sync_channel::<()>(0);
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let started: Vec<_> = (0..RUNNING + WAITING)
            .map(|_| {
                let (readers, wait) = (readers.clone(), Arc::clone(&wait));
                let blocked =
                    async move { readers.read(move || wait.lock().unwrap().recv()).await };
                tokio::spawn(blocked)
            })
            .collect();
        while readers.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = readers.read(|| ()).await.unwrap_err();
        assert_eq!(refused.code(), "backend.queries");
        assert!(refused.retry_after().is_some());
        drop(release);
        for one in started {
            // The running queries finish, and so do those that wait for them.
            assert!(one.await.unwrap().is_ok());
        }
    }
}
