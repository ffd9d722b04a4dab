//! Questions to the store: traces, metrics and logs, each over one frozen view.
//!
//! Rows of the index decide wherever they can; a block is read only for the records that an answer
//! returns, and for text search. Everything here blocks: callers run it off the async threads.

mod logs;
mod metrics;
mod needle;
mod render;
mod traces;

use std::sync::Arc;

use glassbox_otlp::proto::Message;
use glassbox_otlp::wire::{Record, records};

use crate::store::{Block, Rows, Segment, SegmentStore, SegmentView, Source, View};
pub(crate) use logs::{LogPage, PageRange};
pub(crate) use needle::Needle;

/// What an answer is narrowed to; fields that are `None` narrow nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) trace_id: Option<[u8; 16]>,
    pub(crate) span_id: Option<[u8; 8]>,
    pub(crate) service: Option<String>,
    /// A span name or a metric name, exactly.
    pub(crate) name: Option<String>,
    /// Inclusive, nanoseconds since the epoch.
    pub(crate) since: Option<u64>,
    /// Inclusive, nanoseconds since the epoch.
    pub(crate) until: Option<u64>,
    pub(crate) text: Option<Needle>,
    pub(crate) errors_only: bool,
    pub(crate) min_severity: u8,
    /// How many records an answer returns at most.
    pub(crate) limit: usize,
}

impl Filter {
    fn is_service(&self, source: &Source) -> bool {
        self.service
            .as_deref()
            .is_none_or(|service| *source.service == *service)
    }

    fn is_within(&self, time: u64) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }
}

/// Answers questions about one store.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    store: Arc<SegmentStore>,
}

impl Query {
    pub(crate) fn new(store: Arc<SegmentStore>) -> Self {
        Self { store }
    }

    pub(crate) fn view(&self) -> View {
        self.store.view()
    }

    /// Counts the traces that any stored span belongs to.
    pub(crate) fn count_traces(&self) -> usize {
        let view = self.view();
        let blocks = view
            .segments
            .iter()
            .flat_map(|segment| segment.blocks.iter());
        let blocks = blocks.filter(|block| matches!(block.rows, Rows::Spans(_)));
        let ids: std::collections::HashSet<&[u8; 16]> =
            blocks.flat_map(|block| block.traces()).collect();
        ids.len()
    }
}

/// Iterates over the blocks of a view with their segments, oldest first.
fn blocks(view: &View) -> impl DoubleEndedIterator<Item = (&SegmentView, &Arc<Block>)> {
    view.segments
        .iter()
        .flat_map(|segment| segment.blocks.iter().map(move |block| (segment, block)))
}

/// Visits the records of a block whose row numbers are in `wanted`, which is sorted.
///
/// For spans and log records, where row and record are one.
fn visit(
    segment: &Segment,
    block: &Block,
    wanted: &[usize],
    mut act: impl FnMut(usize, Record<'_>),
) {
    read(segment, block, |request| {
        let (mut row, mut wanted) = (0, wanted.iter().peekable());
        records(request, |record| {
            if wanted.next_if_eq(&&row).is_some() {
                act(row, record);
            }
            row += 1;
            Ok(())
        })
    });
}

/// Reads a block; one that cannot be read is left out of the answer, and the log says so.
fn read<E: std::fmt::Display>(
    segment: &Segment,
    block: &Block,
    act: impl FnOnce(&[u8]) -> Result<(), E>,
) {
    let result = match segment.read(block) {
        Ok(request) => act(&request).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = result {
        let path = segment.path.display();
        tracing::warn!(%path, offset = block.offset, error, "a stored block is left out of an answer");
    }
}

/// Returns the numbers of the rows that satisfy `row_fits` and the text, sorted.
fn matching<R>(
    (segment, block): (&Segment, &Block),
    rows: &[R],
    text: Option<&Needle>,
    row_fits: impl Fn(&R) -> bool,
    row_has: impl Fn(&R, &Needle) -> bool,
    record_has: impl Fn(&[u8], &Needle) -> bool,
) -> Vec<usize> {
    let fitting = rows.iter().enumerate().filter(|(_, row)| row_fits(row));
    let Some(needle) = text else {
        return fitting.map(|(number, _)| number).collect();
    };
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (number, row) in fitting {
        if row_has(row, needle) {
            found.push(number)
        } else {
            open.push(number)
        }
    }
    if !open.is_empty() {
        visit(segment, block, &open, |number, record| {
            if needle.may_be_in(record.body) && record_has(record.body, needle) {
                found.push(number);
            }
        });
        found.sort_unstable();
    }
    found
}

/// Decodes a stored message; stored bytes were decoded once before, so this does not fail.
fn decode<M: Message + Default>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap_or_default()
}
