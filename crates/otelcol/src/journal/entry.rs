//! One line of the collector's log.

use serde_json::{Map, Value};
use tracing::Level;

/// The content of a line.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    level: Level,
    message: String,
    /// The component that logged it.
    component: Option<String>,
    error: Option<String>,
    /// How many records were lost.
    lost: Option<u64>,
    /// The other fields, as JSON.
    fields: Option<String>,
}

/// Fields that every line repeats, or that only help the collector's authors.
const PASSED_OVER: [&str; 6] = [
    "caller",
    "otelcol.component.kind",
    "otelcol.signal",
    "resource",
    "stacktrace",
    "ts",
];

/// The fields in which an exporter reports how many records it has lost.
const LOST: [&str; 2] = ["dropped_items", "rejected_items"];

impl Entry {
    /// Reads a line: one of zap's JSON lines, or any other text, which is kept as it is.
    pub(super) fn read(text: &str) -> Self {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(fields) if fields.contains_key("msg") => Self::structured(fields),
            _ => Self::plain(text),
        }
    }

    fn plain(text: &str) -> Self {
        let fatal = ["Error: ", "panic: ", "fatal error: "];
        let is_fatal = fatal.iter().any(|start| text.starts_with(start));
        Self {
            level: if is_fatal { Level::ERROR } else { Level::INFO },
            message: text.to_owned(),
            component: None,
            error: None,
            lost: None,
            fields: None,
        }
    }

    fn structured(mut fields: Map<String, Value>) -> Self {
        let mut take = |name: &str| {
            fields.remove(name).map(|value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            })
        };
        let level = match take("level").as_deref() {
            Some("debug") => Level::DEBUG,
            Some("warn") => Level::WARN,
            Some("error" | "dpanic" | "panic" | "fatal") => Level::ERROR,
            _ => Level::INFO,
        };
        let message = take("msg").unwrap_or_default();
        let component = take("otelcol.component.id");
        let error = take("error");
        let lost = LOST.iter().find_map(|name| fields.get(*name)?.as_u64());
        fields.retain(|name, _| !PASSED_OVER.contains(&name.as_str()));
        // A debug exporter logs what it receives. If our events are sent to this collector, that is
        // an endless loop at any level that is enabled by default.
        let kind = component.as_deref().and_then(|id| id.split('/').next());
        let level = match kind {
            Some("debug" | "logging") => Level::TRACE,
            // Failures of the collector's own pages are not worth a warning.
            Some("zpages") => level.max(Level::INFO),
            _ => level,
        };
        Self {
            level,
            message,
            component,
            error,
            lost,
            fields: (!fields.is_empty()).then(|| Value::Object(fields).to_string()),
        }
    }

    /// Lowers the level to informational.
    pub(super) fn calm(&mut self) {
        self.level = Level::INFO;
    }

    /// Emits it as an event.
    pub(super) fn tell(&self) {
        // The level of an event is a constant of its callsite.
        macro_rules! tell {
            ($level:expr) => {
                tracing::event!(
                    target: "otelcol",
                    $level,
                    glassbox.otelcol.component = self.component,
                    exception.message = self.error,
                    glassbox.otelcol.fields = self.fields,
                    "{}",
                    self.message
                )
            };
        }
        match self.level {
            Level::ERROR => tell!(Level::ERROR),
            Level::WARN => tell!(Level::WARN),
            Level::INFO => tell!(Level::INFO),
            Level::DEBUG => tell!(Level::DEBUG),
            Level::TRACE => tell!(Level::TRACE),
        }
    }

    /// Returns which component lost how many records, and why.
    pub(super) fn loss(&self) -> Option<(&str, u64, &str)> {
        let component = self.component.as_deref()?;
        let why = self.error.as_deref().unwrap_or(&self.message);
        Some((component, self.lost?, why))
    }

    /// Returns it as one line of text.
    pub(super) fn words(&self) -> String {
        match &self.error {
            Some(error) => format!("{}: {error}", self.message),
            None => self.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_zap_becomes_an_event_without_what_every_line_repeats() {
        let entry = Entry::read(
            r#"{"level":"error","ts":"2026-11-21T07:48:12.316Z","caller":"internal/queue_sender.go:62","msg":"Exporting failed. Dropping data.","resource":{"service.name":"otelcol"},"otelcol.component.id":"otlp_http","otelcol.component.kind":"exporter","otelcol.signal":"logs","error":"connection refused","dropped_items":1,"stacktrace":"a\nb"}"#,
        );
        assert_eq!(
            entry,
            Entry {
                level: Level::ERROR,
                message: "Exporting failed. Dropping data.".to_owned(),
                component: Some("otlp_http".to_owned()),
                error: Some("connection refused".to_owned()),
                lost: Some(1),
                fields: Some(r#"{"dropped_items":1}"#.to_owned()),
            }
        );
        assert_eq!(
            entry.words(),
            "Exporting failed. Dropping data.: connection refused"
        );
    }

    #[test]
    fn levels_are_mapped() {
        for (level, expected) in [
            ("debug", Level::DEBUG),
            ("info", Level::INFO),
            ("warn", Level::WARN),
            ("error", Level::ERROR),
            ("fatal", Level::ERROR),
            ("novel", Level::INFO),
        ] {
            let line = format!(r#"{{"level":"{level}","msg":"m"}}"#);
            assert_eq!(Entry::read(&line).level, expected, "{level}");
        }
    }

    #[test]
    fn a_line_that_is_no_such_json_is_kept_as_it_is() {
        for text in ["hello", "{\"level\":\"info\"}", "[1]", "{\"msg\":", "{}"] {
            let entry = Entry::read(text);
            assert_eq!((entry.level, entry.words().as_str()), (Level::INFO, text));
        }
        assert_eq!(Entry::read("Error: no such file").level, Level::ERROR);
        assert_eq!(Entry::read("panic: nil").level, Level::ERROR);
    }

    #[test]
    fn what_its_own_pages_lack_is_no_warning() {
        let line = r#"{"level":"warn","msg":"m","otelcol.component.id":"zpages"}"#;
        assert_eq!(Entry::read(line).level, Level::INFO);
        let line = r#"{"level":"debug","msg":"m","otelcol.component.id":"zpages"}"#;
        assert_eq!(Entry::read(line).level, Level::DEBUG);
    }

    #[test]
    fn what_shows_the_data_that_passes_is_told_at_the_lowest_level() {
        let line = r#"{"level":"info","msg":"Logs","otelcol.component.id":"debug/all"}"#;
        assert_eq!(Entry::read(line).level, Level::TRACE);
    }
}
