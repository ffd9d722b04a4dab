//! An application that emits what the suites check, and reports what it emitted.
//!
//! Telemetry is process-global, so each case of a suite runs its own process of this program. It is set up
//! like any application, by `OTEL_*` and `GLASSBOX_*` variables; the argument names the scenario.
//! It prints one JSON object to standard output: the `facts` that only it can report (ids, times),
//! the error of the `flush`, the `health` before the end, and the final `report`.

mod facts;
mod logs;
mod metrics;
mod requests;
mod scenario;
mod traces;

use facts::Facts;
use glassbox_config::{Environment, Settings};
use glassbox_telemetry::TelemetryConfig;
use scenario::Scenario;
use serde_json::json;
use std::{
    error::Error,
    io::Write,
    time::{Duration, Instant},
};

/// Timeout of the flush, and again of the shutdown.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::from_process();
    let word = std::env::args().nth(1).unwrap_or_default();
    let scenario: Scenario = word.parse()?;
    let settings = Settings::builder()
        .section::<TelemetryConfig>()
        .environment(&environment)
        .build()?;
    let config = TelemetryConfig::for_service("emitter", &settings)?;
    let telemetry = glassbox_telemetry::init(config)?;

    let mut facts = Facts::new();
    scenario.play(&telemetry, &mut facts)?;
    let start = Instant::now();
    let flushed = telemetry.flush_blocking(PATIENCE);
    let flush_took = start.elapsed();
    let health = telemetry.health();
    let start = Instant::now();
    let report = telemetry.shutdown_blocking(PATIENCE);

    let said = json!({
        "facts": facts,
        "flush": flushed.err().map(|error| error.to_string()),
        "flush_seconds": flush_took.as_secs_f64(),
        "health": health,
        "report": report,
        "shutdown_seconds": start.elapsed().as_secs_f64(),
    });
    std::io::stdout().write_all(said.to_string().as_bytes())?;
    Ok(())
}
