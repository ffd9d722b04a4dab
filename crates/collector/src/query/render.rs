//! OTLP messages as the JSON of the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use glassbox_otlp::Signal;
use glassbox_otlp::proto::common::v1::any_value::Value as Any;
use glassbox_otlp::proto::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::proto::trace::v1::span::SpanKind;
use glassbox_otlp::proto::trace::v1::status::StatusCode;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, SpanColumns};
use serde_json::{Map, Value, json};

use super::cut::{Knife, Place};
use super::record::{ValueRef, decode};

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Renders an id; `None` if it is missing or all zero.
pub(super) fn id(bytes: &[u8]) -> Option<String> {
    bytes.iter().any(|byte| *byte != 0).then(|| hex(bytes))
}

fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn attributes(attributes: &[KeyValue]) -> Value {
    let entries = attributes.iter().map(|attribute| {
        (
            attribute.key.clone(),
            attribute.value.as_ref().map_or(Value::Null, any),
        )
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

pub(super) fn any(value: &AnyValue) -> Value {
    match &value.value {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(flag)) => json!(flag),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(value)) => number(*value),
        Some(Any::ArrayValue(array)) => array.values.iter().map(any).collect(),
        Some(Any::KvlistValue(list)) => attributes(&list.values),
        Some(Any::BytesValue(bytes)) => json!(STANDARD.encode(bytes)),
        Some(Any::StringValueStrindex(_)) | None => Value::Null,
    }
}

/// Renders a double; NaN and infinities are strings, as in OTLP/JSON.
pub(super) fn number(value: f64) -> Value {
    if value.is_finite() {
        return json!(value);
    }
    let name = match value {
        value if value.is_nan() => "NaN",
        value if value > 0.0 => "Infinity",
        _ => "-Infinity",
    };
    json!(name)
}

/// Renders the attributes of the resource of a record.
pub(super) fn resource(record: &Record<'_>, knife: &mut Knife<'_>) -> Value {
    render_resource(&mut decode(record.resource), knife)
}

fn render_resource(resource: &mut Resource, knife: &mut Knife<'_>) -> Value {
    let place = Place::Field(&Place::Record, "resource");
    let place = Place::Field(&place, "attributes");
    knife.attributes(&mut resource.attributes, &place);
    attributes(&resource.attributes)
}

/// Adds the resource and the scope of a record, with their schema URLs and other metadata.
pub(super) fn add_resource(json: &mut Value, record: &Record<'_>, knife: &mut Knife<'_>) {
    let mut resource: Resource = decode(record.resource);
    json["resource"] = render_resource(&mut resource, knife);
    json["resource_dropped_attributes"] = json!(resource.dropped_attributes_count);
    json["resource_schema_url"] = json!(schema_url(record.resource_schema_url));
    json["scope"] = scope(record, knife);
}

/// Renders a schema URL; `None` if there is none.
pub(super) fn schema_url(bytes: &[u8]) -> Option<String> {
    /// Limit in bytes, far above any published URL.
    const LONGEST: usize = 2048;
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
}

pub(super) fn scope(record: &Record<'_>, knife: &mut Knife<'_>) -> Value {
    let mut scope: InstrumentationScope = decode(record.scope);
    let place = Place::Field(&Place::Record, "scope");
    let at = |name| Place::Field(&place, name);
    knife.text(&mut scope.name, &at("name"), None);
    knife.text(&mut scope.version, &at("version"), None);
    knife.attributes(&mut scope.attributes, &at("attributes"));
    json!({
        "name": scope.name,
        "version": scope.version,
        "attributes": attributes(&scope.attributes),
        "dropped_attributes": scope.dropped_attributes_count,
        "schema_url": schema_url(record.schema_url),
    })
}

pub(super) fn span(hit: &Hit<'_, SpanColumns>, record: &Record<'_>) -> Value {
    let (columns, source) = (hit.columns(), hit.columns().source());
    let this = ValueRef {
        signal: Signal::Traces,
        sequence: hit.sequence(),
    };
    let mut knife = Knife::new(&this);
    let mut span: Span = decode(record.body);
    knife.span(&mut span);
    let status = span.status.clone().unwrap_or_default();
    let events = span.events.iter().map(|event| {
        json!({
            "time_unix_nano": event.time_unix_nano,
            "name": event.name,
            "attributes": attributes(&event.attributes),
            "dropped_attributes": event.dropped_attributes_count,
        })
    });
    let links = span.links.iter().map(|link| {
        json!({
            "trace_id": hex(&link.trace_id),
            "span_id": hex(&link.span_id),
            "trace_state": text(&link.trace_state),
            "flags": link.flags,
            "attributes": attributes(&link.attributes),
            "dropped_attributes": link.dropped_attributes_count,
        })
    });
    let mut json = json!({
        "trace_id": hex(&span.trace_id),
        "span_id": hex(&span.span_id),
        "parent_span_id": id(&span.parent_span_id),
        "trace_state": text(&span.trace_state),
        "flags": span.flags,
        "service": source.service(),
        "instance": source.instance(),
        "name": span.name,
        "kind": kind(span.kind()),
        "start_unix_nano": span.start_time_unix_nano,
        "end_unix_nano": span.end_time_unix_nano,
        "duration_nano": columns.end() - columns.start(),
        "status": match status.code() {
            StatusCode::Unset => "unset",
            StatusCode::Ok => "ok",
            StatusCode::Error => "error",
        },
        "status_message": text(&status.message),
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Value>(),
        "links": links.collect::<Value>(),
        "dropped_attributes": span.dropped_attributes_count,
        "dropped_events": span.dropped_events_count,
        "dropped_links": span.dropped_links_count,
    });
    add_resource(&mut json, record, &mut knife);
    if !columns.has_usable_times() {
        json["unusable_times"] = Value::Bool(true);
    }
    add_cuts(&mut json, knife);
    json
}

/// Adds the member `cut` to a record if anything in it was cut.
pub(super) fn add_cuts(record: &mut Value, knife: Knife<'_>) {
    if let Some(cuts) = knife.cuts() {
        record["cut"] = cuts;
    }
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}
