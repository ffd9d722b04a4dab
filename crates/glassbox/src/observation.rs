//! The telemetry of a program, or its absence.

#[cfg(feature = "telemetry")]
pub(crate) use on::Observation;

#[cfg(not(feature = "telemetry"))]
pub(crate) use off::Observation;

#[cfg(feature = "telemetry")]
mod on {
    use crate::terminal;
    use glassbox_config::Settings;
    use glassbox_core::sentence;
    use glassbox_telemetry::{Console, TelemetryConfig, TelemetryGuard};
    use std::time::Duration;

    /// Timeout for the final flush of telemetry.
    const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

    /// Installed telemetry.
    pub(crate) struct Observation {
        guard: TelemetryGuard,
        enabled: bool,
        console: bool,
    }

    impl Observation {
        /// Installs telemetry for a service that is called `name` unless the settings override it.
        pub(crate) fn start(
            name: &str,
            version: Option<&str>,
            settings: &Settings,
        ) -> Result<Self, String> {
            let mut config = TelemetryConfig::for_service(name, settings)
                .map_err(|error| format!("cannot use the settings: {}", sentence(&error)))?;
            if config.service_version.is_none() {
                config.service_version = version.map(str::to_owned);
            }
            let (enabled, console) = (config.enabled, config.console != Console::Off);
            let guard = glassbox_telemetry::init(config)
                .map_err(|error| format!("cannot start telemetry: {}", sentence(&error)))?;
            Ok(Self {
                guard,
                enabled,
                console,
            })
        }

        /// The `service.instance.id` that the service registers under as well.
        pub(crate) fn instance(&self) -> Option<&str> {
            Some(self.guard.instance_id())
        }

        /// The destination of telemetry, in one line.
        pub(crate) fn destination(&self) -> String {
            let health = self.guard.health();
            match health.endpoint {
                Some(endpoint) if self.enabled && !health.signals.is_empty() => {
                    let signals: Vec<&str> = health.signals.keys().map(String::as_str).collect();
                    format!("telemetry ({}) goes to {endpoint}", signals.join(", "))
                }
                _ => "telemetry is off".to_owned(),
            }
        }

        /// Whether the log already goes to standard error.
        pub(crate) fn has_console(&self) -> bool {
            self.console
        }

        /// Flushes, and reports what was lost.
        pub(crate) async fn end(self) {
            let report = self.guard.shutdown(FLUSH_TIMEOUT).await;
            if !report.is_lossless() {
                terminal::tell(&format!("not all telemetry was delivered: {report}"));
            }
        }
    }
}

#[cfg(not(feature = "telemetry"))]
mod off {
    use glassbox_config::Settings;

    /// No telemetry: the feature is off.
    pub(crate) struct Observation;

    impl Observation {
        pub(crate) fn start(
            _name: &str,
            _version: Option<&str>,
            _settings: &Settings,
        ) -> Result<Self, String> {
            Ok(Self)
        }

        pub(crate) fn instance(&self) -> Option<&str> {
            None
        }

        pub(crate) fn destination(&self) -> String {
            "telemetry is not part of this program".to_owned()
        }

        pub(crate) fn has_console(&self) -> bool {
            false
        }

        pub(crate) async fn end(self) {}
    }
}
