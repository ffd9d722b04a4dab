//! Traces: a list of the newest, and the spans of one.

mod newest;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use glassbox_otlp::proto::trace::v1::Span;
use glassbox_otlp::wire::Record;
use glassbox_store::{Distinct, Hit, Mark, Predicate, SpanColumns, Text, Usage, fetch};
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

/// How many services of a trace are listed.
const MOST_SERVICES: usize = 100;

/// How many spans that share an id are listed.
const MOST_CONFLICTS: usize = 100;

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
    /// How many spans have impossible times, which are excluded from the trace's times.
    unusable_times: usize,
    /// How many spans were exported again and are counted once.
    repeated: usize,
    /// How many ids are shared by different spans.
    conflicts: usize,
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
    /// Of the whole trace, whatever part of it is in this response; null if no span is stored.
    start_unix_nano: Option<u64>,
    end_unix_nano: Option<u64>,
    duration_nano: Option<u64>,
    usage: Option<TraceUsage>,
    summary: Option<TraceSummary>,
    /// Spans that differ but share an id, as sentences.
    conflicts: Vec<String>,
    spans: Vec<Box<RawValue>>,
}

/// The tokens that a trace used.
#[derive(Debug, Serialize)]
struct TraceUsage {
    input_tokens: u64,
    output_tokens: u64,
}

/// The sum over the rows of one trace.
struct Sum<'v> {
    start: u64,
    end: u64,
    spans: u64,
    errors: u64,
    usage: Usage,
    root: Option<&'v SpanColumns>,
    services: HashMap<&'v str, (u64, u64)>,
    /// The first span that carries the question.
    question: Option<Hit<'v, SpanColumns>>,
    unusable_times: usize,
    repeated: usize,
    conflicts: usize,
}

impl<'v> Sum<'v> {
    fn of(trace: &Distinct<'v>) -> Self {
        let mut sum = Self {
            start: u64::MAX,
            end: 0,
            spans: 0,
            errors: 0,
            usage: trace.usage(),
            root: None,
            services: HashMap::new(),
            question: None,
            unusable_times: 0,
            repeated: trace.repeated,
            conflicts: trace.conflicts.len(),
        };
        for hit in &trace.spans {
            sum.add(*hit);
        }
        if sum.start > sum.end {
            // No span has usable times: the trace lasts from the arrival of its first span to that of its last.
            let starts = trace.spans.iter().map(|hit| hit.columns().start());
            sum.start = starts.clone().min().unwrap_or_default();
            sum.end = starts.max().unwrap_or_default();
        }
        sum
    }

    fn add(&mut self, hit: Hit<'v, SpanColumns>) {
        let span = hit.columns();
        if span.has_usable_times() {
            self.start = self.start.min(span.start());
            self.end = self.end.max(span.end());
        } else {
            self.unusable_times += 1;
        }
        self.spans += 1;
        self.errors += u64::from(span.is_error());
        if span.is_root() && self.root.is_none_or(|root| span.start() < root.start()) {
            self.root = Some(span);
        }
        if span.has(Mark::Question) && self.question.is_none() {
            self.question = Some(hit);
        }
        let share = self.services.entry(span.source().service()).or_default();
        share.0 += 1;
        share.1 += u64::from(span.is_error());
    }

