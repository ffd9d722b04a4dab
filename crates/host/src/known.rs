//! What a registry somewhere else said last.

use glassbox_core::{Category, Cx, Filter, Problem, ServiceInfo};
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a list is fresh.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// How long to wait before it is said again that a registry is away.
const REMINDER: Duration = Duration::from_secs(60);

/// A registry that gives its whole list.
pub(crate) trait Source: Send + Sync + 'static {
    /// As the log names it.
    fn name(&self) -> impl fmt::Display + Send + '_;

    /// All its registrations, ready or not, within a time of its own; with a span, in the trace of the
    /// `Cx`, where somebody waits.
    fn list(
        &self,
        cx: Option<&Cx>,
    ) -> impl Future<Output = Result<Vec<ServiceInfo>, Problem>> + Send;
}

/// The list of a registry, as last heard. Cheap to clone.
///
/// The whole list is read at once and kept while it is fresh; one reader asks for all. While the
/// registry is away, the list as last known goes on being served: whoever notices waits for the
/// source's own time, nobody after them waits, and the registry is asked in the background. Only a
/// list that is older than the limit is not served any more: by then nobody knows who is there.
pub(crate) struct Known<S>(Arc<Inner<S>>);

struct Inner<S> {
    source: S,
    fresh: Duration,
    last_known: Duration,
    heard: Mutex<Heard>,
    /// Held by whoever asks.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Heard {
    /// The list, and when it was heard.
    list: Option<(Arc<[ServiceInfo]>, Instant)>,
    /// When it was last asked for, and what went wrong then.
    tried: Option<(Instant, Result<(), Problem>)>,
    /// When it was last said that the registry is away.
    told: Option<Instant>,
}

impl<S> Clone for Known<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Source> Known<S> {
    /// Lists of this source, fresh for so long (zero asks each time), and used for so long while it is
    /// away.
    pub(crate) fn new(source: S, fresh: Duration, last_known: Duration) -> Self {
        Self(Arc::new(Inner {
            source,
            fresh,
            last_known,
            heard: Mutex::default(),
            asking: Arc::default(),
        }))
    }

    /// Where it asks.
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
        // Whoever asked while we waited asked for us, too.
        if let Some(answer) = self.0.heard().since(arrived, self.0.last_known) {
            return answer;
        }
        // One reader asks for all who wait: its trace and baggage go along, its deadline and budget do not.
        let cx = Cx::background()
            .with_trace(cx.trace().clone())
            .with_baggage(cx.baggage().clone());
        self.0.ask(Some(&cx)).await
    }

    /// The list, where nobody has to wait for it.
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
                // What comes of it is kept for the next reader.
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

    /// Asks the source, and notes what it said.
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
                    tracing::info!(%registry, ?away, "the registry is back");
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
                        %registry,
                        %problem,
                        services,
                        ?age,
                        "the registry is away; going on with what was last known"
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

    /// The answer to whoever came at `arrived`, if it was asked for after that.
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

/// Notes, when dropped, that whoever asked went away before an answer came.
///
/// That says more of the asker, who may have had no time, than of the registry: it is no outage.
struct Unanswered<'a, S: Source>(Option<&'a Inner<S>>);

impl<S: Source> Drop for Unanswered<'_, S> {
    fn drop(&mut self) {
        let Some(inner) = self.0 else { return };
        let mut heard = inner.heard();
        // Where nothing is known, the next reader asks, with a time of its own.
        if heard.usable(inner.last_known).is_some() {
            let message = format!(
                "no answer from {} in the time of its caller",
                inner.source.name()
            );
            let problem = Problem::new(Category::Unavailable, "registry.unavailable", message);
            // The next one gets what is known at once, and the registry is asked in the background.
            heard.tried = Some((Instant::now(), Err(problem)));
        }
    }
}

#[cfg(test)]
mod tests;
