//! One registration somewhere else, renewed until it is released or dropped.

use glassbox_core::{Category, Cx, Health, Lease, Problem, ServiceInfo, async_trait};
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// How long to wait before the next try when nobody heard the first; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(200);
/// The longest wait between two tries, or the usual time between renewals where that is shorter:
/// within so long after it came back, a registry knows everybody again.
const LAST_RETRY: Duration = Duration::from_secs(3);
/// Over how long those spread who lost their connections in the same moment.
const SPREAD: Duration = Duration::from_secs(1);

/// What a renewal came to.
pub(crate) enum Renewed {
    Yes,
    /// Nobody heard it.
    Away(String),
    /// It was heard and not taken.
    Refused(Problem),
}

/// Where a service registers.
pub(crate) trait Place: Send + Sync + 'static {
    /// As the log names it.
    fn name(&self) -> impl fmt::Display + Send + '_;

    /// Registers, or renews what is registered, for `ttl` from now.
    fn renew(&self, service: &ServiceInfo, ttl: Duration) -> impl Future<Output = Renewed> + Send;

    /// Ends the registration.
    fn release(&self, service: &ServiceInfo) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Resolves when the place may have forgotten what it was told before this was called.
    fn forgotten(&self) -> impl Future<Output = ()> + Send + '_;
}

/// One registration, renewed until it is released or dropped.
pub(crate) struct Registration<P> {
    shared: Arc<Shared<P>>,
    renewal: JoinHandle<()>,
}

struct Shared<P> {
    place: P,
    ttl: Duration,
    service: Mutex<ServiceInfo>,
    /// Held by whoever renews: what is told later is heard later.
    turn: tokio::sync::Mutex<()>,
}

impl<P: Place> Registration<P> {
    /// Registers, and goes on renewing.
    ///
    /// # Errors
    /// If the registry refuses; one that does not answer is asked again.
    pub(crate) async fn begin(
        place: P,
        service: ServiceInfo,
        ttl: Duration,
    ) -> Result<Box<dyn Lease>, Problem> {
        let shared = Arc::new(Shared {
            place,
            ttl,
            service: Mutex::new(service),
            turn: tokio::sync::Mutex::default(),
        });
        let known = match shared.renew().await {
            Renewed::Yes => true,
            Renewed::Refused(problem) => return Err(problem),
            Renewed::Away(why) => {
                let registry = shared.place.name();
                tracing::warn!(%registry, "not registered yet: {why}");
                false
            }
        };
        let renewal = tokio::spawn(Arc::clone(&shared).keep(known));
        Ok(Box::new(Self { shared, renewal }))
    }
}

impl<P: Place> Shared<P> {
    /// Renews for ever, and says only what changes.
    async fn keep(self: Arc<Self>, mut known: bool) {
        let third = self.ttl / 3;
        let longest = third.min(LAST_RETRY);
        let first = FIRST_RETRY.min(longest);
        let mut retry = first;
        loop {
            if known {
                tokio::select! {
                    () = tokio::time::sleep(between(0.9, 1.1, third)) => {}
                    () = self.place.forgotten() => {
                        // Everybody who was connected comes now: not all in the same moment.
                        tokio::time::sleep(between(0.0, 1.0, third.min(SPREAD))).await;
                    }
                }
            } else {
                // Those who noticed together drift apart with each try.
                tokio::time::sleep(between(0.5, 1.0, retry)).await;
                retry = (retry * 2).min(longest);
            }
            let registry = self.place.name();
            let (now, why) = match self.renew().await {
                Renewed::Yes => (true, None),
                Renewed::Away(why) => (false, Some(why)),
                Renewed::Refused(problem) => (false, Some(problem.to_string())),
            };
            match (known, why) {
                (false, None) => {
                    tracing::info!(%registry, "registered");
                    retry = first;
                }
                (true, Some(why)) => {
                    tracing::warn!(%registry, "the registration was not renewed: {why}");
                }
                (true, None) | (false, Some(_)) => {}
            }
            known = now;
        }
    }

    async fn renew(&self) -> Renewed {
        let _turn = self.turn.lock().await;
        // With the health as last reported: a renewal never makes a draining service ready again.
        let service = self.service();
        self.place.renew(&service, self.ttl).await
    }

    fn service(&self) -> ServiceInfo {
        let service = self.service.lock();
        service.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// By chance between these parts of a time.
fn between(least: f64, most: f64, time: Duration) -> Duration {
    time.mul_f64(least + (most - least) * fastrand::f64())
}

#[async_trait]
impl<P: Place> Lease for Registration<P> {
    async fn report(&self, _cx: &Cx, health: Health) -> Result<(), Problem> {
        {
            let service = self.shared.service.lock();
            service.unwrap_or_else(PoisonError::into_inner).health = health;
        }
        match self.shared.renew().await {
            Renewed::Yes => Ok(()),
            Renewed::Refused(problem) => Err(problem),
            Renewed::Away(why) => Err(Problem::new(
                Category::Unavailable,
                "registry.unavailable",
                why,
            )),
        }
    }

    async fn release(&self, _cx: &Cx) -> Result<(), Problem> {
        self.renewal.abort();
        // A renewal that is under way must end first: it would register again after the release.
        let _turn = self.shared.turn.lock().await;
        self.shared.place.release(&self.shared.service()).await
    }
}

impl<P> Drop for Registration<P> {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
