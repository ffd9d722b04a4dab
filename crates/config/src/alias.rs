//! Aliases of keys in a file.

use figment::value::Value;

use crate::Form;

/// An alias of a key, both relative to the root of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    spelling: &'static str,
    key: &'static str,
    form: Form,
}

impl Alias {
    const fn new(spelling: &'static str, key: &'static str) -> Self {
        Self {
            spelling,
            key,
            form: Form::Text,
        }
    }

    const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The alias.
    pub const fn spelling(&self) -> &'static str {
        self.spelling
    }

    /// The key that it stands for.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn reads(&self, value: Value) -> Result<Value, String> {
        match (self.form, value.to_num_lossy()) {
            (Form::Text, _) => Ok(value),
            (form, Some(number)) => match number.to_u128_lossy() {
                Some(whole) => form.read(&whole.to_string()),
                None => form.read(&format!("{number:?}")),
            },
            (form, None) => form.read(value.as_str().unwrap_or_default()),
        }
    }
}

/// All aliases: the `otel` block and the `telemetry` blocks of older configurations.
pub const ALIASES: &[Alias] = &[
    Alias::new("otel.enabled", "collector.enabled"),
    Alias::new("otel.endpoint", "telemetry.endpoint"),
    Alias::new("otel.exporter", "telemetry.protocol"),
    Alias::new("otel.log_level", "telemetry.log_level"),
    Alias::new("otel.resource_attributes", "telemetry.resource_attributes"),
    Alias::new("otel.service_name", "telemetry.service_name"),
    Alias::new("telemetry.batch_timeout_ms", "telemetry.batch_timeout").form(Form::Milliseconds),
    Alias::new("telemetry.exporters.console.enabled", "telemetry.console"),
    Alias::new("telemetry.exporters.otlp.enabled", "telemetry.otlp"),
    Alias::new("telemetry.exporters.otlp.endpoint", "telemetry.endpoint"),
    Alias::new("telemetry.export_console", "telemetry.console"),
    Alias::new("telemetry.level", "telemetry.log_level"),
    Alias::new("telemetry.metrics.interval", "telemetry.metric_interval"),
    Alias::new("telemetry.otlp_endpoint", "telemetry.endpoint"),
    Alias::new("telemetry.sampling.probability", "telemetry.sampling_ratio"),
    Alias::new("telemetry.sampling_rate", "telemetry.sampling_ratio"),
];
