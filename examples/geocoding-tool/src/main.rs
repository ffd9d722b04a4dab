//! Serves the tool, with telemetry, until SIGTERM or Ctrl-C; with `probe`, asks whether it is served.

use glassbox_config::{Environment, Settings};
use glassbox_host::{Host, HostSettings};
use glassbox_telemetry::TelemetryConfig;
use std::{error::Error, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::builder()
        .section::<TelemetryConfig>()
        .section::<HostSettings>()
        .environment(&Environment::from_process())
        .build()?;
    let host = settings.load::<HostSettings>()?.into_value();
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("probe") => return Ok(glassbox_host::probe(&host)?),
        Some(other) => {
            let said = format!("'{other}' is no argument; say 'probe', or nothing to serve");
            return Err(said.into());
        }
    }
    let telemetry =
        glassbox_telemetry::init(TelemetryConfig::for_service("geocoding-tool", &settings)?)?;
    let report = Host::tool(geocoding_tool::tool())
        .settings(host)
        .instance(telemetry.instance_id())
        .serve()
        .await?;
    tracing::info!(calls = report.served(), "served");
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
