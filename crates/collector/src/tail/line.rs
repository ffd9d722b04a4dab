//! Events of a stream as text, each within a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use glassbox_otlp::json;
use glassbox_otlp::proto::Message;
use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use glassbox_otlp::proto::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::wire::Record;
use serde_json::json;

use super::LINE;
use crate::query::VALUE_PATH;

/// The size of all lines that are in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    pub(super) fn read(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Wraps a line, which counts until its last copy is dropped.
    fn hold(&self, text: String) -> Bytes {
        self.0.fetch_add(text.len(), Ordering::Relaxed);
        Bytes::from_owner(Held {
            text,
            gauge: self.clone(),
        })
    }
}

/// The text of a line while it is in memory.
struct Held {
    text: String,
    gauge: Gauge,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.text.len(), Ordering::Relaxed);
    }
}

/// Renders a record. If it is too large, its values are cut, and the line contains the path of the whole record.
pub(super) fn log(gauge: &Gauge, sequence: u64, record: &Record<'_>) -> Bytes {
    let size = record.body.len() + record.resource.len() + record.scope.len();
    let mut data = alone(record);
    if size <= LINE {
        let text = event("log", Some(sequence), &json::to_string(&data));
        if text.len() <= LINE {
            return gauge.hold(text);
        }
    }
    // Each round keeps less of each value and fewer of them.
    for (longest, most) in [(4096, 64), (512, 32), (128, 8), (0, 0)] {
        Cut { longest, most }.data(&mut data);
        let mut rendered = json::to_string(&data);
        let note = json!({ "bytes": size, "whole": whole(sequence) });
        // The data is an object with at least one member.
        rendered.pop();
        rendered.push_str(&format!(",\"truncated\":{note}}}"));
        let text = event("log", Some(sequence), &rendered);
        if text.len() <= LINE {
            return gauge.hold(text);
        }
    }
    let data = json!({ "truncated": { "bytes": size, "whole": whole(sequence) } });
    gauge.hold(event("log", Some(sequence), &data.to_string()))
}

/// Renders how many records a client missed, and the path to them.
pub(super) fn dropped(count: u64, after: u64, query: &str) -> Bytes {
    let rest = rest(query, &format!("after_record={after}"));
    let data = json!({ "count": count, "after": after.to_string(), "rest": rest });
    event("dropped", None, &data.to_string()).into()
}

/// Renders that a replay has only the newest records, and the path to the older ones.
pub(super) fn truncated(from: &str, before: u64, query: &str) -> Bytes {
    let rest = rest(query, &format!("{from}&before_record={before}"));
    let message = "the replay is limited in bytes; older records are at `rest`";
    let data = json!({ "before": before.to_string(), "message": message, "rest": rest });
    event("truncated", None, &data.to_string()).into()
}

/// Returns the path of a whole record.
fn whole(sequence: u64) -> String {
    format!("{VALUE_PATH}?signal=logs&record={sequence}")
}

fn rest(query: &str, range: &str) -> String {
    let separator = if query.is_empty() { "" } else { "&" };
    format!("/api/otel/logs?{range}{separator}{query}")
}

fn event(kind: &str, id: Option<u64>, data: &str) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {kind}\n{id}data: {data}\n\n")
}

/// Wraps one record with its resource and scope.
fn alone(record: &Record<'_>) -> LogsData {
    let scope_logs = ScopeLogs {
        scope: Some(decode::<InstrumentationScope>(record.scope)),
        log_records: vec![decode::<LogRecord>(record.body)],
        schema_url: String::from_utf8_lossy(record.schema_url).into_owned(),
    };
    let resource_logs = ResourceLogs {
        resource: Some(decode::<Resource>(record.resource)),
        scope_logs: vec![scope_logs],
        schema_url: String::from_utf8_lossy(record.resource_schema_url).into_owned(),
    };
    LogsData {
        resource_logs: vec![resource_logs],
    }
}

/// Decodes a stored message. It was valid when it was stored.
fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap_or_default()
}

/// Limits of what is kept of a large record.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Limit of a text or of bytes.
    longest: usize,
    /// Limit of the entries of a list.
    most: usize,
}

impl Cut {
    fn data(self, data: &mut LogsData) {
        for group in &mut data.resource_logs {
            self.text(&mut group.schema_url);
            if let Some(resource) = &mut group.resource {
                self.pairs(&mut resource.attributes);
                resource.entity_refs.clear();
            }
            for scoped in &mut group.scope_logs {
                self.text(&mut scoped.schema_url);
                if let Some(scope) = &mut scoped.scope {
                    self.text(&mut scope.name);
                    self.text(&mut scope.version);
                    self.pairs(&mut scope.attributes);
                }
                for record in &mut scoped.log_records {
                    self.text(&mut record.severity_text);
                    self.text(&mut record.event_name);
                    self.pairs(&mut record.attributes);
                    if let Some(body) = &mut record.body {
                        self.value(body);
                    }
                }
            }
        }
    }

    fn text(self, text: &mut String) {
        if text.len() > self.longest {
            text.truncate(text.floor_char_boundary(self.longest));
            text.push('…');
        }
    }

    fn pairs(self, pairs: &mut Vec<KeyValue>) {
        pairs.truncate(self.most);
        for pair in pairs {
            self.text(&mut pair.key);
            if let Some(value) = &mut pair.value {
                self.value(value);
            }
        }
    }

    fn value(self, value: &mut AnyValue) {
        match &mut value.value {
            Some(Value::StringValue(text)) => self.text(text),
            Some(Value::BytesValue(bytes)) => bytes.truncate(self.longest),
            Some(Value::ArrayValue(array)) => {
                array.values.truncate(self.most);
                array.values.iter_mut().for_each(|one| self.value(one));
            }
            Some(Value::KvlistValue(list)) => self.pairs(&mut list.values),
            Some(
                Value::BoolValue(_)
                | Value::IntValue(_)
                | Value::DoubleValue(_)
                | Value::StringValueStrindex(_),
            )
            | None => {}
        }
    }
}
