//! Log records: the newest that satisfy a filter.

use std::cmp::Reverse;

use glassbox_otlp::Signal;
use glassbox_otlp::proto::logs::v1::LogRecord;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, LogColumns, Text};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Query;
use super::cursor::Cursor;
use super::cut::Knife;
use super::filter::Filter;
use super::fit::fit;
use super::needle::Needle;
use super::record::{ValueRef, decode};
use super::render::{add_cuts, add_resource, any, attributes, id};

/// The matching log records, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct LogList {
    total: usize,
    returned: usize,
    /// Whether there are older ones.
    truncated: bool,
    next: Option<Cursor>,
    logs: Vec<Box<RawValue>>,
}

impl Query {
    /// Lists log records, newest first.
    pub(crate) fn logs(&self, filter: &Filter) -> LogList {
        let view = self.view();
        let (mut total, mut older, mut newest) = (0, 0, Vec::new());
        let key = |hit: &Hit<'_, LogColumns>| Reverse(position(hit));
        // Hold at most twice the limit, never all that matches.
        let room = filter.limit.saturating_mul(2).max(1024);
        for hit in view
            .scan(&filter.predicate)
            .containing(filter.text())
            .hits()
        {
            total += 1;
            if filter.after.is_some_and(|after| position(&hit) >= after) {
                continue;
            }
            older += 1;
            newest.push(hit);
            if newest.len() > room {
                newest.select_nth_unstable_by_key(filter.limit, key);
                newest.truncate(filter.limit);
            }
        }
        newest.sort_unstable_by_key(key);
        newest.truncate(filter.limit);
        let logs = fit(&newest, filter.bytes, render);
        let truncated = logs.len() < older;
        let last = logs
            .len()
            .checked_sub(1)
            .map(|last| position(&newest[last]));
        let logs: Vec<_> = logs.into_iter().flatten().collect();
        LogList {
            total,
            returned: logs.len(),
            truncated,
            next: last.filter(|_| truncated),
            logs,
        }
    }
}

/// Returns the position of a record in the order of time.
fn position(hit: &Hit<'_, LogColumns>) -> Cursor {
    Cursor {
        time: hit.columns().time(),
        tie: u128::from(hit.sequence()),
    }
}

impl Text<LogColumns> for Needle {
    fn is_in_columns(&self, log: &LogColumns) -> bool {
        self.is_in(log.source().service())
            || self.is_in_id(log.trace_id())
            || self.is_in_id(log.span_id())
    }

    fn is_in_record(&self, record: &Record<'_>) -> bool {
        self.may_be_in(record.body) && log_has(record.body, self)
    }
}

fn log_has(body: &[u8], needle: &Needle) -> bool {
    let log: LogRecord = decode(body);
    log.body
        .as_ref()
        .is_some_and(|body| needle.is_in_value(body))
        || needle.is_in(&log.severity_text)
        || needle.is_in(&log.event_name)
        || needle.is_in_attributes(&log.attributes)
}

fn render(hit: &Hit<'_, LogColumns>, record: &Record<'_>) -> Value {
    let source = hit.columns().source();
    let this = ValueRef {
        signal: Signal::Logs,
        sequence: hit.sequence(),
    };
    let mut knife = Knife::new(&this);
    let mut log: LogRecord = decode(record.body);
    knife.log(&mut log);
    // A record without any time gets the time of its arrival.
    let observed = match (log.time_unix_nano, log.observed_time_unix_nano) {
        (0, 0) => hit.columns().time(),
        (_, observed) => observed,
    };
    let mut json = json!({
        "cursor": hit.sequence().to_string(),
        "time_unix_nano": log.time_unix_nano,
        "observed_unix_nano": observed,
        "severity_number": log.severity_number,
        "severity_text": log.severity_text,
        "body": log.body.as_ref().map_or(Value::Null, any),
        "event_name": Some(&log.event_name).filter(|name| !name.is_empty()),
        "service": source.service(),
        "instance": source.instance(),
        "trace_id": id(&log.trace_id),
        "span_id": id(&log.span_id),
        "flags": log.flags,
        "attributes": attributes(&log.attributes),
        "dropped_attributes": log.dropped_attributes_count,
    });
    add_resource(&mut json, record, &mut knife);
    add_cuts(&mut json, knife);
    json
}
