//! Renders a collector's configuration for the components of its distribution.

mod exporters;
mod file;
mod keys;
mod layering;
mod version;
mod yaml;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::keys::AUTHORIZATION;
use self::yaml::{Map, Node};
use crate::components::Components;
use crate::config::CollectorConfig;
use crate::plan::Plan;

pub(crate) use file::{create_folder, replace};
pub(crate) use layering::Layer;

/// The signals, each with a pipeline and an archive file of its own.
pub(crate) const SIGNALS: [&str; 3] = ["traces", "metrics", "logs"];

/// The path of the collector's `health_check` extension.
pub(crate) const READY: &str = "/ready";

/// Web pages that may send to the collector: those on loopback, as with the backend itself.
const LOOPBACK_ORIGINS: [&str; 12] = [
    "http://localhost",
    "http://localhost:*",
    "http://*.localhost:*",
    "http://127.0.0.1",
    "http://127.0.0.1:*",
    "http://[::1]",
    "http://[::1]:*",
    "https://localhost",
    "https://localhost:*",
    "https://127.0.0.1",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// A rendered configuration.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The document.
    pub(crate) yaml: String,
    /// Notes for the user about what the distribution lacks, one sentence each.
    pub(crate) notes: Vec<String>,
    /// Where it sends a copy of everything.
    pub(crate) remote: Option<String>,
    /// The address of its zPages.
    pub(crate) zpages: Option<String>,
    /// Environment variables, with secrets, that the collector needs to check the configuration and
    /// to run.
    pub(crate) environment: Vec<(String, String)>,
    folders: Vec<PathBuf>,
}

/// Why no configuration could be rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum RenderError {
    /// The distribution lacks a required component.
    #[error(
        "the collector has no {0}, which is required to reach the store; use a distribution that has it"
    )]
    Lacks(&'static str),
    /// The distribution cannot check keys.
    #[error(
        "the collector has no extension bearertokenauth, so anyone could send to it without a key \
         (collector.key); use a distribution that has it, or set collector.otelcol to off"
    )]
    LacksAuthentication,
    /// A path cannot be written into a document.
    #[error(
        "the path {} is not UTF-8, as the collector's configuration must be; choose another \
         data_dir",
        path.display()
    )]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// The document cannot be written.
    #[error("the configuration cannot be written as YAML")]
    Yaml(#[source] serde_saphyr::ser_error::Error),
    /// The user's configuration cannot be read.
    #[error(
        "the configuration {} (collector.otelcol_config) cannot be read; name a file that you may \
         read",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The user's configuration is not a YAML mapping.
    #[error("the configuration {} (collector.otelcol_config) is not a YAML mapping", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<serde_saphyr::Error>,
    },
}

/// Renders the configuration for `plan` and the components of the distribution.
///
/// # Errors
/// Fails if the distribution cannot receive OTLP or cannot send it to the store.
pub(crate) fn render(
    plan: &Plan,
    components: &Components,
    config: &CollectorConfig,
) -> Result<Rendered, RenderError> {
    let mut draft = Draft {
        plan,
        components,
        config,
        notes: Vec::new(),
        copies_to: None,
        zpages: None,
        environment: Vec::new(),
        folders: Vec::new(),
        extensions: Map::new(),
    };
    let receivers = draft.receivers()?;
    let processors = draft.processors();
    let exporters = draft.exporters()?;
    draft.endpoints();
    let telemetry = draft.telemetry();
    let service = Map::new()
        .with("extensions", Node::list(draft.extensions.keys()))
        .with("telemetry", telemetry)
        .with("pipelines", pipelines(&processors, &exporters));
    let document = Map::new()
        .with("extensions", draft.extensions)
        .with("receivers", receivers)
        .with("processors", processors)
        .with("exporters", exporters.definitions)
        .with("service", service);
    let body = document.document().map_err(RenderError::Yaml)?;
    Ok(Rendered {
        yaml: format!("{HEAD}{body}"),
        notes: draft.notes,
        remote: draft.copies_to,
        zpages: draft.zpages,
        environment: draft.environment,
        folders: draft.folders,
    })
}

const HEAD: &str = "\
# Written by Glassbox at every start: changes are lost.
# To add to it, name a configuration of your own in GLASSBOX_OTEL_CONFIG; it is layered over this.
";

impl Rendered {
    /// Replaces `path` atomically by this configuration, readable by its owner only, and creates the
    /// folders that it refers to.
    ///
    /// # Errors
    /// Fails if a folder or the file cannot be written; the old file is then unchanged.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        self.folders
            .iter()
            .try_for_each(|folder| create_folder(folder))?;
        replace(path, self.yaml.as_bytes())
    }
}

/// A configuration that is being rendered.
struct Draft<'a> {
    plan: &'a Plan,
    components: &'a Components,
    config: &'a CollectorConfig,
    notes: Vec<String>,
    copies_to: Option<String>,
    zpages: Option<String>,
    environment: Vec<(String, String)>,
    folders: Vec<PathBuf>,
    extensions: Map,
}

