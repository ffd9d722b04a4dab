//! Log records: the newest that satisfy a filter, and pages in the order of arrival.

use std::cmp::Reverse;
use std::collections::VecDeque;

use glassbox_otlp::Signal;
use glassbox_otlp::proto::common::v1::InstrumentationScope;
use glassbox_otlp::proto::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, LogColumns, Predicate, Text, View, fetch};
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
use super::render::{add_cuts, any, attributes, id, resource, scope};

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

/// One log record of a stream.
#[derive(Debug)]
pub(crate) struct LogEntry {
    /// Its sequence number, which is the cursor.
    pub(crate) sequence: u64,
    /// The record with its resource and scope.
    pub(crate) data: LogsData,
}

/// Log records in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct LogPage {
    pub(crate) entries: Vec<LogEntry>,
    /// How many matching records were skipped, because there were more than the limit.
    pub(crate) skipped: u64,
    /// Where the next page begins.
    pub(crate) next: u64,
}

/// The range of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRange {
    /// The first sequence number.
    pub(crate) from: u64,
    /// The number after the last one.
    pub(crate) to: u64,
    /// Limit of records in the page.
    pub(crate) limit: usize,
    /// Limit of the encoded records in bytes; the page always has one.
    pub(crate) bytes: usize,
    /// Whether to keep the newest records and skip the rest, instead of ending the page.
    pub(crate) newest: bool,
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

    /// Returns the records of `range` that satisfy the filter, in the order of arrival.
    pub(crate) fn log_page(&self, filter: &Filter, range: PageRange) -> LogPage {
        let view = self.view();
        let mut page = LogPage {
            skipped: evicted(&view, range.from, range.to),
            next: range.to,
            ..LogPage::default()
        };
        let predicate = filter.predicate.clone().sequences(range.from..range.to);
        let (mut found, mut bytes) = (VecDeque::new(), 0);
        for hit in view.scan(&predicate).containing(filter.text()).hits() {
            bytes += hit.size();
            if !range.newest
                && !found.is_empty()
                && (found.len() == range.limit || bytes > range.bytes)
            {
                page.next = hit.sequence();
                break;
            }
            found.push_back(hit);
            while found.len() > range.limit || (bytes > range.bytes && found.len() > 1) {
                bytes -= found.pop_front().map_or(0, |skipped| skipped.size());
                page.skipped += 1;
            }
        }
        page.entries = read(found.make_contiguous(), |hit, record| LogEntry {
            sequence: hit.sequence(),
            data: alone(record),
        });
        page
    }

    /// Returns the sequence number of the first stored log record that is not older than `since`.
    pub(crate) fn first_log_since(&self, since: u64) -> Option<u64> {
        let view = self.view();
        let predicate = Predicate::default().since(Some(since));
        let mut hits = view.scan::<LogColumns>(&predicate).hits();
        hits.next().map(|hit| hit.sequence())
    }
}

/// Returns where a record is in the order of time.
fn position(hit: &Hit<'_, LogColumns>) -> Cursor {
    Cursor {
        time: hit.columns().time(),
        tie: u128::from(hit.sequence()),
    }
}

/// Counts the records of the range that retention has removed.
fn evicted(view: &View, from: u64, to: u64) -> u64 {
    let first = view.first_sequence::<LogColumns>().unwrap_or(to);
    first.min(to).saturating_sub(from)
}

/// Reads the records of `hits` and returns what `act` makes of them, in the order of `hits`.
fn read<T>(
    hits: &[Hit<'_, LogColumns>],
    mut act: impl FnMut(&Hit<'_, LogColumns>, &Record<'_>) -> T,
) -> Vec<T> {
    let mut made: Vec<Option<T>> = hits.iter().map(|_| None).collect();
    fetch(hits, |record, places| {
        for place in places {
            made[*place] = Some(act(&hits[*place], record));
        }
    });
    made.into_iter().flatten().collect()
}

/// Wraps one record with its resource and scope.
fn alone(record: &Record<'_>) -> LogsData {
    let scope_logs = ScopeLogs {
        scope: Some(decode::<InstrumentationScope>(record.scope)),
        log_records: vec![decode(record.body)],
        schema_url: String::new(),
    };
    let resource_logs = ResourceLogs {
        resource: Some(decode::<Resource>(record.resource)),
        scope_logs: vec![scope_logs],
        schema_url: String::new(),
    };
    LogsData {
        resource_logs: vec![resource_logs],
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
        "attributes": attributes(&log.attributes),
        "resource": resource(record.resource, &mut knife),
        "scope": scope(record.scope, &mut knife),
    });
    add_cuts(&mut json, knife);
    json
}
