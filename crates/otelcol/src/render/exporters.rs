//! The exporters: to the store, the archive, and a remote.

use super::keys::AUTHORIZATION;
use super::yaml::{Map, Node, literal};
use super::{Draft, MIB, RenderError, SIGNALS};
use crate::components::Components;

/// The exporters, by signal.
#[derive(Debug)]
pub(super) struct Exporters {
    pub(super) definitions: Map,
    /// For all signals.
    shared: Vec<String>,
    archive: bool,
}

impl Exporters {
    /// Returns the exporters of one signal's pipeline.
    pub(super) fn of(&self, signal: &str) -> Vec<String> {
        let archive = self.archive.then(|| archive(signal));
        self.shared.iter().cloned().chain(archive).collect()
    }
}

/// The name of the exporter to the store, after its type.
pub(super) const STORE: &str = "glassbox";

const REMOTE: &str = "remote";

/// The extension that keeps the queue of the remote on disk, and its folder.
const QUEUE: &str = "file_storage/queue";

fn archive(signal: &str) -> String {
    format!("file/{signal}")
}

impl Components {
    /// Returns the name of the exporter whose queue is on disk, if the distribution supports that.
    pub(crate) fn durable_exporter(&self) -> Option<&'static str> {
        self.extensions.contains("file_storage").then_some(REMOTE)
    }
}

