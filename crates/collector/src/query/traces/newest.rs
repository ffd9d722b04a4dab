//! Selects the traces of a list.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use glassbox_store::{Count, Mark, Predicate, SpanColumns, Text, View};

use crate::query::filter::Filter;
use crate::query::render::hex;
use crate::query::search::{Search, Term};

/// The newest traces that satisfy a filter.
pub(super) struct Newest {
    /// How many satisfy it.
    pub(super) total: usize,
    /// How many more satisfy it, but are Glassbox's own traffic.
    pub(super) hidden: usize,
    /// How many of them come after the cursor of the filter.
    pub(super) older: usize,
    /// Newest first, up to the limit.
    pub(super) ids: Vec<[u8; 16]>,
    /// The start of each of them, by which they are ordered.
    pub(super) starts: Vec<u64>,
}

/// The facts about one trace that a list needs.
struct Trace {
    start: u64,
    end: u64,
    /// The earliest start; the time of arrival replaces unusable starts.
    arrived: u64,
    tokens: u64,
    /// Whether a span matches the parameters.
    matches: bool,
    /// One bit for each term of the search that a span matches.
    terms: u32,
    is_agent: bool,
    is_internal: bool,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            start: u64::MAX,
            end: 0,
            arrived: u64::MAX,
            tokens: 0,
            matches: false,
            terms: 0,
            is_agent: false,
            is_internal: false,
        }
    }
}

impl Trace {
    fn add(&mut self, span: &SpanColumns, matches: bool) {
        self.arrived = self.arrived.min(span.start());
        if span.has_usable_times() {
            self.start = self.start.min(span.start());
            self.end = self.end.max(span.end());
        }
        if span.is_inference() {
            self.tokens += u64::from(span.count(Count::InputTokens));
            self.tokens += u64::from(span.count(Count::OutputTokens));
        }
        self.matches |= matches;
        self.is_internal |= span.is_root() && is_internal(span);
    }

    /// Returns the start of the trace, or the time of its arrival if no span has usable times.
    fn start(&self) -> u64 {
        if self.start == u64::MAX {
            self.arrived
        } else {
            self.start
        }
    }

    fn satisfies(&self, search: &Search) -> bool {
        let all = (1 << search.terms.len()) - 1;
        self.matches
            && self.terms == all
            && search
                .duration
                .contains(self.end.saturating_sub(self.start))
            && search.tokens.contains(self.tokens)
    }
}

/// The names that the conventions give to the spans of agents and workflows.
const AGENT_SPANS: [&str; 3] = ["invoke_agent", "invoke_workflow", "create_agent"];

fn is_agent(span: &SpanColumns) -> bool {
    AGENT_SPANS.iter().any(|name| span.name().starts_with(name))
}

/// The path of the registry, which services query on their own.
const REGISTRY: &str = "/v1/registry/";

fn is_internal(span: &SpanColumns) -> bool {
    span.has(Mark::Internal) || span.name().contains(REGISTRY)
}

/// Finds the newest traces that satisfy the filter.
pub(super) fn newest(view: &View, filter: &Filter) -> Newest {
    let search = &filter.search;
    let mut starts: HashMap<[u8; 16], Trace, ById> = HashMap::default();
    let spans = view.scan::<SpanColumns>(&filter.predicate);
    spans.containing(filter.text()).each(|span, matches| {
        let trace = starts.entry(*span.trace_id()).or_default();
        trace.add(span, matches);
        // Only this filter needs the names, and there may be a million spans.
        trace.is_agent |= filter.agents_only && is_agent(span);
    });
    for (number, term) in search.terms.iter().enumerate() {
        term.each(view, |span, matches| {
            if let (true, Some(trace)) = (matches, starts.get_mut(span.trace_id())) {
                trace.terms |= 1 << number;
            }
        });
    }
    starts.retain(|id, trace| {
        trace.satisfies(search)
            && (trace.is_agent || !filter.agents_only)
            && search
                .trace
                .as_ref()
                .is_none_or(|start| hex(id).starts_with(start))
    });
    let all = starts.len();
    if !filter.internal {
        starts.retain(|_, trace| !trace.is_internal);
    }
    let hidden = all - starts.len();
    let mut found: Vec<_> = starts
        .into_iter()
        .map(|(id, trace)| (Reverse(trace.start()), id))
        .collect();
    let total = found.len();
    if let Some(after) = filter.after {
        let after = (Reverse(after.time), after.tie.to_be_bytes());
        found.retain(|one| *one > after);
    }
    let older = found.len();
    // The id breaks ties, so that results are deterministic.
    if filter.limit < older {
        found.select_nth_unstable(filter.limit);
        found.truncate(filter.limit);
    }
    found.sort_unstable();
    Newest {
        total,
        hidden,
        older,
        starts: found.iter().map(|(Reverse(start), _)| *start).collect(),
        ids: found.into_iter().map(|(_, id)| id).collect(),
    }
}

impl Term {
    /// Visits every span with whether it matches.
    fn each(&self, view: &View, mut visit: impl FnMut(&SpanColumns, bool)) {
        let all = Predicate::default();
        let (predicate, text): (_, Option<&dyn Text<SpanColumns>>) = match self {
            Self::Columns(predicate) => (predicate, None),
            Self::Attribute(attribute) => (&all, Some(attribute)),
            Self::Text(needle) => (&all, Some(needle)),
            Self::Ok => {
                let spans = view.scan::<SpanColumns>(&all);
                spans.each(|span, matches| visit(span, matches && !span.is_error()));
                return;
            }
        };
        view.scan(predicate).containing(text).each(visit);
    }
}

/// Hashes trace ids: they are random already, so folding them is enough.
#[derive(Default)]
pub(super) struct IdHasher(u64);

pub(super) type ById = BuildHasherDefault<IdHasher>;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let folded = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.0 = folded ^ (folded >> 32);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
