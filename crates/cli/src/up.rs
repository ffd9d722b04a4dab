//! The local backend and the registry.

mod hangup;

use crate::{
    args::Listen,
    backend,
    failure::Failure,
    terminal::{print, tell},
};
use glassbox_collector::{Backend, BackendConfig, Keys, Shim, StartError};
use glassbox_config::{Environment, Settings};
use glassbox_host::{MemoryRegistry, registry_router};
use hangup::{Hangup, Meaning};
use std::{io, pin::pin, process::ExitCode, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Time limit of a shutdown: the collector drains, requests in progress are answered, the store is
/// synced.
const FAREWELL: Duration = Duration::from_secs(10);

/// A backend that this process runs.
#[derive(Debug)]
pub(crate) struct Local {
    backend: Backend,
}

/// The backend's configuration from flags, environment and file, in this order of precedence, with a
/// collector in front of it if there is one.
///
/// # Errors
/// If a setting is invalid.
pub(crate) fn config(
    listen: &Listen,
    settings: &Settings,
    environment: &Environment,
    shim: Shim,
) -> Result<BackendConfig, Failure> {
    let mut config = settings
        .load::<BackendConfig>()
        .map_err(|error| Failure::from_error("invalid settings", &error))?
        .into_value();
    if let Some(address) = listen.grpc {
        config = config.grpc(address);
    }
    if let Some(address) = listen.http {
        config = config.http(address);
    }
    if let Some(address) = listen.page {
        config = config.page(address);
    }
    if let Some(folder) = &listen.data {
        config = config.data_dir(folder);
    }
    if let Some(collector) = &listen.collector {
        config.otelcol = collector.clone();
    }
    if listen.allow_anonymous {
        config = config.allow_anonymous(true);
    }
    Ok(config
        .supervise(shim, environment)
        .with_routes(registry_router(MemoryRegistry::new())))
}

impl Local {
    /// Starts the backend. Notes about the start (another port, data lost in a crash) go to the log.
    ///
    /// # Errors
    /// If an address is in use, the data folder cannot be used, or the named program is not a collector.
    pub(crate) async fn start(config: BackendConfig) -> Result<Self, StartError> {
        let backend = Backend::start(config).await?;
        Ok(Self { backend })
    }

    /// The address of the page and the API.
    pub(crate) fn page(&self) -> String {
        self.backend.endpoints().page().to_owned()
    }

    /// Makes the collector reload its configuration, and logs the result.
    async fn reload(&self) {
        match self.backend.reload().await {
            Ok(()) => tracing::info!("the collector has reloaded its configuration"),
            Err(error) => {
                let failure = Failure::from_error("reload failed", &error);
                tracing::warn!("{failure}");
            }
        }
    }

    /// Drains the collector, answers requests in progress, syncs the store, and releases the folder.
    ///
    /// Data that did not reach the store in time was never acknowledged by the store. This is
    /// reported, but is not an error.
    ///
    /// # Errors
    /// If acknowledged data could not be synced.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let report = self.backend.shutdown(FAREWELL).await;
        if !report.drained {
            tell(
                "glassbox: not all data reached the store in time: data still in the collector may be \
                 lost, and requests without a response have to be sent again",
            );
        }
        match report.synced {
            true => Ok(()),
            false => Err(Failure::new(
                "cannot sync the store to disk; the newest data may be lost after a power failure",
            )),
        }
    }
}

/// `glassbox up`: runs the backend until it is stopped.
///
/// # Errors
/// If the backend cannot start or does not shut down cleanly.
pub(crate) async fn run(
    listen: &Listen,
    settings: &Settings,
    environment: &Environment,
    shim: Shim,
) -> Result<ExitCode, Failure> {
    let mut hangup = Hangup::listen();
    let mut stop = pin!(interrupted());
    let config = config(listen, settings, environment, shim)?;
    let keys = keys(&config)?;
    let local = tokio::select! {
        local = Local::start(config) => local.map_err(|error| unstarted(&error))?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    match backend::Backend::own(&local.page(), keys.first()).await {
        Ok(backend) => print(&greeting(&backend)),
        Err(failure) => {
            local.stop().await?;
            return Err(failure);
        }
    }
    loop {
        let meaning = tokio::select! {
            () = &mut stop => break,
            meaning = hangup.next() => meaning,
        };
        match meaning {
            Meaning::Leave => break,
            Meaning::Reload => tokio::select! {
                () = &mut stop => break,
                () = local.reload() => {}
            },
        }
    }
    local.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// The keys of a backend.
///
/// # Errors
/// If the file of keys cannot be read.
pub(crate) fn keys(config: &BackendConfig) -> Result<Keys, Failure> {
    config
        .keys()
        .map_err(|error| Failure::from_error("cannot use the backend's keys", &error))
}

/// Why there is no backend.
pub(crate) fn unstarted(error: &StartError) -> Failure {
    Failure::from_error("cannot start the backend", error)
}

fn greeting(backend: &backend::Backend) -> String {
    let bare = |url: &str| url.trim_start_matches("http://").to_owned();
    let endpoints = backend.endpoints();
    format!(
        "OTLP      {} gRPC   {} HTTP\nCollector {}\nRegistry  {page}/v1/registry/services\nPage      {page}\n",
        bare(&endpoints.grpc),
        bare(&endpoints.http),
        backend.status().collector.line(),
        page = endpoints.page,
    )
}

/// Resolves on the first Ctrl-C or SIGTERM after the call.
pub(crate) fn interrupted() -> impl Future<Output = ()> {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async {
        tokio::select! {
            () = received(terminate) => {}
            () = received(interrupt) => {}
        }
    }
}

async fn received(signals: io::Result<Signal>) {
    match signals {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the signal terminates the process.
        Err(_) => std::future::pending().await,
    }
}