    /// Returns the services with the most spans, most first.
    fn services(&self) -> Vec<ServiceShare> {
        let mut services: Vec<_> = self
            .services
            .iter()
            .map(|(name, (spans, errors))| (Reverse(*spans), *name, *errors))
            .collect();
        services.sort_unstable();
        services.truncate(MOST_SERVICES);
        let shares = services.into_iter();
        shares
            .map(|(Reverse(spans), name, errors)| ServiceShare {
                name: name.into(),
                spans,
                errors,
            })
            .collect()
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
        let mut traces: Vec<Vec<Hit<'_, SpanColumns>>> = vec![Vec::new(); newest.len()];
        let (all, is_listed) = (Predicate::default(), |id: &[u8; 16]| {
            places.contains_key(id)
        });
        for hit in view
            .scan::<SpanColumns>(&all)
            .near_traces(&is_listed)
            .hits()
        {
            if let Some(place) = places.get(hit.columns().trace_id()) {
                traces[*place].push(hit);
            }
        }
        let sums = traces
            .into_iter()
            .map(|spans| Sum::of(&Distinct::new(spans)));
        let sums: Vec<Sum<'_>> = sums.collect();
        let mut questions = questions(&sums);
        let (mut traces, mut bytes, mut next) = (Vec::new(), 0, None);
        for (at, (id, sum)) in newest.iter().zip(sums).enumerate() {
            let last = Cursor {
                time: found.starts[at],
                tie: u128::from_be_bytes(*id),
            };
            let summary = summary(id, &sum, questions.remove(&at));
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
        let every = Predicate::default().trace_id(Some(*id));
        let whole = Distinct::new(view.scan(&every).hits().collect());
        let sum = Sum::of(&whole);
        let question = questions(std::slice::from_ref(&sum)).remove(&0);
        let header = (!whole.spans.is_empty()).then(|| summary(id, &sum, question));
        let predicate = filter.predicate.clone().trace_id(Some(*id));
        let matching = view.scan::<SpanColumns>(&predicate);
        let matching = matching.containing(filter.text()).hits();
        let mut matching: Vec<u64> = matching.map(|hit| hit.sequence()).collect();
        matching.sort_unstable();
        let mut found = whole.spans.clone();
        found.retain(|hit| matching.binary_search(&hit.sequence()).is_ok());
        let total = found.len();
        if let Some(after) = filter.after {
            found.retain(|hit| position(hit) > after);
        }
        let later = found.len();
        found.sort_unstable_by_key(position);
        found.truncate(filter.limit);
        let spans = fit(&found, filter.bytes, |hit, record| {
            let mut span = render(hit, record);
            if whole.conflicts.contains(hit.columns().span_id()) {
                span["conflict"] = Value::Bool(true);
            }
            span
        });
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
            start_unix_nano: header.as_ref().map(|trace| trace.start_unix_nano),
            end_unix_nano: header.as_ref().map(|trace| trace.end_unix_nano),
            duration_nano: header.as_ref().map(|trace| trace.duration_nano),
            usage: header.as_ref().map(|trace| TraceUsage {
                input_tokens: trace.input_tokens,
                output_tokens: trace.output_tokens,
            }),
            summary: header,
            conflicts: conflicts(&whole.conflicts),
            spans,
        }
    }
}

/// Describes which ids are shared by different spans.
fn conflicts(ids: &HashSet<[u8; 8]>) -> Vec<String> {
    let mut ids: Vec<_> = ids.iter().collect();
    ids.sort_unstable();
    ids.truncate(MOST_CONFLICTS);
    let said = ids.into_iter().map(|id| {
        format!(
            "several spans have the id {} and differ; each is shown",
            hex(id)
        )
    });
    said.collect()
}

/// Returns the position of a span in the order of a trace.
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

fn summary(id: &[u8; 16], sum: &Sum<'_>, question: Option<String>) -> TraceSummary {
    TraceSummary {
        trace_id: hex(id),
        question,
        root_service: sum.root.map(|root| root.source().service().to_owned()),
        root_name: sum.root.map(|root| root.name().to_owned()),
        services: sum.services(),
        spans: sum.spans,
        errors: sum.errors,
        input_tokens: sum.usage.input_tokens,
        output_tokens: sum.usage.output_tokens,
        start_unix_nano: sum.start,
        end_unix_nano: sum.end,
        duration_nano: sum.end.saturating_sub(sum.start),
        unusable_times: sum.unusable_times,
        repeated: sum.repeated,
        conflicts: sum.conflicts,
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
        // This is only a title; the trace has the whole question.
        question.truncate(question.floor_char_boundary(QUESTION_BYTES));
        for hit in here {
            questions.insert(places[*hit], question.clone());
        }
    });
    questions
}
