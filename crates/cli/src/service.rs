//! One service of the demo, as a process of its own.

use crate::failure::Failure;
use glassbox_ai::{AiSettings, ModelConfig};
use glassbox_config::Settings;
use glassbox_host::{Host, HostSettings};
use glassbox_instrument::HttpClient;
use glassbox_telemetry::TelemetryConfig;
use rustix::process::{Signal, getpid, kill_process};
use std::{io::Read, process::ExitCode, time::Duration};

/// How long what was seen may take to leave.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs the library half of an example until SIGTERM, or until standard input ends.
///
/// # Errors
/// If there is no such service, or it cannot be served.
pub(crate) async fn run(name: &str, settings: &Settings) -> Result<ExitCode, Failure> {
    let unusable =
        |error: &dyn std::error::Error| Failure::from_error("the settings cannot be used", error);
    let telemetry = TelemetryConfig::for_service(name, settings).map_err(|e| unusable(&e))?;
    let host = settings
        .load::<HostSettings>()
        .map_err(|error| unusable(&error))?
        .into_value();
    let telemetry = glassbox_telemetry::init(telemetry)
        .map_err(|error| Failure::from_error("telemetry did not start", &error))?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    end_with_parent();
    let instance = telemetry.instance_id().to_owned();
    let tool = |tool: glassbox_core::Toolbox| {
        Host::tool(tool)
            .settings(host.clone())
            .instance(&instance)
            .serve()
    };
    let served = match name {
        "geocoding-tool" => tool(geocoding_tool::tool()).await,
        "time-tool" => tool(time_tool::tool()).await,
        "daylight-tool" => tool(daylight_tool::tool()).await,
        "weather-tool" => tool(weather_tool::tool()).await,
        "travel-agent" => {
            let model = settings.load::<AiSettings>().map_err(|e| unusable(&e))?;
            let model = ModelConfig::from_settings(&model)
                .map_err(|error| Failure::from_error("there is no model to ask", &error))?;
            let agent = travel_agent::agent(&model)
                .map_err(|error| Failure::from_error("the agent cannot be set up", &error))?;
            let agent = Host::agent(agent).model(model.connect(HttpClient::new()));
            agent.settings(host).instance(&instance).serve().await
        }
        _ => {
            let known = crate::demo::SERVICES.join(", ");
            return Err(Failure::new(format!(
                "there is no demo service '{name}'; known are {known}"
            )));
        }
    };
    let report =
        served.map_err(|error| Failure::from_error(&format!("{name} cannot be served"), &error))?;
    tracing::info!(calls = report.served(), "served");
    telemetry.shutdown(FAREWELL).await;
    Ok(ExitCode::SUCCESS)
}

/// Asks this process to end once its standard input does: the demo holds the other end, so a demo
/// that is killed leaves no service behind.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        // Whether it ends or fails, nobody is there any more.
        let _gone = std::io::stdin().lock().read_to_end(&mut rest);
        let _sent = kill_process(getpid(), Signal::TERM);
    });
}
