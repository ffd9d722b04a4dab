//! The components of a collector's distribution, as listed by `otelcol components`.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;

/// Names of the components of a collector, and its version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Components {
    /// The version of the distribution, such as `0.159.0`.
    pub(crate) version: String,
    pub(crate) receivers: BTreeSet<String>,
    pub(crate) processors: BTreeSet<String>,
    pub(crate) exporters: BTreeSet<String>,
    pub(crate) extensions: BTreeSet<String>,
}

/// Why a list of components is unusable.
#[derive(Debug, Error)]
pub(crate) enum ComponentsError {
    /// It cannot be parsed.
    #[error("its list of components cannot be read")]
    Unreadable(#[source] Box<serde_saphyr::Error>),
    /// It has no receiver or no exporter.
    #[error("its list of components has no receiver or no exporter")]
    Empty,
}

impl Components {
    /// Reads the output of `otelcol components`.
    ///
    /// The format is declared unstable, so unknown keys are ignored, and an entry may be a name or a
    /// map with a name.
    ///
    /// # Errors
    /// Fails if `text` is not such a list.
    pub(crate) fn parse(text: &str) -> Result<Self, ComponentsError> {
        let listed: Listed = serde_saphyr::from_str(text)
            .map_err(|error| ComponentsError::Unreadable(Box::new(error)))?;
        if listed.receivers.is_empty() || listed.exporters.is_empty() {
            return Err(ComponentsError::Empty);
        }
        let names = |entries: Vec<Entry>| entries.into_iter().map(Entry::name).collect();
        Ok(Self {
            version: listed.buildinfo.version,
            receivers: names(listed.receivers),
            processors: names(listed.processors),
            exporters: names(listed.exporters),
            extensions: names(listed.extensions),
        })
    }
}

#[derive(Deserialize)]
struct Listed {
    buildinfo: BuildInfo,
    #[serde(default)]
    receivers: Vec<Entry>,
    #[serde(default)]
    processors: Vec<Entry>,
    #[serde(default)]
    exporters: Vec<Entry>,
    #[serde(default)]
    extensions: Vec<Entry>,
}

#[derive(Deserialize)]
struct BuildInfo {
    version: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Described { name: String },
    Named(String),
}

impl Entry {
    fn name(self) -> String {
        match self {
            Self::Described { name } | Self::Named(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
buildinfo:
    command: otelcol
    description: A collector
    version: 0.159.0
receivers:
    - name: otlp
      module: go.opentelemetry.io/collector/receiver/otlpreceiver v0.159.0
      stability:
        logs: Stable
processors:
    - batch
exporters:
    - name: otlp_http
      module: go.opentelemetry.io/collector/exporter/otlphttpexporter v0.159.0
connectors: []
providers:
    - scheme: env
      module: go.opentelemetry.io/collector/confmap/provider/envprovider v1.65.0
";

    #[test]
    fn names_and_version_are_read_and_the_rest_is_passed_over() {
        let components = Components::parse(LISTED).unwrap();
        assert_eq!(components.version, "0.159.0");
        assert!(components.receivers.contains("otlp"));
        assert!(components.processors.contains("batch"));
        assert!(components.exporters.contains("otlp_http"));
        assert!(components.extensions.is_empty());
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        for text in [
            "",
            "usage: cp [-r] from to",
            "{",
            "version: 3",
            "buildinfo: 7",
        ] {
            assert!(
                matches!(Components::parse(text), Err(ComponentsError::Unreadable(_))),
                "{text}"
            );
        }
        let bare = "buildinfo: {version: 1.0.0}\nreceivers: [otlp]";
        assert!(matches!(
            Components::parse(bare),
            Err(ComponentsError::Empty)
        ));
    }
}
