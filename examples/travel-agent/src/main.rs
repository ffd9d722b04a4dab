//! Serves the agent with the configured model until SIGTERM or Ctrl-C; `--help` lists the arguments.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    glassbox::serve_agent(travel_agent::agent()).await
}
