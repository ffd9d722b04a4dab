//! The user's configuration, and its effect on the rendered one.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::exporters::STORE;
use super::file::replace;
use super::{RenderError, SIGNALS};

/// Limit of the file in bytes, far above what is written by hand.
const LARGEST: u64 = 1 << 20;

/// The content of a user's configuration when it was read.
///
/// The collector gets a copy, so changes of the file apply from the next reload or start of the
/// backend, and not from the next crash of the collector.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    path: PathBuf,
    text: Arc<str>,
}

impl Layer {
    /// Reads the file.
    ///
    /// # Errors
    /// Fails when it cannot be read, or is larger than 1 MiB.
    pub(crate) fn read(path: &Path) -> Result<Self, RenderError> {
        let unreadable = |source| RenderError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        let read = file.take(LARGEST + 1).read_to_string(&mut text);
        if read.map_err(unreadable)? as u64 > LARGEST {
            let too_large = format!("it is larger than {LARGEST} bytes");
            return Err(unreadable(io::Error::other(too_large)));
        }
        Ok(Self {
            path: path.to_owned(),
            text: text.into(),
        })
    }

    /// Writes the copy, readable by its owner only.
    pub(crate) fn write(&self, copy: &Path) -> io::Result<()> {
        replace(copy, self.text.as_bytes())
    }

    /// Returns warnings about what it removes from the rendered configuration: mappings are merged
    /// key by key, lists are replaced, and a key without a value removes the rendered value.
    ///
    /// # Errors
    /// Fails if it is not a YAML mapping.
    pub(crate) fn notes(&self) -> Result<Vec<String>, RenderError> {
        let malformed = |source| RenderError::Malformed {
            path: self.path.clone(),
            source: Box::new(source),
        };
        let layer: Option<serde_json::Map<String, Value>> =
            serde_saphyr::from_str(&self.text).map_err(malformed)?;
        let layer = Value::Object(layer.unwrap_or_default());
        let warnings = taken(&layer);
        let notes = warnings.map(|warning| format!("WARNING: {} {warning}", self.path.display()));
        Ok(notes.collect())
    }
}

fn taken(layer: &Value) -> impl Iterator<Item = String> {
    let cut_off = SIGNALS.into_iter();
    let cut_off = cut_off.filter(move |signal| without_store(layer, signal));
    let pipelines = cut_off.map(|signal| {
        format!(
            "removes the exporter {STORE} from the pipeline {signal}: the store gets no {signal}"
        )
    });
    let receivers = ["grpc", "http"].into_iter().filter_map(move |protocol| {
        let path = ["receivers", "otlp", "protocols", protocol];
        if wiped(layer, &path) {
            return Some(format!("removes OTLP over {protocol}: applications cannot use it"));
        }
        let moved = at(layer, &path)?.get("endpoint")?;
        Some(format!(
            "moves OTLP over {protocol} to {moved}; the addresses that Glassbox reports are wrong for \
             it, set collector.{protocol} instead"
        ))
    });
    pipelines.chain(receivers)
}

/// Returns whether the pipeline of a signal no longer leads to our store.
fn without_store(layer: &Value, signal: &str) -> bool {
    let path = ["service", "pipelines", signal, "exporters"];
    if wiped(layer, &path) {
        return true;
    }
    // A value that is not a list is a reference, which cannot be resolved here.
    let Some(Value::Array(exporters)) = at(layer, &path) else {
        return false;
    };
    let ours = |exporter: &Value| {
        exporter
            .as_str()
            .is_some_and(|id| id.split_once('/').is_some_and(|(_, name)| name == STORE))
    };
    !exporters.iter().any(ours)
}

fn at<'a>(layer: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(layer, |value, key| value.get(key))
}

/// Returns whether the value at a path or one of its parents is present and null.
fn wiped(layer: &Value, path: &[&str]) -> bool {
    (1..=path.len()).any(|length| at(layer, &path[..length]) == Some(&Value::Null))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn notes(yaml: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.yaml");
        fs::write(&path, yaml).unwrap();
        Layer::read(&path).unwrap().notes().unwrap()
    }

    #[test]
    fn what_adds_to_the_configuration_is_not_remarked_on() {
        for yaml in [
            "",
            "# nothing yet\n",
            "processors: {attributes/env: {actions: []}}",
            "exporters: {debug: }\nservice: {pipelines: {traces: {exporters: [otlp_http/glassbox, debug]}}}",
            "service: {pipelines: {traces/mine: {receivers: [otlp], exporters: [debug]}}}",
            "service: {pipelines: {logs: {exporters: '${file:exporters.yaml}'}}}",
            "exporters: {otlphttp/glassbox: {compression: gzip}}",
        ] {
            assert_eq!(notes(yaml), Vec::<String>::new(), "{yaml}");
        }
    }

    #[test]
    fn a_pipeline_that_no_longer_leads_to_the_store_is_named() {
        let notes = notes("service: {pipelines: {traces: {exporters: [debug]}, logs: }}");
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("the store gets no traces"), "{notes:?}");
        assert!(notes[1].contains("the store gets no logs"), "{notes:?}");
    }

    #[test]
    fn a_section_without_a_value_wipes_every_pipeline() {
        assert_eq!(notes("service:\n").len(), 3);
        assert_eq!(notes("receivers:\n").len(), 2);
    }

    #[test]
    fn a_receiver_that_is_moved_is_named() {
        let moved = "receivers: {otlp: {protocols: {grpc: {endpoint: '0.0.0.0:4317'}}}}";
        let notes = notes(moved);
        assert!(notes[0].contains("0.0.0.0:4317"), "{notes:?}");
        assert!(notes[0].contains("collector.grpc"), "{notes:?}");
    }

    #[test]
    fn what_is_no_configuration_is_an_error_that_names_the_file() {
        let missing = Layer::read(Path::new("/nowhere/mine.yaml")).unwrap_err();
        assert!(
            missing.to_string().contains("/nowhere/mine.yaml"),
            "{missing}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.yaml");
        for broken in ["service: [", "- a\n- b\n", "just text"] {
            fs::write(&path, broken).unwrap();
            let error = Layer::read(&path).unwrap().notes().unwrap_err();
            assert!(error.to_string().contains("mine.yaml"), "{error}");
        }
        let endless = Layer::read(Path::new("/dev/zero")).unwrap_err();
        assert!(endless.to_string().contains("/dev/zero"), "{endless}");
    }
}
