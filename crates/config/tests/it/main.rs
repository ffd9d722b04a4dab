//! Settings as an application uses them.
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

mod errors;
mod files;
mod precedence;
mod reserved;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use glassbox_config::{
    ByteSize, Environment, Form, Invalid, Section, Settings, SettingsBuilder, Variable,
};
use serde::{Deserialize, Serialize};

/// A section with one field of every kind.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Telemetry {
    enabled: bool,
    endpoint: String,
    protocol: Protocol,
    service_name: Option<String>,
    sampling_ratio: f64,
    #[serde(with = "glassbox_config::duration")]
    batch_timeout: Duration,
    resource_attributes: BTreeMap<String, String>,
    propagators: Vec<String>,
    limits: Limits,
    headers: BTreeMap<String, String>,
    key: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Limits {
    body: ByteSize,
    queue: u16,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Grpc,
    Http,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: ByteSize::mib(64),
            queue: 512,
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: "http://127.0.0.1:4318".into(),
            protocol: Protocol::Http,
            service_name: None,
            sampling_ratio: 1.0,
            batch_timeout: Duration::from_secs(5),
            resource_attributes: BTreeMap::new(),
            propagators: vec!["tracecontext".into(), "baggage".into()],
            limits: Limits::default(),
            headers: BTreeMap::new(),
            key: None,
        }
    }
}

impl Section for Telemetry {
    const NAME: &'static str = "telemetry";
    const VARIABLES: &'static [Variable] = &[
        Variable::new("OTEL_SDK_DISABLED", "enabled").form(Form::Negated),
        Variable::new("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "endpoint"),
        Variable::new("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint"),
        Variable::new("OTEL_BSP_SCHEDULE_DELAY", "batch_timeout").form(Form::Milliseconds),
        Variable::new("OTEL_RESOURCE_ATTRIBUTES", "resource_attributes").form(Form::Pairs),
        Variable::new("OTEL_EXPORTER_OTLP_HEADERS", "headers").form(Form::Pairs),
        Variable::new("OTEL_PROPAGATORS", "propagators").form(Form::List),
        Variable::new("GLASSBOX_OTEL_SDK_ENABLED", "enabled"),
        Variable::new("GLASSBOX_OTEL_SERVICE_NAME", "service_name"),
        Variable::new("GLASSBOX_OTEL_ENDPOINT", "endpoint"),
        Variable::new("GLASSBOX_PROTOCOL", "protocol"),
        Variable::new("GLASSBOX_SAMPLING_RATIO", "sampling_ratio"),
        Variable::new("GLASSBOX_QUEUE", "limits.queue"),
        Variable::new("GLASSBOX_BODY", "limits.body"),
        Variable::new("BACKEND_URL", "endpoint"),
        Variable::new("BACKEND_KEY", "key"),
    ];
    const SECRETS: &'static [&'static str] = &["headers", "key"];

    fn validate(&self) -> Result<(), Invalid> {
        if (0.0..=1.0).contains(&self.sampling_ratio) {
            Ok(())
        } else {
            Err(Invalid::new("sampling_ratio", "must be between 0 and 1"))
        }
    }
}

fn builder() -> SettingsBuilder {
    Settings::builder().section::<Telemetry>()
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Environment {
    Environment::from(variables)
}

/// A file in its own folder, which is removed when the first value is dropped.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}
