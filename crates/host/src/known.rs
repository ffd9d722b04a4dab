//! The last known list of a remote registry.

use glassbox_core::{Category, Cx, Filter, Problem, ServiceInfo};
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a list is fresh.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// The interval between log messages about an unavailable registry.
const REMINDER: Duration = Duration::from_secs(60);

/// A registry that returns its whole list.
pub(crate) trait Source: Send + Sync + 'static {
    /// Its name in the log.
    fn name(&self) -> impl fmt::Display + Send + '_;

    /// Returns all registrations, ready or not, within its own timeout. With a `Cx`, the request has a
    /// span in that trace.
    fn list(
        &self,
        cx: Option<&Cx>,
    ) -> impl Future<Output = Result<Vec<ServiceInfo>, Problem>> + Send;
}

/// The last known list of a registry. Cheap to clone.
///
/// The whole list is read at once and cached while it is fresh; concurrent readers share one request.
/// While the registry is unavailable, the last known list is served. The first reader to notice waits
/// for the timeout of the source, later readers do not wait, and requests continue in the background.
/// A list that is older than the limit is no longer served.
pub(crate) struct Known<S>(Arc<Inner<S>>);

struct Inner<S> {
    source: S,
    fresh: Duration,
    last_known: Duration,
    heard: Mutex<Heard>,
    /// Held during a request.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Heard {
    /// The list, and when it was received.
    list: Option<(Arc<[ServiceInfo]>, Instant)>,
    /// When the last failed request was made, and its error.
    tried: Option<(Instant, Result<(), Problem>)>,
    /// When the unavailability was last logged.
    told: Option<Instant>,
}

impl<S> Clone for Known<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Source> Known<S> {
    /// Caches the lists of this source for the given time (zero: no caching), and uses them for up to the
    /// given limit while the source is unavailable.
    pub(crate) fn new(source: S, fresh: Duration, last_known: Duration) -> Self {
        Self(Arc::new(Inner {
            source,
            fresh,
            last_known,
            heard: Mutex::default(),
            asking: Arc::default(),
        }))
    }

    /// The same times with another source.
    #[cfg(feature = "client")]
    pub(crate) fn with_source(&self, source: S) -> Self {
        Self::new(source, self.0.fresh, self.0.last_known)
    }

    /// The source.
    pub(crate) fn source(&self) -> &S {
        &self.0.source
    }

    /// Matching instances, ordered by name then instance.
    pub(crate) async fn find(&self, cx: &Cx, filter: &Filter) -> Result<Vec<ServiceInfo>, Problem> {
        let list = self.list(cx).await?;
        let matching = list.iter().filter(|service| filter.matches(service));
        let mut found: Vec<_> = matching.cloned().collect();
        found.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        Ok(found)
    }

    async fn list(&self, cx: &Cx) -> Result<Arc<[ServiceInfo]>, Problem> {
        let arrived = Instant::now();
        if let Some(list) = self.at_hand() {
            return Ok(list);
        }
        let _asking = self.0.asking.lock().await;
        // A request made during the wait counts for this reader, too.
        if let Some(answer) = self.0.heard().since(arrived, self.0.last_known) {
            return answer;
        }
        // The request serves all waiting readers: it uses this reader's trace and baggage, but not its
        // deadline and budget.
        let cx = Cx::background()
            .with_trace(cx.trace().clone())
            .with_baggage(cx.baggage().clone());
        self.0.ask(Some(&cx)).await
    }

    /// The list, if it is available without waiting.
    fn at_hand(&self) -> Option<Arc<[ServiceInfo]>> {
        let heard = self.0.heard();
        let (list, _) = heard.usable(self.0.last_known)?;
        let (tried, outcome) = heard.tried.as_ref()?;
        let is_fresh = tried.elapsed() < self.0.fresh;
        if outcome.is_ok() && !is_fresh {
            return None;
        }
        if !is_fresh && let Ok(asking) = Arc::clone(&self.0.asking).try_lock_owned() {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move {
                let _asking = asking;
                // The result is cached for the next reader.
                let _ = inner.ask(None).await;
            });
        }
        Some(list)
    }
}

impl<S: Source> Inner<S> {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests the list and stores the result.
    async fn ask(&self, cx: Option<&Cx>) -> Result<Arc<[ServiceInfo]>, Problem> {
        let mut unanswered = Unanswered(Some(self));
        let answer = self.source.list(cx).await;
        unanswered.0 = None;
        self.note(answer)
    }

    fn note(
        &self,
        answer: Result<Vec<ServiceInfo>, Problem>,
    ) -> Result<Arc<[ServiceInfo]>, Problem> {
        let registry = self.source.name();
        let mut heard = self.heard();
        let now = Instant::now();
        match answer {
            Ok(list) => {
                let list: Arc<[ServiceInfo]> = list.into();
                let before = heard.list.replace((Arc::clone(&list), now));
                heard.tried = Some((now, Ok(())));
                if heard.told.take().is_some() {
                    let away = before.map(|(_, at)| now - at);
                    tracing::info!(
                        glassbox.host.registry = %registry,
                        glassbox.host.away = ?away,
                        "the registry is available again"
                    );
                }
                Ok(list)
            }
            Err(problem) => {
                heard.tried = Some((now, Err(problem.clone())));
                let Some((list, age)) = heard.usable(self.last_known) else {
                    return Err(problem);
                };
                if heard.told.is_none_or(|told| now - told >= REMINDER) {
                    heard.told = Some(now);
                    let services = list.len();
                    tracing::warn!(
                        glassbox.host.registry = %registry,
                        glassbox.host.problem = %problem,
                        glassbox.host.services = services,
                        glassbox.host.age = ?age,
                        "the registry is unavailable; using the last known services"
                    );
                }
                Ok(list)
            }
        }
    }
}

impl Heard {
    /// The list and its age, unless it is older than the limit.
    fn usable(&self, limit: Duration) -> Option<(Arc<[ServiceInfo]>, Duration)> {
        let (list, at) = self.list.as_ref()?;
        let age = at.elapsed();
        (age <= limit).then(|| (Arc::clone(list), age))
    }

    /// The result for a reader that arrived at `arrived`, if it was requested after that.
    fn since(
        &self,
        arrived: Instant,
        limit: Duration,
    ) -> Option<Result<Arc<[ServiceInfo]>, Problem>> {
        let (tried, outcome) = self.tried.as_ref()?;
        if *tried < arrived {
            return None;
        }
        Some(match (self.usable(limit), outcome) {
            (Some((list, _)), _) => Ok(list),
            (None, Err(problem)) => Err(problem.clone()),
            (None, Ok(())) => return None,
        })
    }
}

/// Records, when dropped, that the reader disconnected before the response arrived.
///
/// This is not an outage: the reader may have had too little time.
struct Unanswered<'a, S: Source>(Option<&'a Inner<S>>);

impl<S: Source> Drop for Unanswered<'_, S> {
    fn drop(&mut self) {
        let Some(inner) = self.0 else { return };
        let mut heard = inner.heard();
        // If nothing is known, the next reader makes a request with its own timeout.
        if heard.usable(inner.last_known).is_some() {
            let message = format!(
                "no response from {} before the caller's deadline",
                inner.source.name()
            );
            let problem = Problem::new(Category::Unavailable, "registry.unavailable", message);
            // The next reader gets the known list at once, and a request runs in the background.
            heard.tried = Some((Instant::now(), Err(problem)));
        }
    }
}

#[cfg(test)]
mod tests;
