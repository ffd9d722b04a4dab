//! Cuts values that are too large for a response. Each cut value has a URL of its own.

use std::fmt;

use glassbox_otlp::proto::Message;
use glassbox_otlp::proto::common::v1::any_value::Value as Any;
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue};
use glassbox_otlp::proto::logs::v1::LogRecord;
use glassbox_otlp::proto::metrics::v1::Exemplar;
use glassbox_otlp::proto::trace::v1::Span;
use serde_json::{Value, json};

use super::record::ValueRef;

/// How many bytes of one value are in a response.
pub(super) const VALUE_BYTES: usize = 64 << 10;

/// How many bytes of the values of one record are in a response.
pub(super) const RECORD_BYTES: usize = 256 << 10;

/// The part of [`RECORD_BYTES`] that is for short values and for the beginnings of long ones, so that a
/// few large values do not cut all others.
const RESERVE: usize = 64 << 10;

/// How many bytes of one value may come from the reserve.
const SHORT_BYTES: usize = 256;

/// How many bytes of the key of an attribute are in a response.
const KEY_BYTES: usize = 1024;

/// The size of an attribute, an element, an event or a link without its text.
const ITEM_BYTES: usize = 32;

/// How many cut values of one record are listed; if there are more, only the whole record is listed.
const MOST_CUTS: usize = 64;

/// The place of a value in a record.
pub(super) enum Place<'a> {
    Record,
    Field(&'a Place<'a>, &'static str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => Ok(()),
            Self::Field(parent, name) => write!(f, "{parent}/{name}"),
            Self::Item(parent, number) => write!(f, "{parent}/{number}"),
        }
    }
}

/// Cuts the values of one record.
pub(super) struct Knife<'r> {
    record: &'r ValueRef,
    left: usize,
    cuts: Vec<Value>,
}

impl<'r> Knife<'r> {
    pub(super) fn new(record: &'r ValueRef) -> Self {
        Self {
            record,
            left: RECORD_BYTES,
            cuts: Vec::new(),
        }
    }

    /// Returns what was cut, for the member `cut` of the record; `None` if nothing was.
    pub(super) fn cuts(self) -> Option<Value> {
        (!self.cuts.is_empty()).then_some(Value::Array(self.cuts))
    }

    fn note(&mut self, place: &Place<'_>, key: Option<&str>, bytes: usize) {
        let path = match self.cuts.len() {
            0..MOST_CUTS => place.to_string(),
            MOST_CUTS => String::new(),
            _ => return,
        };
        self.cuts.push(json!({
            "url": self.record.url(&path),
            "path": path,
            "key": key,
            "bytes": bytes,
        }));
    }

    /// Returns how much of the next value is kept.
    fn room(&self) -> usize {
        let large = VALUE_BYTES.min(self.left.saturating_sub(RESERVE));
        large.max(SHORT_BYTES.min(self.left))
    }

    fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    pub(super) fn text(&mut self, text: &mut String, place: &Place<'_>, key: Option<&str>) {
        let (whole, room) = (text.len(), self.room());
        if whole > room {
            text.truncate(text.floor_char_boundary(room));
            self.note(place, key, whole);
        }
        self.take(text.len());
    }

    pub(super) fn value(&mut self, value: &mut AnyValue, place: &Place<'_>, key: Option<&str>) {
        match &mut value.value {
            Some(Any::StringValue(text)) => self.text(text, place, key),
            Some(Any::BytesValue(bytes)) => {
                // Base64 encodes three bytes as four letters.
                let (whole, room) = (bytes.len(), self.room() / 4 * 3);
                if whole > room {
                    bytes.truncate(room);
                    self.note(place, key, whole);
                }
                self.take(bytes.len() / 3 * 4);
            }
            Some(Any::ArrayValue(array)) => {
                for number in 0..array.values.len() {
                    self.take(ITEM_BYTES);
                    if self.left == 0 {
                        let cut = array.values.drain(number..);
                        let bytes = cut.map(|one| one.encoded_len()).sum();
                        self.note(place, key, bytes);
                        break;
                    }
                    let place = Place::Item(place, number);
                    self.value(&mut array.values[number], &place, key);
                }
            }
            Some(Any::KvlistValue(list)) => self.attributes(&mut list.values, place),
            _ => {}
        }
    }

    pub(super) fn attributes(&mut self, attributes: &mut Vec<KeyValue>, place: &Place<'_>) {
        let all = attributes.len();
        for number in 0..all {
            self.take(ITEM_BYTES);
            if self.left == 0 {
                let cut = attributes.drain(number..);
                let bytes = cut.map(|one| one.encoded_len()).sum();
                self.note(place, None, bytes);
                return;
            }
            let KeyValue { key, value, .. } = &mut attributes[number];
            let place = Place::Item(place, number);
            if key.len() > KEY_BYTES {
                let whole = key.len();
                key.truncate(key.floor_char_boundary(KEY_BYTES));
                self.note(&place, Some(key), whole);
            }
            self.take(key.len());
            if let Some(value) = value {
                self.value(value, &place, Some(key));
            }
        }
    }

    pub(super) fn exemplars(&mut self, exemplars: &mut Vec<Exemplar>) {
        let place = Place::Field(&Place::Record, "exemplars");
        for number in 0..exemplars.len() {
            self.take(4 * ITEM_BYTES);
            if self.left == 0 {
                let cut = exemplars.drain(number..);
                let bytes = cut.map(|one| one.encoded_len()).sum();
                self.note(&place, None, bytes);
                break;
            }
            let place = Place::Item(&place, number);
            self.attributes(&mut exemplars[number].filtered_attributes, &place);
        }
    }

    pub(super) fn log(&mut self, log: &mut LogRecord) {
        let at = |name| Place::Field(&Place::Record, name);
        self.text(&mut log.severity_text, &at("severity_text"), None);
        self.text(&mut log.event_name, &at("event_name"), None);
        if let Some(body) = &mut log.body {
            self.value(body, &at("body"), None);
        }
        self.attributes(&mut log.attributes, &at("attributes"));
    }

    pub(super) fn span(&mut self, span: &mut Span) {
        let at = |name| Place::Field(&Place::Record, name);
        self.text(&mut span.name, &at("name"), None);
        self.text(&mut span.trace_state, &at("trace_state"), None);
        if let Some(status) = &mut span.status {
            self.text(&mut status.message, &at("status_message"), None);
        }
        self.attributes(&mut span.attributes, &at("attributes"));
        let events = at("events");
        for number in 0..span.events.len() {
            self.take(ITEM_BYTES);
            if self.left == 0 {
                let cut = span.events.drain(number..);
                let bytes = cut.map(|one| one.encoded_len()).sum();
                self.note(&events, None, bytes);
                break;
            }
            let (event, place) = (&mut span.events[number], Place::Item(&events, number));
            self.text(&mut event.name, &Place::Field(&place, "name"), None);
            self.attributes(&mut event.attributes, &Place::Field(&place, "attributes"));
        }
        let links = at("links");
        for number in 0..span.links.len() {
            self.take(2 * ITEM_BYTES);
            if self.left == 0 {
                let cut = span.links.drain(number..);
                let bytes = cut.map(|one| one.encoded_len()).sum();
                self.note(&links, None, bytes);
                break;
            }
            let (link, place) = (&mut span.links[number], Place::Item(&links, number));
            self.text(
                &mut link.trace_state,
                &Place::Field(&place, "trace_state"),
                None,
            );
            self.attributes(&mut link.attributes, &Place::Field(&place, "attributes"));
        }
    }
}
