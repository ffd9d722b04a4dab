//! Traces: summaries of the newest, and the spans of one.

mod newest;

use std::collections::HashMap;
use std::sync::Arc;

use glassbox_otlp::proto::trace::v1::Span;
use serde::Serialize;
use serde_json::Value;

use super::render::{any, hex, span as render};
use super::{Filter, Needle, Query, blocks, decode, matching, visit};
use crate::store::{Block, QUESTION, Rows, Segment, SegmentView, SpanRow};

use newest::{ById, newest};

/// The traces that have a span which satisfies everything asked.
#[derive(Debug, Serialize)]
pub(crate) struct TraceList {
    total: usize,
    returned: usize,
    traces: Vec<TraceSummary>,
}

/// One trace in a list.
#[derive(Debug, Serialize)]
pub(crate) struct TraceSummary {
    trace_id: String,
    question: Option<String>,
    root_service: Option<String>,
    root_name: Option<String>,
    services: Vec<ServiceShare>,
    spans: u64,
    errors: u64,
    input_tokens: u64,
    output_tokens: u64,
    start_unix_nano: u64,
    end_unix_nano: u64,
    duration_nano: u64,
}

/// What one service contributed to a trace.
#[derive(Debug, Serialize)]
struct ServiceShare {
    name: Box<str>,
    spans: u64,
    errors: u64,
}

/// The spans of one trace, by start.
#[derive(Debug, Serialize)]
pub(crate) struct TraceSpans {
    total: usize,
    returned: usize,
    trace_id: String,
    spans: Vec<Value>,
}

/// Where the span lies that carries the question.
type Place<'v> = (&'v SegmentView, &'v Arc<Block>, usize);

/// What the rows of one trace add up to.
struct Sum<'v> {
    start: u64,
    end: u64,
    spans: u64,
    errors: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: Option<&'v SpanRow>,
    services: Vec<ServiceShare>,
    question: Option<Place<'v>>,
}

impl<'v> Sum<'v> {
    fn add(&mut self, row: &'v SpanRow, place: Place<'v>) {
        self.start = self.start.min(row.start);
        self.end = self.end.max(row.end);
        self.spans += 1;
        self.errors += u64::from(row.is_error);
        self.input_tokens += u64::from(row.input_tokens);
        self.output_tokens += u64::from(row.output_tokens);
        if row.is_root && self.root.is_none_or(|root| row.start < root.start) {
            self.root = Some(row);
        }
        if row.has_question && self.question.is_none() {
            self.question = Some(place);
        }
        let name = &row.source.service;
        let share = match self
            .services
            .iter_mut()
            .position(|share| share.name == *name)
        {
            Some(position) => &mut self.services[position],
            None => {
                self.services.push(ServiceShare {
                    name: name.clone(),
                    spans: 0,
                    errors: 0,
                });
                let last = self.services.len() - 1;
                &mut self.services[last]
            }
        };
        share.spans += 1;
        share.errors += u64::from(row.is_error);
    }
}

impl Default for Sum<'_> {
    fn default() -> Self {
        Self {
            start: u64::MAX,
            end: 0,
            spans: 0,
            errors: 0,
            input_tokens: 0,
            output_tokens: 0,
            root: None,
            services: Vec::new(),
            question: None,
        }
    }
}

impl Query {
    /// Lists traces, newest start first.
    pub(crate) fn traces(&self, filter: &Filter) -> TraceList {
        let view = self.view();
        let (total, newest) = newest(&view, filter);
        // Only what is returned is added up.
        let mut sums: HashMap<[u8; 16], Sum<'_>, ById> =
            newest.iter().map(|id| (*id, Sum::default())).collect();
        for (segment, block) in blocks(&view) {
            let Rows::Spans(rows) = &block.rows else {
                continue;
            };
            if !block.traces().iter().any(|id| sums.contains_key(id)) {
                continue;
            }
            for (number, row) in rows.iter().enumerate() {
                if let Some(sum) = sums.get_mut(&row.trace_id) {
                    sum.add(row, (segment, block, number));
                }
            }
        }
        let traces: Vec<_> = newest
            .iter()
            .filter_map(|id| sums.remove(id).map(|sum| summary(id, sum)))
            .collect();
        TraceList {
            total,
            returned: traces.len(),
            traces,
        }
    }

