//! The command line arguments.

mod parse;

pub(crate) use parse::{Parsed, parse};

use crate::style::Colour;
use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;
use glassbox_collector::Otelcol;
use glassbox_config::Listen as Address;
use std::path::PathBuf;

/// The heading of the options that all commands have.
const GLOBAL: &str = "Global options";
/// What follows the options in the help.
const AFTER_HELP: &str = "\
Examples:
  glassbox demo                     ask an example agent, and show its trace
  glassbox up                       receive telemetry of your own programs
  glassbox doctor                   find out why telemetry does not arrive

Exit status: 0 after success, 1 after a failure, 2 after a mistake on the command line.";

/// AI agents you can see through.
#[derive(Debug, Parser)]
#[command(
    name = "glassbox",
    version,
    after_help = AFTER_HELP,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Settings file [default: GLASSBOX_CONFIG, or glassbox.toml or glassbox.yaml in this folder].
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How much is printed, and how.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Output {
    /// Print only results and errors.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// Also print logs: -v for information, -vv for debugging.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// When to use colours.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Colour,
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
    /// Print stored traces as OTLP JSON, one per line.
    Export(Export),
    /// Store the telemetry of a file of OTLP JSON, one request per line.
    Import(Import),
    /// Print a script that completes the command line in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, of glassbox or of one command.
    Man {
        /// The command.
        command: Option<String>,
    },
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
        listen: Address,
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
    pub(crate) grpc: Option<Address>,
    /// Address for OTLP over HTTP [default: 127.0.0.1:4318, or the next free pair].
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<Address>,
    /// Address of the page and the API [default: 127.0.0.1:4380, or the next free port].
    #[arg(long, value_name = "ADDR")]
    pub(crate) page: Option<Address>,
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

/// Options of an export.
#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// Traces to export.
    #[arg(value_name = "TRACE_ID", required = true, value_parser = trace_id)]
    pub(crate) traces: Vec<String>,
    /// File to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Page of the backend [default: the backend on this machine].
    #[arg(long, value_name = "URL")]
    pub(crate) backend: Option<String>,
}

/// Options of an import.
#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// File to read; - reads standard input.
    pub(crate) file: PathBuf,
    /// Page of the backend [default: the backend on this machine].
    #[arg(long, value_name = "URL")]
    pub(crate) backend: Option<String>,
}

/// Options of the probe.
#[derive(Clone, Debug, Args)]
pub(crate) struct Probe {
    /// Address of the page [default: from the settings, else 127.0.0.1:4380].
    #[arg(long, value_name = "ADDR")]
    pub(crate) page: Option<Address>,
}

/// Options of the demo.
#[cfg(feature = "demo")]
#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// Question to ask the agent.
    #[arg(
        long,
        value_name = "QUESTION",
        value_parser = question,
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

fn trace_id(text: &str) -> Result<String, String> {
    let id = text.trim().to_ascii_lowercase();
    match id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(id),
        false => Err("expected 32 hex digits".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (1..=600).contains(seconds))
        .ok_or_else(|| "expected whole seconds, from 1 to 600".to_owned())
}

#[cfg(feature = "demo")]
fn question(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the question is empty".to_owned()),
        _ => Ok(text.to_owned()),
    }
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
