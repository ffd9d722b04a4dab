//! Configures and starts a service.

use crate::{
    Active, HostSettings, Passive, Running, ServeError, ServeReport, SystemClock,
    access::Access,
    http,
    role::Role,
    server::{Limits, Server},
    signal::Signals,
    state::{Phase, State},
    wiring::Wiring,
};
use axum::Router;
use glassbox_core::{
    Agent, Caller, ChatModel, Clock, Connector, Cx, Discovery, Events, Memory, Registry,
    ServiceInfo, ServiceKind, Tool, telemetry::Histogram,
};
use glassbox_semconv::{gen_ai_v1_41::AGENT_NAME, glassbox::AGENT_STARTUP_DURATION};
use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};
use tokio::net::TcpListener;

static STARTUP: Histogram = Histogram::of(&AGENT_STARTUP_DURATION)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[AGENT_NAME]);

/// Serves a tool or an agent.
///
/// `Host::tool` and `Host::agent` return different types: only an agent has the methods that
/// configure its world.
#[must_use = "a host does nothing until `serve` or `start`"]
pub struct Host<Role> {
    role: Role,
    settings: HostSettings,
    registry: Option<Arc<dyn Registry>>,
    routes: Router,
    instance: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Host<Passive> {
    /// Serves a tool.
    pub fn tool(tool: impl Tool + 'static) -> Self {
        Self::new(Passive::new(Arc::new(tool)))
    }
}

impl Host<Active> {
    /// Serves an agent.
    pub fn agent(agent: impl Agent + 'static) -> Self {
        Self::new(Active::new(Arc::new(agent)))
    }

    /// Sets how the agent finds services. Default: the registry in the settings, or none.
    pub fn discovery(mut self, discovery: Arc<dyn Discovery>) -> Self {
        self.role.discovery = Some(discovery);
        self
    }

    /// Sets how the agent connects to the services that it finds.
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.role.connector = Some(connector);
        self
    }

    /// Sets how the agent calls capabilities. Default: an [`Invoker`](glassbox_invoke::Invoker) over its
    /// discovery and connector.
    pub fn caller(mut self, caller: Arc<dyn Caller>) -> Self {
        self.role.caller = Some(caller);
        self
    }

    /// Sets the chat model of the agent. Without one, every use of the model returns an error.
    pub fn model(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.role.model = Some(model);
        self
    }

    /// Sets the memory of the agent. Default: a [`MemoryStore`](crate::MemoryStore).
    pub fn memory(mut self, memory: Arc<dyn Memory>) -> Self {
        self.role.memory = Some(memory);
        self
    }

    /// Sets where the agent publishes events. Default: nowhere.
    pub fn events(mut self, events: Arc<dyn Events>) -> Self {
        self.role.events = Some(events);
        self
    }
}

impl<R> Host<R> {
    fn new(role: R) -> Self {
        Self {
            role,
            settings: HostSettings::default(),
            registry: None,
            routes: Router::new(),
            instance: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets all settings. Replaces earlier settings, including [`bind`](Self::bind).
    pub fn settings(mut self, settings: HostSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the listening address. Port 0 picks a free port.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.settings.bind = address;
        self
    }

    /// Sets where the service registers. Overrides the registry in the settings.
    pub fn registry(mut self, registry: Arc<dyn Registry>) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Adds routes of the application, with the same spans and connection limits. The limits on calls
    /// do not apply to them, and a shutdown waits for them last.
    ///
    /// # Panics
    /// If a route exists already.
    pub fn with_routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Sets the `service.instance.id` to register under. Default: a random id.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Sets the clock for deadlines. Default: the system clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

#[expect(
    private_bounds,
    reason = "there are exactly two roles, both in this crate"
)]
impl<R: Role> Host<R> {
    /// Serves until SIGTERM or Ctrl-C, then drains within the configured time. A second signal stops
    /// at once.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn serve(self) -> Result<ServeReport, ServeError> {
        self.serve_then(|_| ()).await
    }

    /// Like [`serve`](Self::serve), and calls `ready` once the service accepts calls.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn serve_then(self, ready: impl FnOnce(&Running)) -> Result<ServeReport, ServeError> {
        let signals = Signals::listen().map_err(|source| ServeError::Signals { source })?;
        let running = self.start().await?;
        ready(&running);
        Ok(running.until(signals).await)
    }

    /// Serves in the background until [`Running`] is shut down or dropped.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn start(self) -> Result<Running, ServeError> {
        let begin = Instant::now();
        if let Some((key, must)) = self.settings.wrong() {
            return Err(ServeError::Settings {
                key,
                reason: must.to_owned(),
            });
        }
        let access = Access::of(&self.settings)?;
        let wiring = Wiring::of(&self.settings, &access)?;
        let callable = self.role.into_callable(&wiring, &self.clock);
        let name = callable.name().to_owned();
        let address = self.settings.bind;
        let bind = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let endpoint = match &self.settings.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => advertised(address),
        };
        let instance = self.instance.unwrap_or_else(|| made_up(&name));
        let service = ServiceInfo::new(
            callable.kind(),
            &name,
            &instance,
            &endpoint,
            callable.capabilities().to_vec(),
        );
        let lease = self.settings.lease;
        let limits = Limits {
            connections: self.settings.connections,
            header_timeout: self.settings.header_timeout,
        };
        let guard = access.guard(address, &self.settings);
        let state = Arc::new(State::new(callable, instance, self.settings, self.clock));
        let router = http::router(Arc::clone(&state), self.routes, &guard);
        let server = Server::start(listener, router, limits);

        let lease = match self.registry.or(wiring.registry) {
            Some(registry) => {
                let registered = registry.register(&Cx::background(), service, lease).await;
                Some(registered.map_err(|source| ServeError::Register { source })?)
            }
            None => None,
        };
        state.enter(Phase::Ready);
        tracing::info!(
            glassbox.service = name,
            glassbox.host.endpoint = endpoint,
            "ready"
        );
        if state.callable.kind() == ServiceKind::Agent {
            STARTUP.record_with(begin.elapsed().as_secs_f64(), &[(&name).into()]);
        }
        Ok(Running::new(state, server, address, endpoint, lease))
    }
}

impl<R> fmt::Debug for Host<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The URL at which others reach a service that listens here.
fn advertised(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        tracing::warn!(
            "listening on {address}, which is not a callable address; set host.endpoint to the URL that others use"
        );
    }
    format!("http://{address}")
}

/// A random id, from the standard library's hasher seeds.
fn made_up(name: &str) -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("{name}-{random:016x}")
}
