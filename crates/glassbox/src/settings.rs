//! The settings of a program: command line, environment, file.

use crate::arguments::Flags;
use glassbox_config::{Environment, Settings, SettingsError};
use glassbox_host::HostSettings;
use std::path::Path;

/// Loads every section that this build understands.
pub(crate) fn load(
    flags: &Flags,
    environment: &Environment,
    folder: &Path,
) -> Result<Settings, SettingsError> {
    let builder = Settings::builder().section::<HostSettings>();
    #[cfg(feature = "ai")]
    let builder = builder.section::<glassbox_ai::AiSettings>();
    #[cfg(feature = "orchestration")]
    let builder = builder.section::<glassbox_orchestration::OrchestrationSettings>();
    #[cfg(feature = "telemetry")]
    let builder = builder.section::<glassbox_telemetry::TelemetryConfig>();
    builder
        .environment(environment)
        .discover(flags.config.as_deref(), environment, folder)?
        .flag("host.bind", flags.listen, "--listen")
        .flag(
            "host.allow_anonymous",
            flags.allow_anonymous.then_some(true),
            "--allow-anonymous",
        )
        .build()
}
