//! The spans of one trace together: repeated spans, shared ids, and usage.

use std::collections::{HashMap, HashSet};

use crate::attributes::Count;
use crate::columns::SpanColumns;
use crate::scan::Hit;

type Id = [u8; 8];

/// The spans of one trace, each once.
#[derive(Debug)]
pub struct Distinct<'v> {
    /// In the order of the input.
    pub spans: Vec<Hit<'v, SpanColumns>>,
    /// How many were left out, because the same span was exported again.
    pub repeated: usize,
    /// The ids that are shared by different spans.
    pub conflicts: HashSet<[u8; 8]>,
}

impl<'v> Distinct<'v> {
    /// Leaves out spans that are exactly equal to an earlier one: same id, content and source.
    #[must_use]
    pub fn new(mut spans: Vec<Hit<'v, SpanColumns>>) -> Self {
        let all = spans.len();
        let (mut seen, mut ids, mut conflicts) = (HashSet::new(), HashSet::new(), HashSet::new());
        spans.retain(|hit| {
            let span = hit.columns();
            // Spans without an id cannot be distinguished from each other.
            if span.span_id == [0; 8] {
                return true;
            }
            let is_new = seen.insert((span.span_id, span.content, &span.source));
            if is_new && !ids.insert(span.span_id) {
                conflicts.insert(span.span_id);
            }
            is_new
        });
        Self {
            repeated: all - spans.len(),
            spans,
            conflicts,
        }
    }

    /// Returns the tokens that the trace used.
    ///
    /// A span that only repeats the usage of the spans within it does not count. That is a span that is not
    /// the call of a model, such as an agent's, if a span within it has usage; and a call of a model if the
    /// calls within it add up to the same. Spans that share an id count as one.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let nodes = nodes(&self.spans);
        if nodes.len() < 2 {
            return nodes
                .values()
                .fold(Usage::default(), |sum, node| sum.plus(node.own));
        }
        let outer = nearest(&self.spans, &nodes);
        add_up(nodes, &outer)
    }
}

/// Numbers of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
}

impl Usage {
    fn of(span: &SpanColumns) -> Self {
        Self {
            input_tokens: u64::from(span.count(Count::InputTokens)),
            output_tokens: u64::from(span.count(Count::OutputTokens)),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.max(other.input_tokens),
            output_tokens: self.output_tokens.max(other.output_tokens),
        }
    }
}

/// A span with usage.
struct Node {
    own: Usage,
    is_inference: bool,
    /// How many spans with usage are directly within it and not added up yet.
    open: usize,
    /// The sum of their usage, once one has been added.
    within: Option<Usage>,
}

fn nodes(spans: &[Hit<'_, SpanColumns>]) -> HashMap<Id, Node> {
    let mut nodes: HashMap<Id, Node> = HashMap::new();
    for span in spans.iter().map(Hit::columns).filter(|span| span.has_usage) {
        let node = nodes.entry(span.span_id).or_insert(Node {
            own: Usage::default(),
            is_inference: false,
            open: 0,
            within: None,
        });
        node.own = node.own.max(Usage::of(span));
        node.is_inference |= span.is_inference;
    }
    nodes
}

/// Finds for each node the nearest enclosing node.
fn nearest(spans: &[Hit<'_, SpanColumns>], nodes: &HashMap<Id, Node>) -> HashMap<Id, Id> {
    let spans = spans.iter().map(Hit::columns);
    let parents: HashMap<Id, Id> = spans.map(|span| (span.span_id, span.parent_id)).collect();
    // The results for spans without usage, so that no path is walked twice.
    let mut known: HashMap<Id, Option<Id>> = HashMap::new();
    let mut outer = HashMap::new();
    for id in nodes.keys() {
        let (mut path, mut at) = (HashSet::new(), parents.get(id).copied());
        let found = loop {
            match at {
                Some(one) if nodes.contains_key(&one) => break Some(one),
                Some(one) => match known.get(&one) {
                    Some(found) => break *found,
                    // A cycle has no outer span.
                    None if !path.insert(one) => break None,
                    None => at = parents.get(&one).copied(),
                },
                None => break None,
            }
        };
        known.extend(path.into_iter().map(|one| (one, found)));
        if let Some(found) = found.filter(|found| found != id) {
            outer.insert(*id, found);
        }
    }
    outer
}

/// Adds up usage from the innermost nodes outwards.
fn add_up(mut nodes: HashMap<Id, Node>, outer: &HashMap<Id, Id>) -> Usage {
    for around in outer.values() {
        if let Some(node) = nodes.get_mut(around) {
            node.open += 1;
        }
    }
    let innermost = nodes.iter().filter(|(_, node)| node.open == 0);
    let mut ready: Vec<Id> = innermost.map(|(id, _)| *id).collect();
    let mut sum = Usage::default();
    while let Some(node) = ready.last().copied().and_then(|id| nodes.remove(&id)) {
        let id = ready.pop().unwrap_or_default();
        let total = match node.within {
            None => node.own,
            Some(within) if !node.is_inference || within == node.own => within,
            Some(within) => within.plus(node.own),
        };
        match outer.get(&id).and_then(|around| nodes.get_mut(around)) {
            Some(around) => {
                around.within = Some(around.within.unwrap_or_default().plus(total));
                around.open -= 1;
                if around.open == 0 {
                    ready.extend(outer.get(&id));
                }
            }
            None => sum = sum.plus(total),
        }
    }
    // Spans that enclose each other in a cycle: each counts on its own.
    nodes.values().fold(sum, |sum, node| sum.plus(node.own))
}
