//! The local backend, with the registry beside it.

mod hangup;

use crate::{
    args::Listen,
    backend,
    failure::Failure,
    terminal::{print, tell},
};
use glassbox_collector::{Backend, BackendConfig, Shim};
use glassbox_config::{Environment, Settings};
use glassbox_host::{MemoryRegistry, registry_router};
use hangup::{Hangup, Meaning};
use std::{io, pin::pin, process::ExitCode, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long a shutdown may take: what a collector holds is sent on, requests under way are
/// answered, the store is synced.
const FAREWELL: Duration = Duration::from_secs(10);

/// A backend that this process runs.
#[derive(Debug)]
pub(crate) struct Local {
    backend: Backend,
}

/// Starts the backend as flags, environment and file say, in this order, and a collector before it
/// where there is one.
///
/// # Errors
/// If an address is taken, the data folder cannot be used, or a collector that was named is none.
pub(crate) async fn start(
    listen: &Listen,
    settings: &Settings,
    environment: &Environment,
    shim: Shim,
) -> Result<Local, Failure> {
    let mut config = settings
        .load::<BackendConfig>()
        .map_err(|error| Failure::from_error("the settings cannot be used", &error))?
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
    let config = config
        .supervise(shim, environment)
        .with_routes(registry_router(MemoryRegistry::new()));
    let backend = Backend::start(config)
        .await
        .map_err(|error| Failure::from_error("the backend did not start", &error))?;
    // What the start has to say (another port, a loss in a crash) is in the log already.
    Ok(Local { backend })
}

impl Local {
    /// The address of the page and the API.
    pub(crate) fn page(&self) -> String {
        self.backend.endpoints().page().to_owned()
    }

    /// Has the collector read its configuration again, and says what came of it.
    async fn reload(&self) {
        match self.backend.reload().await {
            Ok(()) => tracing::info!("the collector has taken its configuration over anew"),
            Err(error) => {
                let failure = Failure::from_error("nothing was reloaded", &error);
                tracing::warn!("{failure}");
            }
        }
    }

    /// Has the collector send on what it holds, answers what is under way, syncs the store, and
    /// gives the folder up.
    ///
    /// What did not reach the store in time was acknowledged by a collector or by nobody, never by
    /// the store: it is said, and is no error.
    ///
    /// # Errors
    /// If something that was acknowledged could not be synced.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let report = self.backend.shutdown(FAREWELL).await;
        if !report.drained {
            tell(
                "glassbox: not everything was in the store in time: what a collector still held may \
                 be lost, and who was not answered has to send again",
            );
        }
        match report.synced {
            true => Ok(()),
            false => Err(Failure::new(
                "the store could not be synced to disk; the newest data may be lost after a power cut",
            )),
        }
    }
}

/// `glassbox up`: runs the backend until it is asked to stop.
///
/// # Errors
/// If it cannot start, or not end in order.
pub(crate) async fn run(
    listen: &Listen,
    settings: &Settings,
    environment: &Environment,
    shim: Shim,
) -> Result<ExitCode, Failure> {
    let mut hangup = Hangup::heed();
    let mut stop = pin!(interrupted());
    let local = tokio::select! {
        local = start(listen, settings, environment, shim) => local?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    match backend::Backend::own(&local.page()).await {
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

/// Resolves with the first Ctrl-C or SIGTERM since it was called.
pub(crate) fn interrupted() -> impl Future<Output = ()> {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async {
        tokio::select! {
            () = heard(terminate) => {}
            () = heard(interrupt) => {}
        }
    }
}

async fn heard(signals: io::Result<Signal>) {
    match signals {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the signal ends the process by itself.
        Err(_) => std::future::pending().await,
    }
}