impl Draft<'_> {
    pub(super) fn exporters(&mut self) -> Result<Exporters, RenderError> {
        let mut definitions = Map::new();
        let mut shared = Vec::new();
        let (store, definition) = self.store()?;
        definitions = definitions.with(store.as_str(), definition);
        shared.push(store);
        let archived = self.config.archive && self.has_file();
        if archived {
            for signal in SIGNALS {
                definitions = definitions.with(archive(signal), self.archived(signal)?);
            }
        }
        if let Some((remote, definition)) = self.remote()? {
            definitions = definitions.with(remote.as_str(), definition);
            shared.push(remote);
        }
        Ok(Exporters {
            definitions,
            shared,
            archive: archived,
        })
    }

    /// The exporter to the store. Its full queue blocks applications and loses nothing.
    fn store(&mut self) -> Result<(String, Map), RenderError> {
        let kind = self
            .exporter(&["otlp_http", "otlphttp"])
            .ok_or(RenderError::Lacks("exporter otlp_http"))?;
        let retry = Map::new()
            .with("initial_interval", "100ms")
            .with("max_interval", "5s")
            .with("max_elapsed_time", "0s");
        let queue = if self.measures_bytes() {
            let request = self.config.max_request_bytes.as_u64();
            self.queue(2 * request.max(32 * MIB), request)
                .with("block_on_overflow", true)
        } else {
            Map::new().number("queue_size", 1000)
        };
        let authorization = self.store_authorization();
        let headers = authorization.map(|value| Map::new().with(AUTHORIZATION, value));
        let definition = Map::new()
            .with("endpoint", format!("http://{}", self.plan.store))
            .with("compression", "none")
            .with_some("headers", headers)
            .with("retry_on_failure", retry)
            .with("sending_queue", queue);
        Ok((format!("{kind}/{STORE}"), definition))
    }

    /// A queue with a limit in bytes, and a limit for each request.
    fn queue(&self, bytes: u64, request: u64) -> Map {
        let batch = Map::new()
            .with("sizer", "bytes")
            .number("min_size", 0)
            .number("max_size", request)
            .with("flush_timeout", "200ms");
        Map::new()
            .with("sizer", "bytes")
            .number("queue_size", bytes)
            .number("num_consumers", 4)
            .with("batch", batch)
    }

    fn has_file(&mut self) -> bool {
        let has = self.components.exporters.contains("file");
        if !has {
            self.lacks("exporter file", "no archive is written");
        }
        has
    }

    fn archived(&self, signal: &str) -> Result<Map, RenderError> {
        // A file must have room for a whole batch. At a quarter each, the three files that are
        // written never reach the archive's limit.
        let megabytes = (self.config.archive_max_bytes.as_u64() / 4 / MIB).clamp(1, 256);
        // Pruned by the module `archive`, which counts what it removes.
        let rotation = Map::new()
            .number("max_megabytes", megabytes)
            .number("max_days", 0)
            .number("max_backups", 0);
        Ok(Map::new()
            .with("path", self.path(&format!("{signal}.jsonl"))?)
            .with("rotation", rotation))
    }

    /// The exporter to the remote. Its full queue drops data, so a remote that is down does not block
    /// the store.
    fn remote(&mut self) -> Result<Option<(String, Map)>, RenderError> {
        let Some(endpoint) = self.config.remote_endpoint.as_deref() else {
            return Ok(None);
        };
        let Some(kind) = self.exporter(&["otlp_grpc", "otlp"]) else {
            self.lacks("exporter otlp_grpc", "nothing is sent to the remote");
            return Ok(None);
        };
        let plaintext = endpoint.starts_with("http://");
        let bare = ["http://", "https://"]
            .into_iter()
            .find_map(|scheme| endpoint.strip_prefix(scheme))
            .unwrap_or(endpoint);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        if bare.ends_with(":4318") {
            self.notes.push(format!(
                "telemetry is sent to the remote {bare} by OTLP/gRPC, but 4318 is the port of OTLP/HTTP; \
                 OTLP/gRPC is usually 4317"
            ));
        }
        self.copies_to = Some(bare.to_owned());
        let security = match (plaintext, self.config.remote_insecure) {
            (true, _) => Some(Map::new().with("insecure", true)),
            (false, true) => Some(Map::new().with("insecure_skip_verify", true)),
            (false, false) => None,
        };
        let retry = Map::new().with("max_elapsed_time", "0s");
        let definition = Map::new()
            .with("endpoint", bare)
            .with_some("tls", security)
            .with_some("headers", self.headers())
            .with("retry_on_failure", retry)
            .with("sending_queue", self.remote_queue()?);
        Ok(Some((format!("{kind}/{REMOTE}"), definition)))
    }

    fn remote_queue(&mut self) -> Result<Map, RenderError> {
        let stored = self.components.durable_exporter().is_some();
        if stored {
            let directory = self.path("queue")?;
            self.folders.push(self.plan.data.join("queue"));
            let compaction = Map::new()
                .with("directory", directory.as_str())
                .with("on_start", true)
                .with("on_rebound", true);
            let storage = Map::new()
                .with("directory", directory)
                .with("compaction", compaction);
            let extensions = std::mem::take(&mut self.extensions);
            self.extensions = extensions.with(QUEUE, storage);
        } else {
            self.lacks(
                "extension file_storage",
                "the remote's queue is in memory and lost at a restart",
            );
        }
        let queue = if self.measures_bytes() {
            // gRPC servers accept 4 MiB by default.
            let bytes = if stored { 256 * MIB } else { 64 * MIB };
            self.queue(bytes, 3 * MIB).with("block_on_overflow", false)
        } else {
            Map::new().number("queue_size", 1000)
        };
        Ok(queue.with_some("storage", stored.then_some(QUEUE)))
    }

    /// The headers by name; their values are only in the collector's environment.
    fn headers(&mut self) -> Option<Map> {
        let mut headers = Map::new();
        for (number, (name, value)) in self.config.remote_headers.iter().enumerate() {
            let variable = format!("GLASSBOX_REMOTE_HEADER_{}", number + 1);
            // gRPC header names are lower case.
            headers = headers.with(name.to_ascii_lowercase(), Node::variable(&variable));
            // The collector expands references in the values of references as well.
            self.environment.push((variable, literal(value)));
        }
        (!self.config.remote_headers.is_empty()).then_some(headers)
    }

    /// Returns the first of the names of an exporter that this collector supports, newest first.
    fn exporter(&self, names: &[&'static str]) -> Option<&'static str> {
        let known = |name: &&&'static str| self.components.exporters.contains(**name);
        names.iter().find(known).copied()
    }
}
