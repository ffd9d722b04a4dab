//! Starting telemetry.

use crate::{InitError, TelemetryConfig, TelemetryGuard};
use glassbox_semconv::OptIn;

/// Starts telemetry and installs it for the process: for `glassbox_core::telemetry`, for libraries that
/// use OpenTelemetry's globals, and for `tracing` unless a subscriber exists.
///
/// Telemetry ends when the guard is dropped, so keep it in a variable until the end of `main`.
/// `let _ = init(…)` drops it at once.
///
/// Needs no async runtime, and does not connect yet.
///
/// # Errors
/// Fails if a setting is invalid, or telemetry was installed before. Telemetry can be installed only once
/// in a process, even after a shutdown.
pub fn init(config: TelemetryConfig) -> Result<TelemetryGuard, InitError> {
    let guard = start(config)?;
    guard.subscribe()?;
    warn_of_unknown_opt_ins(guard.config());
    Ok(guard)
}

/// As [`init`], but installs no `tracing` subscriber. For applications that build their own.
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
/// Fails as [`init`] does.
pub fn start(config: TelemetryConfig) -> Result<TelemetryGuard, InitError> {
    TelemetryGuard::start(config)?.install()
}

/// Warns about unknown values: after a typing error, the default generation of conventions is emitted,
/// which is hard to notice.
fn warn_of_unknown_opt_ins(config: &TelemetryConfig) {
    let chosen = OptIn::parse(&config.semconv_stability_opt_in);
    if !chosen.unknown().is_empty() {
        let unknown = chosen.unknown().join(", ");
        let known: Vec<_> = OptIn::known().collect();
        tracing::warn!(
            glassbox.telemetry.opt_in = unknown,
            "OTEL_SEMCONV_STABILITY_OPT_IN has unknown values: {unknown}; the known ones are {}, each also with /dup",
            known.join(", ")
        );
    }
}