    /// Returns the spans of trace `id` that satisfy everything asked.
    pub(crate) fn trace(&self, id: &[u8; 16], filter: &Filter) -> TraceSpans {
        let view = self.view();
        let mut found = Vec::new();
        for (segment, block) in blocks(&view) {
            let Rows::Spans(rows) = &block.rows else {
                continue;
            };
            if !block.has_trace(id) {
                continue;
            }
            for number in hits(&segment.segment, block, rows, filter) {
                if rows[number].trace_id == *id {
                    found.push((rows[number].start, segment, block, number));
                }
            }
        }
        let total = found.len();
        // Stable: spans that start together stay in the order of arrival.
        found.sort_by_key(|(start, ..)| *start);
        found.truncate(filter.limit);
        let mut places: Vec<(usize, &SegmentView, &Arc<Block>, usize)> = found
            .into_iter()
            .enumerate()
            .map(|(position, (_, segment, block, number))| (position, segment, block, number))
            .collect();
        // By block, so that each block is read once.
        places
            .sort_by_key(|(_, segment, block, number)| (segment.segment.id, block.offset, *number));
        let mut spans = vec![Value::Null; places.len()];
        let one_block =
            |a: &(usize, &SegmentView, &Arc<Block>, usize),
             b: &(usize, &SegmentView, &Arc<Block>, usize)| { Arc::ptr_eq(a.2, b.2) };
        for group in places.chunk_by(one_block) {
            let (_, segment, block, _) = group[0];
            let Rows::Spans(rows) = &block.rows else {
                continue;
            };
            let numbers: Vec<usize> = group.iter().map(|place| place.3).collect();
            let mut positions = group.iter().map(|place| place.0);
            visit(&segment.segment, block, &numbers, |number, record| {
                if let Some(position) = positions.next() {
                    let span: Span = decode(record.body);
                    spans[position] = render(&rows[number].source, &record, &span);
                }
            });
        }
        spans.retain(|span| !span.is_null());
        TraceSpans {
            total,
            returned: spans.len(),
            trace_id: hex(id),
            spans,
        }
    }
}

/// Returns the numbers of the spans that satisfy the filter.
fn hits(segment: &Segment, block: &Block, rows: &[SpanRow], filter: &Filter) -> Vec<usize> {
    let fits = |row: &SpanRow| {
        filter.trace_id.is_none_or(|id| row.trace_id == id)
            && filter.is_service(&row.source)
            && filter.name.as_deref().is_none_or(|name| *row.name == *name)
            && filter.is_within(row.start)
            && (row.is_error || !filter.errors_only)
    };
    let row_has = |row: &SpanRow, needle: &Needle| {
        needle.is_in(&row.name)
            || needle.is_in(&row.source.service)
            || needle.is_in_id(&row.trace_id)
            || needle.is_in_id(&row.span_id)
    };
    matching(
        (segment, block),
        rows,
        filter.text.as_ref(),
        fits,
        row_has,
        span_has,
    )
}

fn span_has(body: &[u8], needle: &Needle) -> bool {
    let span: Span = decode(body);
    // The row holds the beginning of a long name, the record all of it.
    needle.is_in(&span.name)
        || needle.is_in_attributes(&span.attributes)
        || span
            .status
            .as_ref()
            .is_some_and(|status| needle.is_in(&status.message))
        || span
            .events
            .iter()
            .any(|event| needle.is_in(&event.name) || needle.is_in_attributes(&event.attributes))
}

fn summary(id: &[u8; 16], mut sum: Sum<'_>) -> TraceSummary {
    sum.services
        .sort_by(|a, b| b.spans.cmp(&a.spans).then_with(|| a.name.cmp(&b.name)));
    TraceSummary {
        trace_id: hex(id),
        question: sum.question.and_then(question),
        root_service: sum.root.map(|root| root.source.service.to_string()),
        root_name: sum.root.map(|root| root.name.to_string()),
        services: sum.services,
        spans: sum.spans,
        errors: sum.errors,
        input_tokens: sum.input_tokens,
        output_tokens: sum.output_tokens,
        start_unix_nano: sum.start,
        end_unix_nano: sum.end,
        duration_nano: sum.end.saturating_sub(sum.start),
    }
}

fn question((segment, block, number): Place<'_>) -> Option<String> {
    let mut question = None;
    visit(&segment.segment, block, &[number], |_, record| {
        let span: Span = decode(record.body);
        let found = span
            .attributes
            .iter()
            .find(|attribute| attribute.key == QUESTION);
        question = found
            .and_then(|attribute| attribute.value.as_ref())
            .map(|value| match any(value) {
                Value::String(text) => text,
                other => other.to_string(),
            });
    });
    question
}
