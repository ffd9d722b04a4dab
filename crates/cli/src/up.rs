//! The local backend, with the registry beside it.

use crate::{args::Listen, failure::Failure, terminal::print};
use glassbox_collector::{Backend, BackendConfig, Endpoints};
use glassbox_config::Settings;
use glassbox_host::{MemoryRegistry, registry_router};
use std::{process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// How long a shutdown may take: requests under way are answered, the store is synced.
const FAREWELL: Duration = Duration::from_secs(10);

/// A backend that this process runs.
#[derive(Debug)]
pub(crate) struct Local {
    backend: Backend,
}

/// Starts the backend as flags, environment and file say, in this order.
///
/// # Errors
/// If an address is taken, or the data folder cannot be used.
pub(crate) async fn start(listen: &Listen, settings: &Settings) -> Result<Local, Failure> {
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
    let config = config.with_routes(registry_router(MemoryRegistry::new()));
    let backend = Backend::start(config)
        .await
        .map_err(|error| Failure::from_error("the backend did not start", &error))?;
    // What the start has to say (another port, a loss in a crash) is in the log already.
    Ok(Local { backend })
}

impl Local {
    /// The address of the page and the API.
    #[cfg(feature = "demo")]
    pub(crate) fn page(&self) -> String {
        self.backend.endpoints().page().to_owned()
    }

    /// Answers what is under way, syncs the store, and gives the folder up.
    ///
    /// # Errors
    /// If something that was acknowledged could not be synced.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let report = self.backend.shutdown(FAREWELL).await;
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
pub(crate) async fn run(listen: &Listen, settings: &Settings) -> Result<ExitCode, Failure> {
    let local = start(listen, settings).await?;
    print(&greeting(local.backend.endpoints()));
    interrupted().await;
    local.stop().await?;
    Ok(ExitCode::SUCCESS)
}

fn greeting(endpoints: &Endpoints) -> String {
    let bare = |url: &str| url.trim_start_matches("http://").to_owned();
    format!(
        "OTLP      {} gRPC   {} HTTP\nRegistry  {page}/v1/registry/services\nPage      {page}\n",
        bare(endpoints.grpc()),
        bare(endpoints.http()),
        page = endpoints.page(),
    )
}

/// Resolves with the first Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            // Without a handler the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = terminate => {}
        () = interrupt => {}
    }
}
