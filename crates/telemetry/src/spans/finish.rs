//! Conversion of records to the SDK's spans, within the limits.

use super::span_context;
use crate::{
    config::TelemetryConfig,
    pipeline::{ByteValue, Owner, SpanItem},
};
use glassbox_core::telemetry::{
    Attribute, Link, Record, SpanEvent, SpanKind, Status, TraceContext,
};
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, StringValue, Value,
    trace::{
        Event as OtelEvent, Link as OtelLink, SpanId, SpanKind as OtelKind, Status as OtelStatus,
    },
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The limits of a span. What exceeds them is omitted and counted in the span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    attributes: usize,
    events: usize,
    links: usize,
}

impl Limits {
    pub(super) const fn new(config: &TelemetryConfig) -> Self {
        Self {
            attributes: config.max_attributes as usize,
            events: config.max_events as usize,
            links: config.max_links as usize,
        }
    }

    /// Converts the record, and empties it.
    pub(super) fn finish(
        &self,
        context: &TraceContext,
        record: &mut Record,
        end_unix_nano: u64,
        scope: InstrumentationScope,
    ) -> SpanItem {
        let mut bytes = Vec::new();
        let (attributes, dropped_attributes_count) =
            self.attributes(&mut record.attributes, Owner::Span, &mut bytes);
        let mut events = SpanEvents::default();
        events.dropped_count = truncate(&mut record.events, self.events);
        let of = record.events.drain(..).enumerate();
        events.events = of
            .map(|(at, event)| self.event(event, Owner::Event(at), &mut bytes))
            .collect();
        let mut links = SpanLinks::default();
        links.dropped_count = truncate(&mut record.links, self.links);
        let of = record.links.drain(..).enumerate();
        links.links = of
            .map(|(at, link)| self.link(link, Owner::Link(at), &mut bytes))
            .collect();
        let data = SpanData {
            span_context: span_context(context),
            parent_span_id: SpanId::from(record.parent.span_id),
            parent_span_is_remote: record.parent.remote,
            span_kind: kind(record.kind),
            name: std::mem::take(&mut record.name),
            start_time: time(record.start_unix_nano),
            end_time: time(end_unix_nano.max(record.start_unix_nano)),
            attributes,
            dropped_attributes_count,
            events,
            links,
            status: match std::mem::take(&mut record.status) {
                Status::Ok => OtelStatus::Ok,
                Status::Error(description) => OtelStatus::Error { description },
                _ => OtelStatus::Unset,
            },
            instrumentation_scope: scope,
        };
        SpanItem { data, bytes }
    }

    /// Converts attributes. If a key was set several times, the last value counts, in the place of the first.
    fn attributes(
        &self,
        set: &mut Vec<(Cow<'static, str>, Attribute)>,
        owner: Owner,
        bytes: &mut Vec<ByteValue>,
    ) -> (Vec<KeyValue>, u32) {
        let mut kept: Vec<KeyValue> = Vec::with_capacity(set.len().min(self.attributes));
        let mut dropped = 0;
        for (key, value) in set.drain(..) {
            let known = kept.iter().position(|kept| kept.key.as_str() == key);
            let at = known.unwrap_or(kept.len());
            if at >= self.attributes {
                dropped += 1;
                continue;
            }
            bytes.retain(|set| (set.owner, set.at) != (owner, at));
            let value = match value {
                Attribute::Bytes(value) => {
                    bytes.push(ByteValue { owner, at, value });
                    Value::from("")
                }
                other => to_value(other),
            };
            match known {
                Some(at) => kept[at].value = value,
                None => kept.push(KeyValue::new(key, value)),
            }
        }
        (kept, dropped)
    }

    fn event(&self, mut event: SpanEvent, owner: Owner, bytes: &mut Vec<ByteValue>) -> OtelEvent {
        let (attributes, dropped) = self.attributes(&mut event.attributes, owner, bytes);
        OtelEvent::new(event.name, time(event.unix_nano), attributes, dropped)
    }

    fn link(&self, mut link: Link, owner: Owner, bytes: &mut Vec<ByteValue>) -> OtelLink {
        let (attributes, dropped) = self.attributes(&mut link.attributes, owner, bytes);
        OtelLink::new(span_context(&link.context), attributes, dropped)
    }
}

/// Truncates the items; returns how many were removed.
fn truncate<T>(items: &mut Vec<T>, limit: usize) -> u32 {
    let dropped = items.len().saturating_sub(limit);
    items.truncate(limit);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}

fn time(unix_nano: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(unix_nano)
}

const fn kind(kind: SpanKind) -> OtelKind {
    match kind {
        SpanKind::Server => OtelKind::Server,
        SpanKind::Client => OtelKind::Client,
        SpanKind::Producer => OtelKind::Producer,
        SpanKind::Consumer => OtelKind::Consumer,
        _ => OtelKind::Internal,
    }
}

fn to_value(attribute: Attribute) -> Value {
    match attribute {
        Attribute::Str(text) => Value::from(text),
        Attribute::Int(number) => Value::I64(number),
        Attribute::Float(number) => Value::F64(number),
        Attribute::Bool(yes) => Value::Bool(yes),
        Attribute::Strs(texts) => Value::Array(Array::String(
            texts.into_iter().map(StringValue::from).collect(),
        )),
        Attribute::Ints(numbers) => Value::Array(Array::I64(numbers)),
        Attribute::Floats(numbers) => Value::Array(Array::F64(numbers)),
        Attribute::Bools(answers) => Value::Array(Array::Bool(answers)),
        other => Value::from(format!("{other:?}")),
    }
}
