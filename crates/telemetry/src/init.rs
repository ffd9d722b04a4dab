//! How telemetry starts.

use crate::{InitError, TelemetryConfig, TelemetryGuard};

/// Starts telemetry and makes it the process's own: for `glassbox_core::telemetry`, for libraries
/// that use OpenTelemetry's globals, and, unless a subscriber exists, for `tracing`.
///
/// Needs no async runtime and connects to nothing yet.
///
/// # Errors
/// If a setting is a mistake, or telemetry was installed before.
pub fn init(config: TelemetryConfig) -> Result<TelemetryGuard, InitError> {
    let guard = TelemetryGuard::start(config)?;
    guard.install()?;
    guard.subscribe()?;
    Ok(guard)
}

/// As [`init`], for an application that builds its own `tracing` subscriber: installs none.
///
/// ```
/// use glassbox_telemetry::TelemetryConfig;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let telemetry = glassbox_telemetry::start(TelemetryConfig::new("weather"))?;
/// let subscriber = tracing_subscriber::registry().with(telemetry.layers()?);
/// # drop(subscriber);
/// # telemetry.shutdown_blocking(std::time::Duration::ZERO);
/// # Ok::<(), glassbox_telemetry::InitError>(())
/// ```
///
/// # Errors
/// If a setting is a mistake, or telemetry was installed before.
pub fn start(config: TelemetryConfig) -> Result<TelemetryGuard, InitError> {
    let guard = TelemetryGuard::start(config)?;
    guard.install()?;
    Ok(guard)
}
