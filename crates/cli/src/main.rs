//! The `glassbox` command: a local backend, and a demo of the whole.

mod args;
#[cfg(feature = "demo")]
mod backend;
#[cfg(feature = "demo")]
mod child;
#[cfg(feature = "demo")]
mod demo;
mod failure;
#[cfg(feature = "demo")]
mod service;
#[cfg(feature = "demo")]
mod style;
mod terminal;
#[cfg(feature = "demo")]
mod tree;
mod up;

use args::{Cli, Command};
use failure::Failure;
use glassbox_collector::BackendConfig;
use glassbox_config::{Environment, Settings};
use std::{process::ExitCode, time::Duration};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// How long tasks that are still under way at the end may take.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err((text, 0)) => {
            terminal::print(&text);
            return ExitCode::SUCCESS;
        }
        Err((sentence, code)) => {
            terminal::tell(sentence.trim_end());
            return ExitCode::from(code);
        }
    };
    let environment = Environment::from_process();
    let ended = settings(&cli, &environment).and_then(|settings| {
        let runtime = Runtime::new()
            .map_err(|error| Failure::from_error("the runtime did not start", &error))?;
        let ended = runtime.block_on(run(cli.command, &settings, &environment));
        runtime.shutdown_timeout(LAST_MOMENTS);
        ended
    });
    ended.unwrap_or_else(|failure| failure.report())
}

async fn run(
    command: Command,
    settings: &Settings,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    // A service installs telemetry of its own, and with it what becomes of its log.
    #[cfg(feature = "demo")]
    if let Command::DemoService { name } = &command {
        return service::run(name, settings).await;
    }
    log_to_stderr(environment);
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    match command {
        Command::Up(listen) => up::run(&listen, settings).await,
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::run(demo, settings, environment).await,
        #[cfg(feature = "demo")]
        Command::OfflineModel { listen, lifeline } => offline_model(listen, lifeline).await,
        #[cfg(feature = "demo")]
        Command::DemoService { .. } => unreachable!("a service has returned above"),
    }
}

/// Everything that may be set, from the file and the environment.
fn settings(cli: &Cli, environment: &Environment) -> Result<Settings, Failure> {
    let folder = std::env::current_dir()
        .map_err(|error| Failure::from_error("the working folder is gone", &error))?;
    let builder = Settings::builder().section::<BackendConfig>();
    #[cfg(feature = "demo")]
    let builder = builder
        .section::<glassbox_ai::AiSettings>()
        .section::<glassbox_host::HostSettings>()
        .section::<glassbox_telemetry::TelemetryConfig>();
    builder
        .environment(environment)
        .discover(cli.config.as_deref(), environment, &folder)
        .and_then(|builder| builder.build())
        .map_err(|error| Failure::from_error("the settings cannot be used", &error))
}

/// Warnings and errors, unless `RUST_LOG` says otherwise; standard output is for answers alone.
fn log_to_stderr(environment: &Environment) {
    let filter = environment.get("RUST_LOG").unwrap_or("warn");
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
}

#[cfg(feature = "demo")]
async fn offline_model(listen: std::net::SocketAddr, lifeline: bool) -> Result<ExitCode, Failure> {
    if lifeline {
        service::end_with_parent();
    }
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(|error| Failure::from_error(&format!("cannot listen on {listen}"), &error))?;
    tracing::info!("listening on {listen}");
    offline_model::serve(listener, up::interrupted())
        .await
        .map_err(|error| Failure::from_error("the model ended", &error))?;
    Ok(ExitCode::SUCCESS)
}
