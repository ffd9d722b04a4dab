//! A remote registration, renewed until it is released or dropped.

use glassbox_core::{Category, Cx, Health, Lease, Problem, ServiceInfo, async_trait};
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// The delay before the first retry; doubled each time.
const FIRST_RETRY: Duration = Duration::from_millis(200);
/// Maximum delay between two retries (or the renewal interval, if shorter). When a registry becomes
/// available again, all services register within this time.
const LAST_RETRY: Duration = Duration::from_secs(3);
/// Range of the random delay for services that lose their connections simultaneously.
const SPREAD: Duration = Duration::from_secs(1);

/// The result of a renewal.
pub(crate) enum Renewed {
    Yes,
    /// The registry is unavailable.
    Away(String),
    /// The registry rejected it.
    Refused(Problem),
}

/// A registry to register with.
pub(crate) trait Place: Send + Sync + 'static {
    /// Its name in the log.
    fn name(&self) -> impl fmt::Display + Send + '_;

    /// Registers, or renews the registration, for `ttl` from now.
    fn renew(&self, service: &ServiceInfo, ttl: Duration) -> impl Future<Output = Renewed> + Send;

    /// Ends the registration.
    fn release(&self, service: &ServiceInfo) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Resolves when the registry may have lost registrations made before this call.
    fn forgotten(&self) -> impl Future<Output = ()> + Send + '_;
}

/// A registration that is renewed until it is released or dropped.
pub(crate) struct Registration<P> {
    shared: Arc<Shared<P>>,
    renewal: JoinHandle<()>,
}

struct Shared<P> {
    place: P,
    ttl: Duration,
    service: Mutex<ServiceInfo>,
    /// Held during a renewal, so that updates stay in order.
    turn: tokio::sync::Mutex<()>,
}

impl<P: Place> Registration<P> {
    /// Registers, and keeps renewing.
    ///
    /// # Errors
    /// If the registry rejects the registration. An unavailable registry is retried.
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
                tracing::warn!(glassbox.host.registry = %registry, "not registered yet: {why}");
                false
            }
        };
        let renewal = tokio::spawn(Arc::clone(&shared).keep(known));
        Ok(Box::new(Self { shared, renewal }))
    }
}

impl<P: Place> Shared<P> {
    /// Renews forever, and logs only changes.
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
                        // All connected services renew now; a random delay spreads them.
                        tokio::time::sleep(between(0.0, 1.0, third.min(SPREAD))).await;
                    }
                }
            } else {
                // Jitter spreads services that failed at the same time.
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
                    tracing::info!(glassbox.host.registry = %registry, "registered");
                    retry = first;
                }
                (true, Some(why)) => {
                    tracing::warn!(
                        glassbox.host.registry = %registry,
                        "the registration was not renewed: {why}"
                    );
                }
                (true, None) | (false, Some(_)) => {}
            }
            known = now;
        }
    }

    async fn renew(&self) -> Renewed {
        let _turn = self.turn.lock().await;
        // Uses the last reported health: a renewal never makes a draining service ready again.
        let service = self.service();
        self.place.renew(&service, self.ttl).await
    }

    fn service(&self) -> ServiceInfo {
        let service = self.service.lock();
        service.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A random duration between two fractions of a duration.
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
        // A renewal in progress must end first: it would register again after the release, and its answer
        // may have the token that the release needs.
        let _turn = self.shared.turn.lock().await;
        self.renewal.abort();
        self.shared.place.release(&self.shared.service()).await
    }
}

impl<P> Drop for Registration<P> {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
