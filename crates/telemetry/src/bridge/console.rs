//! The lines of the console, one per event.

use serde_json::{Map, Value, json};
use std::{error::Error, fmt};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::{
    origin::{event_name, is_from_log},
    span_layer::context_of,
};
use crate::spans;
use glassbox_core::sentence;

/// The format of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    /// Text: time, level, target, message, fields, ids, place.
    Pretty,
    /// The same as a JSON object.
    Json,
}

/// Omits the fields of spans: the console shows only names and ids of spans.
pub(super) struct Fields;

impl FormatFields<'_> for Fields {
    fn format_fields<R: RecordFields>(&self, _: Writer<'_>, _: R) -> fmt::Result {
        Ok(())
    }
}

/// The content of an event.
#[derive(Default)]
struct Said {
    /// The name that the application gave the event.
    name: Option<&'static str>,
    message: String,
    fields: Map<String, Value>,
    /// The ids of its trace and of its span.
    ids: Option<(String, String)>,
    /// The original target and place of a record of the `log` crate.
    target: Option<String>,
    file: Option<String>,
    line: Option<u64>,
}

impl Said {
    fn read(event: &Event<'_>) -> Self {
        let mut said = Self::default();
        event.record(&mut said);
        let metadata = event.metadata();
        said.name = event_name(metadata);
        if is_from_log(metadata) {
            let mut text = |key: &str| match said.fields.remove(key) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            (said.target, said.file) = (text("log.target"), text("log.file"));
            text("log.module_path");
            let line = said.fields.remove("log.line");
            said.line = line.and_then(|line| line.as_u64());
        } else {
            said.file = metadata.file().map(str::to_owned);
            said.line = metadata.line().map(u64::from);
        }
        said
    }

    fn target<'a>(&'a self, metadata: &'a Metadata<'_>) -> &'a str {
        self.target.as_deref().unwrap_or(metadata.target())
    }
}

/// The ids, in hexadecimal, of the event's span: its explicit parent, else the current span of any
/// library.
fn ids<S>(event: &Event<'_>, cx: &FmtContext<'_, S, Fields>) -> Option<(String, String)>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if event.is_root() {
        return None;
    }
    let named = event.parent().and_then(|id| context_of(cx.span(id)?));
    let context = named.unwrap_or_else(spans::current);
    context.is_valid().then(|| {
        (
            format!("{:032x}", context.trace_id),
            format!("{:016x}", context.span_id),
        )
    })
}

fn timestamp() -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

impl<S> FormatEvent<S, Fields> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        cx: &FmtContext<'_, S, Fields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut said = Said::read(event);
        said.ids = ids(event, cx);
        let spans: Vec<&str> = cx
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root())
            .map(|span| span.name())
            .collect();
        match self {
            Self::Pretty => pretty(&mut writer, event.metadata(), &said, &spans),
            Self::Json => writeln!(writer, "{}", object(event.metadata(), said, &spans)),
        }
    }
}

fn pretty(
    writer: &mut Writer<'_>,
    metadata: &Metadata<'_>,
    said: &Said,
    spans: &[&str],
) -> fmt::Result {
    let (dim, colour, off) = match writer.has_ansi_escapes() {
        true => ("\x1b[2m", colour(*metadata.level()), "\x1b[0m"),
        false => ("", "", ""),
    };
    let (level, target) = (metadata.level(), said.target(metadata));
    write!(
        writer,
        "{dim}{}{off} {colour}{level:>5}{off} {dim}{target}{off}",
        timestamp()
    )?;
    if !spans.is_empty() {
        write!(writer, " {dim}{}{off}", spans.join(" > "))?;
    }
    writer.write_char(' ')?;
    if let Some(name) = said.name {
        let separator = if said.message.is_empty() { "" } else { ": " };
        write!(writer, "{name}{separator}")?;
    }
    harmless(writer, &said.message)?;
    for (key, value) in &said.fields {
        match value {
            Value::String(text) => write!(writer, " {dim}{key}={off}{text:?}")?,
            other => write!(writer, " {dim}{key}={off}{other}")?,
        }
    }
    if let Some((trace_id, span_id)) = &said.ids {
        write!(writer, " {dim}trace_id={trace_id} span_id={span_id}{off}")?;
    }
    if let (Some(file), Some(line)) = (&said.file, said.line) {
        write!(writer, " {dim}{file}:{line}{off}")?;
    }
    writeln!(writer)
}

/// Writes untrusted text with its control characters escaped, because a terminal would execute them.
fn harmless(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    for part in text.split_inclusive(char::is_control) {
        match part.chars().next_back() {
            Some(last) if last.is_control() && !['\n', '\t'].contains(&last) => {
                writer.write_str(&part[..part.len() - last.len_utf8()])?;
                write!(writer, "{}", last.escape_default())?;
            }
            _ => writer.write_str(part)?,
        }
    }
    Ok(())
}

const fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

fn object(metadata: &Metadata<'_>, said: Said, spans: &[&str]) -> Value {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("timestamp", timestamp().into());
    set("level", metadata.level().as_str().into());
    set("target", said.target(metadata).into());
    set("message", said.message.into());
    if let Some(name) = said.name {
        set("event_name", name.into());
    }
    if let Some((trace_id, span_id)) = said.ids {
        set("trace_id", trace_id.into());
        set("span_id", span_id.into());
    }
    if let (Some(file), Some(line)) = (said.file, said.line) {
        set("file", file.into());
        set("line", line.into());
    }
    if !spans.is_empty() {
        set("spans", json!(spans));
    }
    if !said.fields.is_empty() {
        set("fields", said.fields.into());
    }
    object.into()
}

impl Said {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        match (field.name(), value.into()) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, sentence(value));
    }
}
