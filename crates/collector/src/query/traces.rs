//! Traces: a list of the newest, and the spans of one.

mod newest;

use std::collections::HashMap;

use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::wire::Record;
use glassbox_store::{Count, Hit, Mark, Predicate, SpanColumns, Text, fetch};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Query;
use super::cursor::Cursor;
use super::filter::Filter;
use super::fit::fit;
use super::needle::Needle;
use super::record::decode;
use super::render::{any, hex, span as render};

use newest::{ById, newest};

/// How much of a question is in a list.
const QUESTION_BYTES: usize = 4096;

/// The traces with a matching span.
#[derive(Debug, Serialize)]
pub(crate) struct TraceList {
    total: usize,
    /// How many more match, but are Glassbox's own traffic.
    hidden: usize,
    returned: usize,
    /// Whether there are older ones.
    truncated: bool,
    next: Option<Cursor>,
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

/// Spans and errors of one service in a trace.
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
    /// Whether there are later ones.
    truncated: bool,
    next: Option<Cursor>,
    trace_id: String,
    spans: Vec<Box<RawValue>>,
}

/// The sum over the rows of one trace.
struct Sum<'v> {
    start: u64,
    end: u64,
    spans: u64,
    errors: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: Option<&'v SpanColumns>,
    services: Vec<ServiceShare>,
    /// The first span that carries the question.
    question: Option<Hit<'v, SpanColumns>>,
}

impl<'v> Sum<'v> {
    fn add(&mut self, hit: Hit<'v, SpanColumns>) {
        let span = hit.columns();
        self.start = self.start.min(span.start());
        self.end = self.end.max(span.end());
        self.spans += 1;
        self.errors += u64::from(span.is_error());
        self.input_tokens += u64::from(span.count(Count::InputTokens));
        self.output_tokens += u64::from(span.count(Count::OutputTokens));
        if span.is_root() && self.root.is_none_or(|root| span.start() < root.start()) {
            self.root = Some(span);
        }
        if span.has(Mark::Question) && self.question.is_none() {
            self.question = Some(hit);
        }
        let name = span.source().service();
        let share = match self
            .services
            .iter_mut()
            .position(|share| *share.name == *name)
        {
            Some(position) => &mut self.services[position],
            None => {
                self.services.push(ServiceShare {
                    name: name.into(),
                    spans: 0,
                    errors: 0,
                });
                let last = self.services.len() - 1;
                &mut self.services[last]
            }
        };
        share.spans += 1;
        share.errors += u64::from(span.is_error());
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
        let found = newest(&view, filter);
        let newest = &found.ids;
        // Sum up only the traces of the result.
        let places: HashMap<[u8; 16], usize, ById> =
            (0..).zip(newest).map(|(at, id)| (*id, at)).collect();
        let mut sums: Vec<Sum<'_>> = newest.iter().map(|_| Sum::default()).collect();
        let (all, is_listed) = (Predicate::default(), |id: &[u8; 16]| {
            places.contains_key(id)
        });
        for hit in view
            .scan::<SpanColumns>(&all)
            .near_traces(&is_listed)
            .hits()
        {
            if let Some(place) = places.get(hit.columns().trace_id()) {
                sums[*place].add(hit);
            }
        }
        let mut questions = questions(&sums);
        let (mut traces, mut bytes, mut next) = (Vec::new(), 0, None);
        for (at, (id, sum)) in newest.iter().zip(sums).enumerate() {
            let last = Cursor {
                time: sum.start,
                tie: u128::from_be_bytes(*id),
            };
            let summary = summary(id, sum, questions.remove(&at));
            bytes += summary.size();
            if bytes > filter.bytes && !traces.is_empty() {
                break;
            }
            traces.push(summary);
            next = Some(last);
        }
        let truncated = traces.len() < found.older;
        TraceList {
            total: found.total,
            hidden: found.hidden,
            returned: traces.len(),
            truncated,
            next: next.filter(|_| truncated),
            traces,
        }
    }

    /// Returns the matching spans of trace `id`.
    pub(crate) fn trace(&self, id: &[u8; 16], filter: &Filter) -> TraceSpans {
        let view = self.view();
        let predicate = filter.predicate.clone().trace_id(Some(*id));
        let scan = view.scan(&predicate).containing(filter.text());
        let mut found: Vec<Hit<'_, SpanColumns>> = scan.hits().collect();
        let total = found.len();
        if let Some(after) = filter.after {
            found.retain(|hit| position(hit) > after);
        }
        let later = found.len();
        found.sort_unstable_by_key(position);
        found.truncate(filter.limit);
        let spans = fit(&found, filter.bytes, render);
        let truncated = spans.len() < later;
        let last = spans
            .len()
            .checked_sub(1)
            .map(|last| position(&found[last]));
        let spans: Vec<_> = spans.into_iter().flatten().collect();
        TraceSpans {
            total,
            returned: spans.len(),
            truncated,
            next: last.filter(|_| truncated),
            trace_id: hex(id),
            spans,
        }
    }
}

/// Returns where a span is in the order of a trace.
fn position(hit: &Hit<'_, SpanColumns>) -> Cursor {
    Cursor {
        time: hit.columns().start(),
        tie: u128::from(hit.sequence()),
    }
}

impl TraceSummary {
    /// Returns about how many bytes it has as JSON.
    fn size(&self) -> usize {
        const REST: usize = 320;
        let services = self.services.iter().map(|share| share.name.len() + 40);
        let texts = [&self.question, &self.root_service, &self.root_name];
        let texts = texts.into_iter().flatten().map(String::len);
        services.chain(texts).sum::<usize>() + REST
    }
}

impl Text<SpanColumns> for Needle {
    fn is_in_columns(&self, span: &SpanColumns) -> bool {
        self.is_in(span.name())
            || self.is_in(span.source().service())
            || self.is_in_id(span.trace_id())
            || self.is_in_id(span.span_id())
    }

    fn is_in_record(&self, record: &Record<'_>) -> bool {
        self.may_be_in(record.body) && span_has(record.body, self)
    }
}

fn span_has(body: &[u8], needle: &Needle) -> bool {
    let span: Span = decode(body);
    // The columns have only the start of a long name.
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

fn summary(id: &[u8; 16], mut sum: Sum<'_>, question: Option<String>) -> TraceSummary {
    sum.services
        .sort_by(|a, b| b.spans.cmp(&a.spans).then_with(|| a.name.cmp(&b.name)));
    TraceSummary {
        trace_id: hex(id),
        question,
        root_service: sum.root.map(|root| root.source().service().to_owned()),
        root_name: sum.root.map(|root| root.name().to_owned()),
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

/// Reads the questions of the traces, by their places in `sums`.
fn questions(sums: &[Sum<'_>]) -> HashMap<usize, String> {
    let asked = sums.iter().enumerate();
    let (places, hits): (Vec<_>, Vec<_>) = asked
        .filter_map(|(at, sum)| sum.question.map(|hit| (at, hit)))
        .unzip();
    let mut questions = HashMap::new();
    fetch(&hits, |record, here| {
        let span: Span = decode(record.body);
        let mut attributes = span.attributes.iter();
        let found = attributes.find(|attribute| attribute.key == Mark::Question.attribute());
        let Some(value) = found.and_then(|attribute| attribute.value.as_ref()) else {
            return;
        };
        let mut question = match any(value) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        // A title; the trace has all of it.
        question.truncate(question.floor_char_boundary(QUESTION_BYTES));
        for hit in here {
            questions.insert(places[*hit], question.clone());
        }
    });
    questions
}
