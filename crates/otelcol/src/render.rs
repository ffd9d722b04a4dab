//! Renders the configuration of a collector for what its distribution has.

mod exporters;
mod file;
mod layering;
mod version;
mod yaml;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::yaml::{Map, Node};
use crate::components::Components;
use crate::config::CollectorConfig;
use crate::plan::Plan;

pub(crate) use file::{create_folder, replace};
pub(crate) use layering::Layer;

/// The signals, each with a pipeline and an archive file of its own.
pub(crate) const SIGNALS: [&str; 3] = ["traces", "metrics", "logs"];

/// The path at which the collector says whether it is ready, on the address for its health.
pub(crate) const READY: &str = "/ready";

/// Which web pages may send to the collector: those of this machine, as with the backend itself.
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

/// A configuration, and what goes with it.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The document.
    pub(crate) yaml: String,
    /// What a user should be told: what the distribution lacks. One sentence each.
    pub(crate) notes: Vec<String>,
    /// Where it sends a copy of everything.
    pub(crate) remote: Option<String>,
    /// Where it has pages about itself.
    pub(crate) zpages: Option<String>,
    /// What the collector needs in its environment, the secrets among it, to check the
    /// configuration as well as to run it.
    pub(crate) environment: Vec<(String, String)>,
    folders: Vec<PathBuf>,
}

/// Why no configuration could be rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum RenderError {
    /// The distribution lacks what nothing can stand in for.
    #[error(
        "the collector has no {0}, without which nothing reaches the store; choose a distribution that has it"
    )]
    Lacks(&'static str),
    /// A path cannot be written into a document.
    #[error(
        "the path {} is not UTF-8, which the collector's configuration has to be; choose another \
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
        /// What the system says.
        source: io::Error,
    },
    /// The user's configuration is no YAML.
    #[error("the configuration {} (collector.otelcol_config) is not a YAML mapping", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<serde_saphyr::Error>,
    },
}

/// Renders the configuration for `plan`, out of what the distribution has.
///
/// # Errors
/// Fails when the distribution cannot receive OTLP or cannot send it to the store.
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
    /// Replaces `path` by this configuration, at once or not at all, readable by its owner alone,
    /// and creates the folders that it names.
    ///
    /// # Errors
    /// Fails when a folder or the file cannot be written; the old file is then still there.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        self.folders
            .iter()
            .try_for_each(|folder| create_folder(folder))?;
        replace(path, self.yaml.as_bytes())
    }
}

/// A configuration in the making.
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
    fn receivers(&self) -> Result<Map, RenderError> {
        if !self.components.receivers.contains("otlp") {
            return Err(RenderError::Lacks("receiver otlp"));
        }
        let request = self.config.max_request_bytes.as_u64();
        let cors = Map::new()
            .with("allowed_origins", Node::list(LOOPBACK_ORIGINS))
            .with("allowed_headers", Node::list(["*"]))
            .number("max_age", 7200);
        let grpc = Map::new()
            .with("endpoint", self.plan.grpc.to_string())
            .number("max_recv_msg_size_mib", request.div_ceil(MIB));
        let http = Map::new()
            .with("endpoint", self.plan.http.to_string())
            .number("max_request_body_size", request)
            .with("cors", cors);
        let protocols = Map::new().with("grpc", grpc).with("http", http);
        Ok(Map::new().with("otlp", Map::new().with("protocols", protocols)))
    }

    fn processors(&mut self) -> Map {
        let mut processors = Map::new();
        if self.components.processors.contains("memory_limiter") {
            // Eight requests of the largest size; what does not fit is refused and sent again.
            let limit = (8 * self.config.max_request_bytes.as_u64().div_ceil(MIB)).max(256);
            let limiter = Map::new()
                .with("check_interval", "1s")
                .number("limit_mib", limit)
                .number("spike_limit_mib", limit / 4);
            processors = processors.with("memory_limiter", limiter);
            // Go collects its garbage before the limiter has to refuse.
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
            self.lacks("processor batch", "it sends each request on by itself");
        }
        processors
    }

    /// Where the collector answers about itself.
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
                "its log alone tells that it is ready",
            );
        }
        if self.components.extensions.contains("zpages") {
            let zpages = Map::new().with("endpoint", self.plan.zpages.to_string());
            answers = answers.with("zpages", zpages);
            self.zpages = Some(format!("http://{}/debug/servicez", self.plan.zpages));
        } else {
            self.lacks("extension zpages", "it has no pages about itself");
        }
        self.extensions = answers.and(std::mem::take(&mut self.extensions));
    }

    /// What the collector says about itself: its log, and its metrics where they are wanted.
    fn telemetry(&mut self) -> Map {
        // Each line counts: what an exporter has lost stands in one, and of equal ones a sampled
        // log keeps the first few a moment.
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
        let otlp = Map::new()
            .with("protocol", "http/protobuf")
            .with("endpoint", format!("http://{}/v1/metrics", self.plan.store));
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
