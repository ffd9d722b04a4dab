//! One service of the demo, in its own process.

use crate::failure::Failure;
use glassbox::Service;
use glassbox_config::{Environment, Settings};
use rustix::process::{Signal, getpid, kill_process};
use std::{io::Read, process::ExitCode};

/// Runs the library of an example until SIGTERM, or until standard input closes.
///
/// # Errors
/// If there is no such service.
pub(crate) async fn run(
    name: &str,
    settings: &Settings,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    let tool = match name {
        "geocoding-tool" => geocoding_tool::tool(),
        "time-tool" => time_tool::tool(),
        "daylight-tool" => daylight_tool::tool(),
        "weather-tool" => weather_tool::tool(),
        "travel-agent" => {
            end_with_parent();
            let agent = Service::agent(travel_agent::agent());
            return Ok(agent.serve_with(settings, environment).await);
        }
        _ => {
            let known = crate::demo::SERVICES.join(", ");
            return Err(Failure::new(format!(
                "there is no demo service '{name}'; the services are {known}"
            )));
        }
    };
    end_with_parent();
    let tool = Service::tool(tool);
    Ok(tool.serve_with(settings, environment).await)
}

/// Terminates this process when its standard input closes. The demo holds the other end, so a
/// service does not outlive a killed demo.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        // On end of file or an error, the parent is gone.
        let _gone = std::io::stdin().lock().read_to_end(&mut rest);
        let _sent = kill_process(getpid(), Signal::TERM);
    });
}
