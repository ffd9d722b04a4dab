//! Log records: the newest that satisfy a filter, and pages in the order of arrival.

use std::cmp::Reverse;
use std::sync::Arc;

use glassbox_otlp::proto::common::v1::InstrumentationScope;
use glassbox_otlp::proto::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use glassbox_otlp::proto::resource::v1::Resource;
use glassbox_otlp::wire::Record;
use serde::Serialize;
use serde_json::{Value, json};

use super::render::{any, attributes, id, resource, scope};
use super::{Filter, Needle, Query, blocks, decode, matching, visit};
use crate::store::{Block, LogRow, Rows, Segment, SegmentView, View};

/// The log records that satisfy everything asked, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct LogList {
    total: usize,
    returned: usize,
    logs: Vec<Value>,
}

/// One log record of a stream.
#[derive(Debug)]
pub(crate) struct LogEntry {
    /// Its number among all log records ever stored: the cursor.
    pub(crate) sequence: u64,
    /// The record with its resource and scope.
    pub(crate) data: LogsData,
}

/// Log records in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct LogPage {
    pub(crate) entries: Vec<LogEntry>,
    /// How many matching records were left out, because more than the newest few were waiting.
    pub(crate) skipped: u64,
    /// Where the next page begins.
    pub(crate) next: u64,
}

/// Which records a page is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRange {
    /// The first sequence number.
    pub(crate) from: u64,
    /// The number behind the last one.
    pub(crate) to: u64,
    /// How many records the page holds at most.
    pub(crate) limit: usize,
    /// Keep the newest of them and count the rest, instead of leaving the rest to the next page.
    pub(crate) newest: bool,
}

/// Where a row lies.
type Place<'v> = (&'v SegmentView, &'v Arc<Block>, usize);

