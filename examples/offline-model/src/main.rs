//! `offline-model [--listen ADDR]`, until SIGTERM or Ctrl-C; `offline-model probe` checks whether it is
//! running.

use clap::{Parser, Subcommand};
use offline_model::AccessArgs;
use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
};
use tokio::net::TcpListener;

/// Answers as an OpenAI-Chat-compatible server, by rules over the tools' schemas.
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        env = "GLASSBOX_OFFLINE_MODEL_LISTEN",
        default_value = "127.0.0.1:4390"
    )]
    listen: SocketAddr,
    #[command(flatten)]
    access: AccessArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Asks whether the model that listens there is alive: for a container's health check.
    Probe,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Some(Command::Probe) => glassbox_host::probe_at(args.listen).map_err(|error| {
            let cause = error.source().map(|cause| format!(": {cause}"));
            io::Error::other(format!("{error}{}", cause.unwrap_or_default()))
        }),
        None => run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit status still reports the failure.
            let _ = writeln!(io::stderr(), "offline-model: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> io::Result<()> {
    let address = args.listen;
    let variable = |name: &str| std::env::var(name).ok();
    let access = args.access.read(variable).map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}"));
        io::Error::other(format!("{error}{}", cause.unwrap_or_default()))
    })?;
    access.check(address)?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address}: {error}; choose another --listen");
        io::Error::new(error.kind(), message)
    })?;
    let stop = asked_to_stop()?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "offline model at http://{address}/v1")?;
    offline_model::serve(listener, &access, stop).await
}

/// Listens from here on; resolves with SIGTERM or Ctrl-C.
#[cfg(unix)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler Ctrl-C still ends the process, only less politely.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
