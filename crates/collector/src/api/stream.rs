//! `/api/logs/stream`: the last hour of log records, then live, as server-sent events.
//!
//! A client is only a position in the store: records wait on disk, not in a queue per client. A
//! client that falls more than [`BACKLOG`] records behind skips to the newest of them and gets the
//! number of skipped records.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use glassbox_otlp::json;
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use tokio::sync::watch;

use super::params::Params;
use super::{Api, Failure};
use crate::clock;
use crate::query::{ANSWER_BYTES, Filter, LogPage, PageRange};

/// How many records a client may fall behind before it skips some.
pub(crate) const BACKLOG: usize = 1024;

/// How many records of the replay are read at a time.
const REPLAY_PAGE: usize = 256;

const HOUR: u64 = 3_600_000_000_000;

/// Counts the clients of the stream and the records that they skipped.
#[derive(Debug, Default)]
pub(crate) struct StreamStats {
    subscribers: AtomicU64,
    dropped: AtomicU64,
}

impl StreamStats {
    pub(crate) fn subscribers(&self) -> u64 {
        self.subscribers.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// One client.
struct Tail {
    api: Arc<Api>,
    filter: Arc<Filter>,
    /// The filter of the replay.
    replayed: Arc<Filter>,
    newest: watch::Receiver<u64>,
    /// The sequence number of the next record.
    position: u64,
    /// Records before this one are replayed without skipping any.
    live_from: u64,
    ready: VecDeque<Event>,
}

impl Tail {
    fn new(
        api: Arc<Api>,
        filter: Filter,
        replayed: Filter,
        position: u64,
        newest: watch::Receiver<u64>,
    ) -> Self {
        api.streams.subscribers.fetch_add(1, Ordering::Relaxed);
        let live_from = *newest.borrow();
        Self {
            api,
            filter: Arc::new(filter),
            replayed: Arc::new(replayed),
            newest,
            position,
            live_from,
            ready: VecDeque::new(),
        }
    }

    /// Waits for the next event; `None` when the backend shuts down.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let newest = *self.newest.borrow_and_update();
            if self.position >= newest {
                tokio::select! {
                    changed = self.newest.changed() => changed.ok()?,
                    () = self.api.stop.cancelled() => return None,
                }
                continue;
            }
            if self.api.stop.is_cancelled() {
                return None;
            }
            let page = self.page(newest).await?;
            self.position = page.next;
            if page.skipped > 0 {
                self.api
                    .streams
                    .dropped
                    .fetch_add(page.skipped, Ordering::Relaxed);
                let count = serde_json::json!({ "count": page.skipped }).to_string();
                self.ready
                    .push_back(Event::default().event("dropped").data(count));
            }
            self.ready.extend(page.entries.into_iter().map(|entry| {
                let data = json::to_string(&entry.data);
                Event::default()
                    .event("log")
                    .id(entry.sequence.to_string())
                    .data(data)
            }));
        }
    }

    async fn page(&self, newest: u64) -> Option<LogPage> {
        let from = self.position;
        let (range, filter) = if from < self.live_from {
            let range = PageRange {
                from,
                to: self.live_from,
                limit: REPLAY_PAGE,
                bytes: ANSWER_BYTES,
                newest: false,
            };
            (range, &self.replayed)
        } else {
            let range = PageRange {
                from,
                to: newest,
                limit: BACKLOG,
                bytes: ANSWER_BYTES,
                newest: true,
            };
            (range, &self.filter)
        };
        let (api, filter) = (Arc::clone(&self.api), Arc::clone(filter));
        tokio::task::spawn_blocking(move || api.query.log_page(&filter, range))
            .await
            .ok()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.api.streams.subscribers.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) async fn stream(
    State(api): State<Arc<Api>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let params = Params::parse(raw.as_deref(), &["service", "severity", "query"])?;
    let filter = params.filter(api.max_records)?;
    // Subscribe before choosing the start, so that no record is between replay and live.
    let newest = api.store.follow_logs();
    let mut replayed = filter.clone();
    let position = match last_event(&headers)? {
        Some(last) => last + 1,
        None => {
            let query = api.query.clone();
            let since = clock::unix_nanos().saturating_sub(HOUR);
            // Older records that arrived late are among those of the last hour.
            replayed.predicate = replayed.predicate.since(Some(since));
            let found = tokio::task::spawn_blocking(move || query.first_log_since(since)).await;
            found.ok().flatten().unwrap_or_else(|| *newest.borrow())
        }
    };
    let heartbeat = KeepAlive::new().interval(api.heartbeat).text("");
    // A cursor of another store may be in the future: then there is no replay.
    let position = position.min(*newest.borrow());
    let tail = Tail::new(api, filter, replayed, position, newest);
    let events = stream::unfold(tail, async |mut tail| {
        let event = tail.next().await?;
        Some((Ok::<_, Infallible>(event), tail))
    });
    let sse = Sse::new(events).keep_alive(heartbeat);
    Ok(([(CACHE_CONTROL, "no-store")], sse).into_response())
}

fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    const NAME: &str = "last-event-id";
    let Some(value) = headers.get(NAME) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let cursor = text.parse::<u64>().ok().filter(|cursor| *cursor < u64::MAX);
    cursor.map(Some).ok_or_else(|| {
        let message = format!("Last-Event-ID is {text:?}; it must be the id of an event");
        Failure::invalid("Last-Event-ID", message)
    })
}
