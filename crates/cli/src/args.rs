//! The command line arguments.

use clap::{Args, Parser, Subcommand};
use glassbox_collector::Otelcol;
use std::{net::SocketAddr, path::PathBuf};

/// AI agents you can see through.
#[derive(Debug, Parser)]
#[command(name = "glassbox", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Settings file [default: GLASSBOX_CONFIG, or glassbox.toml or glassbox.yaml in this folder].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the local backend (OTLP receiver, store, page and registry) until Ctrl-C.
    Up(Listen),
    /// Run an agent, its tools and a backend, ask one question, and show the trace.
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Check the path of telemetry from the settings to the page, and report what to fix.
    ///
    /// Run it where the application runs, with the same environment and settings file. It emits test
    /// data like the application (as service glassbox-doctor), sends it to the same endpoint, and
    /// looks for it at the backend.
    ///
    /// Exit status: 0 if all checks passed, 1 if something is broken, 2 if nothing is known to be
    /// broken but some checks could not run. Each step takes at most --timeout.
    Doctor(Doctor),
    /// Check whether a backend is healthy (exit status 0 or 1), as a container health check.
    Probe(Probe),
    /// Run one service of the demo (the demo starts these itself).
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    DemoService {
        /// The name of the service.
        name: String,
    },
    /// Run the rule-based model that the demo uses when no key is set.
    #[cfg(feature = "demo")]
    OfflineModel {
        /// Listening address; port 0 picks a free port.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4390")]
        listen: SocketAddr,
        #[command(flatten)]
        access: offline_model::AccessArgs,
        /// Exit when standard input closes (used by the demo).
        #[arg(long, hide = true)]
        lifeline: bool,
    },
}

/// Addresses and data folder of the backend.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Listen {
    /// Address for OTLP over gRPC [default: 127.0.0.1:4317, or the next free pair].
    #[arg(long, value_name = "ADDR")]
    pub(crate) grpc: Option<SocketAddr>,
    /// Address for OTLP over HTTP [default: 127.0.0.1:4318, or the next free pair].
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Address of the page and the API [default: 127.0.0.1:4380, or the next free port].
    #[arg(long, value_name = "ADDR")]
    pub(crate) page: Option<SocketAddr>,
    /// Data folder [default: .glassbox in this folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// OTLP receiver: an installed collector (auto), the embedded one (off), or this collector
    /// [default: auto].
    #[arg(long, value_name = "auto|off|PATH")]
    pub(crate) collector: Option<Otelcol>,
    /// Let everyone who can reach an address beyond loopback use it without a key. To require one,
    /// set GLASSBOX_COLLECTOR_KEY instead.
    #[arg(long)]
    pub(crate) allow_anonymous: bool,
}

/// Options of the doctor; everything else comes from the application's settings.
#[derive(Clone, Debug, Args)]
pub(crate) struct Doctor {
    /// Endpoint to send to, instead of the one in the settings.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Protocol to use: http/protobuf or grpc.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// Page of the backend where telemetry should arrive [default: the backend on this machine].
    #[arg(long, value_name = "URL")]
    pub(crate) backend: Option<String>,
    /// Service to check [default: from OTEL_SERVICE_NAME or the settings file, else all services
    /// that have sent traces].
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Time limit of each step.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds)]
    pub(crate) timeout: u64,
    /// Print one JSON object on standard output, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of the probe.
#[derive(Clone, Debug, Args)]
pub(crate) struct Probe {
    /// Address of the page [default: from the settings, else 127.0.0.1:4380].
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) page: Option<SocketAddr>,
}

/// Options of the demo.
#[cfg(feature = "demo")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// Question to ask the agent.
    #[arg(
        long,
        value_name = "QUESTION",
        default_value = "How long is the day in Tromsø tomorrow, and what time is it there now?",
        conflicts_with = "workflow"
    )]
    pub(crate) ask: String,
    /// Run a predefined workflow instead of asking a question: trip.
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// Workflow input; can be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "workflow")]
    pub(crate) input: Vec<String>,
    /// Exit after the answer; exit status 0 only if the whole trace arrived.
    #[arg(long)]
    pub(crate) once: bool,
    /// Print one JSON object on standard output, and nothing else; implies --once.
    #[arg(long)]
    pub(crate) json: bool,
    /// Record prompts and answers on the spans.
    #[arg(long)]
    pub(crate) capture_content: bool,
    /// Use a running backend, given the URL of its page.
    #[arg(long, value_name = "URL", conflicts_with_all = ["grpc", "http", "page", "data", "collector"])]
    pub(crate) backend: Option<String>,
    #[command(flatten)]
    pub(crate) listen: Listen,
}

fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (1..=600).contains(seconds))
        .ok_or_else(|| "expected whole seconds, from 1 to 600".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an address and a port, such as 127.0.0.1:4380".to_owned())
}

/// Parses the command line. The error is the text to print and the exit status.
pub(crate) fn parse() -> Result<Cli, (String, u8)> {
    Cli::try_parse().map_err(|error| {
        let text = error.render().to_string();
        if !error.use_stderr() {
            return (text, 0);
        }
        // One sentence: clap's error, its suggestion, and a pointer to the help.
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let found = lines.next().unwrap_or("invalid command line");
        let found = found.trim_start_matches("error: ");
        let tip = lines
            .find_map(|line| line.strip_prefix("tip: "))
            .map(|tip| format!("; {tip}"))
            .unwrap_or_default();
        (
            format!("glassbox: {found}{tip}; see 'glassbox --help'\n"),
            2,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
