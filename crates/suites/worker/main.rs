//! An application under load, controlled line by line.
//!
//! A suite that disturbs the collector controls it: each line on standard input is an [`Order`] in
//! JSON, and each is answered by one line of JSON on standard output. Everything emitted has a
//! unique number, so that received and emitted items can be compared one by one.
//! Telemetry is set up as in any application, by `OTEL_*` and `GLASSBOX_*` variables.

mod load;
mod order;

use glassbox_config::{Environment, Settings};
use glassbox_telemetry::TelemetryConfig;
use load::Load;
use order::Order;
use serde_json::{Value, json};
use std::{
    error::Error,
    io::{self, BufRead, Write},
};

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::builder()
        .section::<TelemetryConfig>()
        .environment(&Environment::from_process())
        .build()?;
    let telemetry =
        glassbox_telemetry::init(TelemetryConfig::for_service("suites-worker", &settings)?)?;
    let mut load = Load::default();
    for line in io::stdin().lock().lines() {
        match serde_json::from_str(&line?)? {
            Order::Emit { threads, each } => answer(&json!(load.emit(threads, each)))?,
            Order::Start { threads } => {
                load.start(threads);
                answer(&Value::Null)?;
            }
            Order::Stop => answer(&json!(load.stop()))?,
            Order::Pace => answer(&load.pace())?,
            Order::Health => answer(&serde_json::to_value(telemetry.health())?)?,
            Order::Flush { within } => {
                let failed = telemetry.flush_blocking(within.duration()).err();
                answer(&json!(failed.map(|error| error.to_string())))?;
            }
            Order::Shutdown { within } => {
                load.stop();
                let report = telemetry.shutdown_blocking(within.duration());
                return Ok(answer(&serde_json::to_value(report)?)?);
            }
        }
    }
    // The controlling process has ended; the guard flushes.
    Ok(())
}

fn answer(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}