impl Query {
    /// Lists log records, newest first.
    pub(crate) fn logs(&self, filter: &Filter) -> LogList {
        let view = self.view();
        let mut found: Vec<(u64, u64, Place<'_>)> = Vec::new();
        for (segment, block) in blocks(&view) {
            let Rows::Logs(rows) = &block.rows else {
                continue;
            };
            let elsewhere = filter.trace_id.is_some_and(|id| !block.has_trace(&id));
            if elsewhere || !block.overlaps(filter.since, filter.until) {
                continue;
            }
            for number in hits(&segment.segment, block, rows, filter) {
                let sequence = block.header.first_sequence + number as u64;
                found.push((rows[number].time, sequence, (segment, block, number)));
            }
        }
        let total = found.len();
        found.sort_unstable_by_key(|(time, sequence, _)| Reverse((*time, *sequence)));
        found.truncate(filter.limit);
        let places: Vec<Place<'_>> = found.into_iter().map(|(_, _, place)| place).collect();
        let logs = render_all(&places, |sequence, row, record| {
            render(sequence, row, record, &decode(record.body))
        });
        LogList {
            total,
            returned: logs.len(),
            logs,
        }
    }

    /// Returns the records of `range` that satisfy the filter, in the order of arrival.
    pub(crate) fn log_page(&self, filter: &Filter, range: PageRange) -> LogPage {
        let view = self.view();
        let gone = evicted(&view, range.from, range.to);
        let mut page = LogPage {
            skipped: gone,
            next: range.to,
            ..LogPage::default()
        };
        // From the newest back: what a follower asks for lies at the end.
        let mut candidates: Vec<_> = blocks(&view)
            .rev()
            .filter(|(_, block)| matches!(block.rows, Rows::Logs(_)))
            .take_while(|(_, block)| block.end_sequence() > range.from)
            .filter(|(_, block)| block.header.first_sequence < range.to)
            .collect();
        candidates.reverse();
        let mut places: Vec<Place<'_>> = Vec::new();
        for (segment, block) in candidates {
            let Rows::Logs(rows) = &block.rows else {
                continue;
            };
            for number in hits(&segment.segment, block, rows, filter) {
                let sequence = block.header.first_sequence + number as u64;
                if sequence < range.from || sequence >= range.to {
                    continue;
                }
                if places.len() == range.limit && !range.newest {
                    page.next = sequence;
                    page.entries = entries(&places);
                    return page;
                }
                places.push((segment, block, number));
            }
        }
        let over = places.len().saturating_sub(range.limit);
        page.skipped += over as u64;
        page.entries = entries(&places[over..]);
        page
    }

    /// Returns the sequence number of the first stored log record that is not older than `since`,
    /// or the number behind the last one.
    pub(crate) fn first_log_since(&self, since: u64) -> Option<u64> {
        let view = self.view();
        blocks(&view).find_map(|(_, block)| {
            let Rows::Logs(rows) = &block.rows else {
                return None;
            };
            if !block.overlaps(Some(since), None) {
                return None;
            }
            let number = rows.iter().position(|row| row.time >= since)?;
            Some(block.header.first_sequence + number as u64)
        })
    }
}

/// Counts the records of the range that retention has removed.
fn evicted(view: &View, from: u64, to: u64) -> u64 {
    let logs = blocks(view).find(|(_, block)| matches!(block.rows, Rows::Logs(_)));
    let first = logs.map_or(to, |(_, block)| block.header.first_sequence);
    first.min(to).saturating_sub(from)
}

fn entries(places: &[Place<'_>]) -> Vec<LogEntry> {
    render_all(places, |sequence, _, record| LogEntry {
        sequence,
        data: alone(record),
    })
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

/// Reads the records at `places` and gives what `act` makes of them, in the order of `places`.
fn render_all<T>(
    places: &[Place<'_>],
    mut act: impl FnMut(u64, &LogRow, &Record<'_>) -> T,
) -> Vec<T> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    let key = |at: usize| {
        let (segment, block, number) = places[at];
        (segment.segment.id, block.offset, number)
    };
    // By block, so that each block is read once.
    order.sort_unstable_by_key(|at| key(*at));
    let mut made: Vec<Option<T>> = places.iter().map(|_| None).collect();
    for group in order.chunk_by(|a, b| Arc::ptr_eq(places[*a].1, places[*b].1)) {
        let (segment, block, _) = places[group[0]];
        let Rows::Logs(rows) = &block.rows else {
            continue;
        };
        let numbers: Vec<usize> = group.iter().map(|at| places[*at].2).collect();
        let mut positions = group.iter();
        visit(&segment.segment, block, &numbers, |number, record| {
            if let Some(position) = positions.next() {
                let sequence = block.header.first_sequence + number as u64;
                made[*position] = Some(act(sequence, &rows[number], &record));
            }
        });
    }
    made.into_iter().flatten().collect()
}

/// Returns the numbers of the records that satisfy the filter.
fn hits(segment: &Segment, block: &Block, rows: &[LogRow], filter: &Filter) -> Vec<usize> {
    let fits = |row: &LogRow| {
        filter.trace_id.is_none_or(|id| row.trace_id == id)
            && filter.span_id.is_none_or(|id| row.span_id == id)
            && filter.is_service(&row.source)
            && filter.is_within(row.time)
            && row.severity >= filter.min_severity
    };
    let row_has = |row: &LogRow, needle: &Needle| {
        needle.is_in(&row.source.service)
            || needle.is_in_id(&row.trace_id)
            || needle.is_in_id(&row.span_id)
    };
    matching(
        (segment, block),
        rows,
        filter.text.as_ref(),
        fits,
        row_has,
        log_has,
    )
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

fn render(sequence: u64, row: &LogRow, record: &Record<'_>, log: &LogRecord) -> Value {
    let source = &row.source;
    // A record without any time is shown by when it arrived.
    let observed = match (log.time_unix_nano, log.observed_time_unix_nano) {
        (0, 0) => row.time,
        (_, observed) => observed,
    };
    json!({
        "cursor": sequence.to_string(),
        "time_unix_nano": log.time_unix_nano,
        "observed_unix_nano": observed,
        "severity_number": log.severity_number,
        "severity_text": log.severity_text,
        "body": log.body.as_ref().map_or(Value::Null, any),
        "event_name": Some(&log.event_name).filter(|name| !name.is_empty()),
        "service": source.service,
        "instance": source.instance,
        "trace_id": id(&log.trace_id),
        "span_id": id(&log.span_id),
        "attributes": attributes(&log.attributes),
        "resource": resource(record.resource),
        "scope": scope(record.scope),
    })
}
