//! Serves the tool until SIGTERM or Ctrl-C; `--help` lists the arguments.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    glassbox::serve_tool(weather_tool::tool()).await
}
