//! What can be said on the command line.

use clap::{Args, Parser, Subcommand};
use glassbox_collector::Otelcol;
use std::{net::SocketAddr, path::PathBuf};

/// AI agents you can see through.
#[derive(Debug, Parser)]
#[command(name = "glassbox", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Settings file; otherwise GLASSBOX_CONFIG, glassbox.toml or glassbox.yaml in this folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the local backend: OTLP receiver, store, page and registry, until Ctrl-C.
    Up(Listen),
    /// Run an agent, its tools and a backend, ask one question, and show its trace.
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Walk the way of telemetry with a span of its own, and say what is broken and how to mend it.
    ///
    /// Run it where the application runs, with its environment and its settings file. It emits as the
    /// application does (as service glassbox-doctor), sends that where the application sends, and
    /// looks for it at the backend.
    ///
    /// It ends with status 0 if all is well, 1 if something is broken, 2 if nothing is seen to be
    /// broken and not all could be looked at. Whatever happens, each step ends within --timeout.
    Doctor(Doctor),
    /// Ask a backend whether it is well: exit status 0 or 1, for a container's health check.
    Probe(Probe),
    /// Run one service of the demo (the demo starts these itself).
    #[cfg(feature = "demo")]
    #[command(hide = true)]
    DemoService {
        /// Which one.
        name: String,
    },
    /// Run the rule-based model that the demo uses when no key is set.
    #[cfg(feature = "demo")]
    OfflineModel {
        /// Where to listen; port 0 picks a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4390")]
        listen: SocketAddr,
        /// End with standard input, as the demo wants its services to.
        #[arg(long, hide = true)]
        lifeline: bool,
    },
}

/// Where the backend listens and keeps its data.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Listen {
    /// OTLP over gRPC; default 127.0.0.1:4317, or the next free pair.
    #[arg(long, value_name = "ADDR")]
    pub(crate) grpc: Option<SocketAddr>,
    /// OTLP over HTTP; default 127.0.0.1:4318, or the next free pair.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Page and API; default 127.0.0.1:4380, or the next free port.
    #[arg(long, value_name = "ADDR")]
    pub(crate) page: Option<SocketAddr>,
    /// Where everything is kept; default .glassbox in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Who receives OTLP: a collector that is found (auto), none (off), or this one; default auto.
    #[arg(long, value_name = "auto|off|PATH")]
    pub(crate) collector: Option<Otelcol>,
}

/// What the doctor looks at; what is not said here is as the application has it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Doctor {
    /// Where telemetry is sent, instead of where the settings say.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// How it is sent: http/protobuf or grpc.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// The page of the backend where it is to arrive; default the one that runs here.
    #[arg(long, value_name = "URL")]
    pub(crate) backend: Option<String>,
    /// The service that something is missing of; default what OTEL_SERVICE_NAME or the file says,
    /// else all that have sent traces.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// How long each step may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds)]
    pub(crate) timeout: u64,
    /// Print one JSON object on standard output, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whom the probe asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct Probe {
    /// Where the page listens; default what the settings say, else 127.0.0.1:4380.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) page: Option<SocketAddr>,
}

/// How the demo runs.
#[cfg(feature = "demo")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// What to ask the agent.
    #[arg(
        long,
        value_name = "QUESTION",
        default_value = "How long is the day in Tromsø tomorrow, and what time is it there now?",
        conflicts_with = "workflow"
    )]
    pub(crate) ask: String,
    /// Run a predefined workflow instead of asking: trip.
    #[arg(long, value_name = "NAME")]
    pub(crate) workflow: Option<String>,
    /// An input of the workflow; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "workflow")]
    pub(crate) input: Vec<String>,
    /// End after the answer; exit status 0 only if the whole trace arrived.
    #[arg(long)]
    pub(crate) once: bool,
    /// Print one JSON object on standard output, and nothing else; implies --once.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put prompts and answers on the spans.
    #[arg(long)]
    pub(crate) capture_content: bool,
    /// Use a backend that already runs, by the address of its page.
    #[arg(long, value_name = "URL", conflicts_with_all = ["grpc", "http", "page", "data", "collector"])]
    pub(crate) backend: Option<String>,
    #[command(flatten)]
    pub(crate) listen: Listen,
}

fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (1..=600).contains(seconds))
        .ok_or_else(|| "write whole seconds, from 1 to 600".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:4380".to_owned())
}

/// A command line, or what to print instead and the status to exit with.
pub(crate) fn parse() -> Result<Cli, (String, u8)> {
    Cli::try_parse().map_err(|error| {
        let text = error.render().to_string();
        if !error.use_stderr() {
            return (text, 0);
        }
        // One sentence: what clap found, its suggestion, and where to read on.
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let found = lines.next().unwrap_or("the command line is not understood");
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