impl Draft<'_> {
    fn receivers(&mut self) -> Result<Map, RenderError> {
        if !self.components.receivers.contains("otlp") {
            return Err(RenderError::Lacks("receiver otlp"));
        }
        let lock = self.lock()?;
        let request = self.config.max_request_bytes.as_u64();
        let cors = Map::new()
            .with("allowed_origins", Node::list(LOOPBACK_ORIGINS))
            .with("allowed_headers", Node::list(["*"]))
            .number("max_age", 7200);
        let grpc = Map::new()
            .with("endpoint", self.plan.grpc.to_string())
            .number("max_recv_msg_size_mib", request.div_ceil(MIB))
            .with_some("auth", lock.clone());
        let http = Map::new()
            .with("endpoint", self.plan.http.to_string())
            .number("max_request_body_size", request)
            .with("cors", cors)
            .with_some("auth", lock);
        let protocols = Map::new().with("grpc", grpc).with("http", http);
        Ok(Map::new().with("otlp", Map::new().with("protocols", protocols)))
    }

    fn processors(&mut self) -> Map {
        let mut processors = Map::new();
        if self.components.processors.contains("memory_limiter") {
            // Room for eight requests of the largest size; others are rejected and sent again.
            let limit = (8 * self.config.max_request_bytes.as_u64().div_ceil(MIB)).max(256);
            let limiter = Map::new()
                .with("check_interval", "1s")
                .number("limit_mib", limit)
                .number("spike_limit_mib", limit / 4);
            processors = processors.with("memory_limiter", limiter);
            // Go collects garbage before the limiter rejects.
            let soft = format!("{}MiB", limit * 4 / 5);
            self.environment.push(("GOMEMLIMIT".to_owned(), soft));
        } else {
            self.lacks("processor memory_limiter", "its memory is not bounded");
        }
        if self.components.processors.contains("batch") {
            let batch = Map::new()
                .number("send_batch_size", 8192)
                .number("send_batch_max_size", 8192)
                .with("timeout", "200ms");
            processors = processors.with("batch", batch);
        } else {
            self.lacks("processor batch", "it forwards each request separately");
        }
        processors
    }

    /// Adds the extensions that report the collector's state.
    fn endpoints(&mut self) {
        let mut answers = Map::new();
        if self.components.extensions.contains("health_check") {
            let health = Map::new()
                .with("endpoint", self.plan.health.to_string())
                .with("path", READY);
            answers = answers.with("health_check", health);
        } else {
            self.lacks(
                "extension health_check",
                "readiness is only read from its log",
            );
        }
        if self.components.extensions.contains("zpages") {
            let zpages = Map::new().with("endpoint", self.plan.zpages.to_string());
            answers = answers.with("zpages", zpages);
            self.zpages = Some(format!("http://{}/debug/servicez", self.plan.zpages));
        } else {
            self.lacks("extension zpages", "it has no status pages");
        }
        self.extensions = answers.and(std::mem::take(&mut self.extensions));
    }

    /// Configures the collector's log, and its own metrics if they are wanted.
    fn telemetry(&mut self) -> Map {
        // Losses are read from the log, so it must not be sampled.
        let logs = Map::new()
            .with("level", "info")
            .with("encoding", "json")
            .with("sampling", Map::new().with("enabled", Node::Flag(false)))
            .with("output_paths", Node::list(["stderr"]));
        let telemetry = Map::new().with("logs", logs);
        let quiet = Map::new().with("level", "none");
        if !self.config.self_metrics {
            return telemetry.with("metrics", quiet);
        }
        if !self.pushes_metrics() {
            self.notes.push(format!(
                "the collector {} is too old to send its own metrics to the store",
                self.components.version
            ));
            return telemetry.with("metrics", quiet);
        }
        let header = self.store_authorization().map(|value| {
            let header = Map::new().with("name", AUTHORIZATION).with("value", value);
            Node::list([header])
        });
        let otlp = Map::new()
            .with("protocol", "http/protobuf")
            .with("endpoint", format!("http://{}/v1/metrics", self.plan.store))
            .with_some("headers", header);
        let periodic = Map::new()
            .number("interval", 10_000)
            .with("exporter", Map::new().with("otlp", otlp));
        let readers = Node::list([Map::new().with("periodic", periodic)]);
        let metrics = Map::new().with("level", "normal").with("readers", readers);
        telemetry.with("metrics", metrics)
    }

    fn lacks(&mut self, what: &str, effect: &str) {
        let version = &self.components.version;
        let note = format!("the collector {version} has no {what}: {effect}");
        self.notes.push(note);
    }

    /// Returns a path below the collector's folder as a text.
    fn path(&self, name: &str) -> Result<String, RenderError> {
        let path = self.plan.data.join(name);
        match path.to_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(RenderError::Path { path }),
        }
    }
}

const MIB: u64 = 1 << 20;

fn pipelines(processors: &Map, exporters: &exporters::Exporters) -> Map {
    SIGNALS.into_iter().fold(Map::new(), |pipelines, signal| {
        let pipeline = Map::new()
            .with("receivers", Node::list(["otlp"]))
            .with("processors", Node::list(processors.keys()))
            .with("exporters", Node::list(exporters.of(signal)));
        pipelines.with(signal, pipeline)
    })
}

#[cfg(test)]
mod tests;
