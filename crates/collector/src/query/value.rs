//! Whole values of which a response shows only a part, piece by piece.

use std::borrow::Cow;

use glassbox_otlp::proto::common::v1::any_value::Value as Any;
use glassbox_otlp::proto::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use glassbox_otlp::proto::logs::v1::LogRecord;
use glassbox_otlp::proto::metrics::v1::Metric;
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::wire::Record;
use glassbox_otlp::{Signal, json};
use glassbox_store::{Columns, LogColumns, PointColumns, Predicate, SpanColumns, fetch};

use super::Query;
use super::record::{ValueRef, decode};
use super::render::any;

/// How many bytes of a value are in memory for one client.
const PIECE_BYTES: usize = 1 << 20;

/// A piece of a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) media_type: &'static str,
    /// The length of the whole value in bytes.
    pub(crate) total: usize,
    pub(crate) bytes: Vec<u8>,
}

/// A whole value.
enum Whole<'a> {
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    Json(String),
}

impl Whole<'_> {
    /// Copies the piece that begins at `from`.
    fn piece(&self, from: usize) -> Piece {
        let (media_type, all) = match self {
            Self::Text(text) => ("text/plain; charset=utf-8", text.as_bytes()),
            Self::Bytes(bytes) => ("application/octet-stream", *bytes),
            Self::Json(text) => ("application/json", text.as_bytes()),
        };
        let from = from.min(all.len());
        let to = from.saturating_add(PIECE_BYTES).min(all.len());
        Piece {
            media_type,
            total: all.len(),
            bytes: all[from..to].to_vec(),
        }
    }
}

impl Query {
    /// Returns the piece of a value that begins at byte `from`; `None` if the record is not stored or
    /// has no such value. An empty path is the whole record as OTLP/JSON.
    pub(crate) fn value(&self, record: ValueRef, path: &str, from: usize) -> Option<Piece> {
        let path: Vec<&str> = path.split('/').skip(1).collect();
        match record.signal {
            Signal::Logs => self.read_one::<LogColumns>(record.sequence, |stored| {
                let log: LogRecord = decode(stored.body);
                Some(in_log(stored, &log, &path)?.piece(from))
            }),
            Signal::Traces => self.read_one::<SpanColumns>(record.sequence, |stored| {
                let span: Span = decode(stored.body);
                Some(in_span(stored, &span, &path)?.piece(from))
            }),
            Signal::Metrics => self.read_one::<PointColumns>(record.sequence, |stored| {
                let whole = path.is_empty();
                let metric = || json::to_string(&decode::<Metric>(stored.body));
                whole.then(|| Whole::Json(metric()).piece(from))
            }),
        }
    }

    fn read_one<C: Columns>(
        &self,
        sequence: u64,
        read: impl Fn(&Record<'_>) -> Option<Piece>,
    ) -> Option<Piece> {
        let view = self.view();
        let predicate = Predicate::default().sequences(sequence..sequence.checked_add(1)?);
        let hit = view.scan::<C>(&predicate).hits().next()?;
        let mut found = None;
        fetch(&[hit], |record, _| found = read(record));
        found
    }
}

fn in_log<'a>(record: &Record<'_>, log: &'a LogRecord, path: &[&str]) -> Option<Whole<'a>> {
    match path {
        [] => Some(Whole::Json(json::to_string(log))),
        ["severity_text"] => Some(text(&log.severity_text)),
        ["event_name"] => Some(text(&log.event_name)),
        ["body", rest @ ..] => in_value(log.body.as_ref()?, rest),
        ["attributes", rest @ ..] => in_attributes(&log.attributes, rest),
        _ => in_origin(record, path),
    }
}

fn in_span<'a>(record: &Record<'_>, span: &'a Span, path: &[&str]) -> Option<Whole<'a>> {
    match path {
        [] => Some(Whole::Json(json::to_string(span))),
        ["name"] => Some(text(&span.name)),
        ["trace_state"] => Some(text(&span.trace_state)),
        ["status_message"] => Some(text(&span.status.as_ref()?.message)),
        ["attributes", rest @ ..] => in_attributes(&span.attributes, rest),
        ["events"] => Some(list(span.events.iter().map(json::to_string))),
        ["links"] => Some(list(span.links.iter().map(json::to_string))),
        ["events", number, "name"] => Some(text(&nth(&span.events, number)?.name)),
        ["events", number, "attributes", rest @ ..] => {
            in_attributes(&nth(&span.events, number)?.attributes, rest)
        }
        ["links", number, "trace_state"] => Some(text(&nth(&span.links, number)?.trace_state)),
        ["links", number, "attributes", rest @ ..] => {
            in_attributes(&nth(&span.links, number)?.attributes, rest)
        }
        _ => in_origin(record, path),
    }
}

/// Finds a value in the resource or the scope of a record.
fn in_origin(record: &Record<'_>, path: &[&str]) -> Option<Whole<'static>> {
    let attributes;
    let rest = match path {
        ["resource", "attributes", rest @ ..] => {
            attributes = decode::<Resource>(record.resource).attributes;
            rest
        }
        ["scope", "attributes", rest @ ..] => {
            attributes = decode::<InstrumentationScope>(record.scope).attributes;
            rest
        }
        ["scope", "name"] => {
            let scope: InstrumentationScope = decode(record.scope);
            return Some(Whole::Text(scope.name.into()));
        }
        ["scope", "version"] => {
            let scope: InstrumentationScope = decode(record.scope);
            return Some(Whole::Text(scope.version.into()));
        }
        _ => return None,
    };
    Some(match in_attributes(&attributes, rest)? {
        Whole::Text(text) => Whole::Text(text.into_owned().into()),
        Whole::Json(text) => Whole::Json(text),
        Whole::Bytes(bytes) => Whole::Json(any_bytes(bytes)),
    })
}

fn any_bytes(bytes: &[u8]) -> String {
    any(&AnyValue {
        value: Some(Any::BytesValue(bytes.to_vec())),
    })
    .to_string()
}

fn in_attributes<'a>(attributes: &'a [KeyValue], path: &[&str]) -> Option<Whole<'a>> {
    match path {
        [] => Some(list(attributes.iter().map(json::to_string))),
        [number, rest @ ..] => in_value(nth(attributes, number)?.value.as_ref()?, rest),
    }
}

fn in_value<'a>(value: &'a AnyValue, path: &[&str]) -> Option<Whole<'a>> {
    match (value.value.as_ref()?, path) {
        (Any::StringValue(value), []) => Some(text(value)),
        (Any::BytesValue(bytes), []) => Some(Whole::Bytes(bytes)),
        (Any::ArrayValue(array), [number, rest @ ..]) => {
            in_value(nth(&array.values, number)?, rest)
        }
        (Any::KvlistValue(items), path) => in_attributes(&items.values, path),
        (_, []) => Some(Whole::Json(any(value).to_string())),
        _ => None,
    }
}

fn text(text: &str) -> Whole<'_> {
    Whole::Text(text.into())
}

fn nth<'a, T>(items: &'a [T], number: &str) -> Option<&'a T> {
    items.get(number.parse::<usize>().ok()?)
}

fn list(items: impl Iterator<Item = String>) -> Whole<'static> {
    let items: Vec<String> = items.collect();
    Whole::Json(format!("[{}]", items.join(",")))
}
