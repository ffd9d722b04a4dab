//! The `glassbox` command: a local backend, a demo, a doctor and a probe.

mod args;
mod backend;
#[cfg(feature = "demo")]
mod child;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod elapsed;
mod excerpt;
mod failure;
mod knock;
mod manual;
mod plural;
mod probe;
#[cfg(feature = "demo")]
mod service;
mod signal;
mod style;
mod terminal;
mod transfer;
#[cfg(feature = "demo")]
mod tree;
mod up;

use args::{Cli, Command, Output, Parsed};
use failure::Failure;
use glassbox_collector::{BackendConfig, Shim};
use glassbox_config::{Environment, Settings, SettingsBuilder, SettingsError};
use std::{io::IsTerminal, path::Path, process::ExitCode, time::Duration};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// Time limit for tasks that are still running at exit.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // This program executes itself to start a collector. In that copy this call does not return.
    let shim = Shim::arm();
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match args::parse(&arguments) {
        Parsed::Command(cli) => *cli,
        Parsed::Text(text) => {
            terminal::print(&text);
            return ExitCode::SUCCESS;
        }
        Parsed::Mistake(mistake) => {
            terminal::tell(&mistake);
            return ExitCode::from(failure::USAGE);
        }
    };
    #[cfg(feature = "demo")]
    let is_json = matches!(&cli.command, Command::Demo(demo) if demo.json);
    let environment = Environment::from_process();
    let ended = Runtime::new()
        .map_err(|error| Failure::from_error("cannot start the runtime", &error))
        .and_then(|runtime| {
            let ended = runtime.block_on(run(cli, &environment, shim));
            runtime.shutdown_timeout(LAST_MOMENTS);
            ended
        });
    ended.unwrap_or_else(|failure| {
        #[cfg(feature = "demo")]
        if is_json {
            terminal::print(&demo::unasked(&failure));
        }
        failure.report()
    })
}

async fn run(cli: Cli, environment: &Environment, shim: Shim) -> Result<ExitCode, Failure> {
    let folder = std::env::current_dir()
        .map_err(|error| Failure::from_error("cannot read the working directory", &error))?;
    let file = cli.config.as_deref();
    let output = cli.output;
    let command = match cli.command {
        Command::Completions { shell } => return Ok(manual::completions(shell)),
        Command::Man { command } => return manual::page(command.as_deref()),
        // The doctor reports invalid settings as findings, and installs telemetry itself.
        Command::Doctor(doctor) => {
            let read = |builder: SettingsBuilder| settings(builder, file, environment, &folder);
            return Ok(doctor::run(&doctor, output, read, environment).await);
        }
        command => command,
    };
    let settings = settings(Settings::builder(), file, environment, &folder)
        .map_err(|error| Failure::from_error("invalid settings", &error))?;
    let settings = &settings;
    // A service installs telemetry itself, including logging.
    #[cfg(feature = "demo")]
    if let Command::DemoService { name } = &command {
        return service::run(name, settings, environment).await;
    }
    log_to_stderr(output, environment);
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    match command {
        Command::Up(listen) => up::run(&listen, settings, environment, shim).await,
        Command::Export(export) => transfer::export(&export, settings, output.quiet).await,
        Command::Import(import) => transfer::import(&import, settings, output.quiet).await,
        Command::Probe(probe) => probe::run(&probe, settings).await,
        Command::Doctor(_) | Command::Completions { .. } | Command::Man { .. } => {
            unreachable!("these have returned above")
        }
        #[cfg(feature = "demo")]
        Command::Demo(demo) => {
            let options = demo::Options {
                settings,
                environment,
                output,
                file,
            };
            demo::run(demo, options, shim).await
        }
        #[cfg(feature = "demo")]
        Command::OfflineModel {
            listen,
            access,
            lifeline,
        } => {
            let variable = |name: &str| environment.get(name).map(str::to_owned);
            let access = access
                .read(variable)
                .map_err(|error| Failure::from_error("no usable key", &error))?;
            offline_model(listen.address(), &access, lifeline).await
        }
        #[cfg(feature = "demo")]
        Command::DemoService { .. } => unreachable!("a service has returned above"),
    }
}

/// All settings from file and environment, with lower precedence than those set already.
fn settings(
    builder: SettingsBuilder,
    file: Option<&Path>,
    environment: &Environment,
    folder: &Path,
) -> Result<Settings, SettingsError> {
    let builder = builder
        .section::<BackendConfig>()
        .section::<glassbox_telemetry::TelemetryConfig>();
    #[cfg(feature = "demo")]
    let builder = builder
        .section::<glassbox_ai::AiSettings>()
        .section::<glassbox::orchestration::OrchestrationSettings>()
        .section::<glassbox_host::HostSettings>();
    builder
        .environment(environment)
        .discover(file, environment, folder)?
        .build()
}

/// Logs warnings, errors and the results of reloads to standard error, unless the command line or
/// `RUST_LOG` sets another level. Standard output is only for results.
fn log_to_stderr(output: Output, environment: &Environment) {
    let filter = match (output.quiet, output.verbose) {
        (true, _) => "error",
        (false, 0) => (environment.get("RUST_LOG")).unwrap_or("warn,glassbox::up=info"),
        (false, 1) => "info",
        (false, _) => "debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(
            output
                .color
                .applies(std::io::stderr().is_terminal(), environment),
        )
        .without_time()
        .with_target(false)
        .init();
}

#[cfg(feature = "demo")]
async fn offline_model(
    listen: std::net::SocketAddr,
    access: &offline_model::Access,
    lifeline: bool,
) -> Result<ExitCode, Failure> {
    if lifeline {
        service::end_with_parent();
    }
    let failed =
        |error: std::io::Error| Failure::from_error(&format!("cannot listen on {listen}"), &error);
    access.check(listen).map_err(failed)?;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    terminal::print(&format!("listening at http://{address}/v1\n"));
    offline_model::serve(listener, access, up::interrupted())
        .await
        .map_err(|error| Failure::from_error("the model stopped", &error))?;
    Ok(ExitCode::SUCCESS)
}
