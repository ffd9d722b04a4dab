//! Reads from the store: columns first, records only if they are needed.
//!
//! A [`Scan`] goes over the columns of one signal, oldest block first, and yields a [`Hit`] for each row
//! that matches a [`Predicate`]. It skips blocks whose summary rules out a match. A search for [`Text`]
//! reads a record only if its columns do not contain the text. [`fetch`] reads the records of selected
//! hits, each block once.
//!
//! # Bounds
//! One block is in memory at a time; its decompressed size is that of one export request.

mod fetch;
mod hits;

use std::fmt;
use std::sync::Arc;

use glassbox_otlp::wire::Record;

use crate::columns::{LogColumns, PointColumns, SpanColumns};
use crate::predicate::Predicate;
use crate::rows::Rows;
use crate::segment::{Block, SegmentView};
use crate::view::View;

pub use fetch::fetch;
pub use hits::Hits;

/// The columns of one signal. Sealed: only this crate implements it.
pub trait Columns: Sized + fmt::Debug + sealed::Row + 'static {}

impl Columns for SpanColumns {}
impl Columns for LogColumns {}
impl Columns for PointColumns {}

pub(crate) mod sealed {
    use super::{Predicate, Record, Rows};

    /// How a scan treats the rows of a signal.
    pub trait Row: Sized {
        /// Whether blocks can be skipped by trace.
        const TRACED: bool;

        fn of(rows: &Rows) -> Option<&[Self]>;

        fn admitted(&self, predicate: &Predicate) -> bool;

        /// Returns the length of the encoded record or data point.
        fn size(&self) -> u32;

        /// Returns whether row `number` of its block is in this record, the block's `nth`.
        fn is_in(&self, number: u32, nth: u32, record: &Record<'_>) -> bool;
    }
}

impl sealed::Row for SpanColumns {
    const TRACED: bool = true;

    fn of(rows: &Rows) -> Option<&[Self]> {
        match rows {
            Rows::Spans(rows) => Some(rows),
            Rows::Logs(_) | Rows::Points(_) => None,
        }
    }

    fn admitted(&self, predicate: &Predicate) -> bool {
        predicate.admits_span(self)
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn is_in(&self, number: u32, nth: u32, _: &Record<'_>) -> bool {
        number == nth
    }
}

impl sealed::Row for LogColumns {
    const TRACED: bool = true;

    fn of(rows: &Rows) -> Option<&[Self]> {
        match rows {
            Rows::Logs(rows) => Some(rows),
            Rows::Spans(_) | Rows::Points(_) => None,
        }
    }

    fn admitted(&self, predicate: &Predicate) -> bool {
        predicate.admits_log(self)
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn is_in(&self, number: u32, nth: u32, _: &Record<'_>) -> bool {
        number == nth
    }
}

impl sealed::Row for PointColumns {
    const TRACED: bool = false;

    fn of(rows: &Rows) -> Option<&[Self]> {
        match rows {
            Rows::Points(rows) => Some(rows),
            Rows::Spans(_) | Rows::Logs(_) => None,
        }
    }

    fn admitted(&self, predicate: &Predicate) -> bool {
        predicate.admits_point(self)
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn is_in(&self, _: u32, _: u32, record: &Record<'_>) -> bool {
        self.offset == record.offset
    }
}

/// A text search in columns and records.
pub trait Text<C> {
    /// Returns whether the columns contain the text; if so, the record is not read.
    fn is_in_columns(&self, columns: &C) -> bool;

    /// Returns whether the record contains the text.
    fn is_in_record(&self, record: &Record<'_>) -> bool;
}

/// A set of traces.
type Traces<'v> = &'v dyn Fn(&[u8; 16]) -> bool;

/// A pass over the columns of one signal, made by [`View::scan`].
#[must_use]
pub struct Scan<'v, C> {
    view: &'v View,
    predicate: &'v Predicate,
    text: Option<&'v dyn Text<C>>,
    traces: Option<Traces<'v>>,
}

impl<C> fmt::Debug for Scan<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scan = f.debug_struct("Scan");
        scan.field("predicate", self.predicate)
            .finish_non_exhaustive()
    }
}

/// One row: its columns, and a reference to its record for [`fetch`].
pub struct Hit<'v, C> {
    segment: &'v SegmentView,
    block: &'v Arc<Block>,
    columns: &'v C,
    number: u32,
}

impl<C> Clone for Hit<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Hit<'_, C> {}

impl<C: fmt::Debug> fmt::Debug for Hit<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hit = f.debug_struct("Hit");
        hit.field("sequence", &self.sequence())
            .field("columns", self.columns)
            .finish_non_exhaustive()
    }
}

impl<'v, C> Hit<'v, C> {
    /// Returns the columns.
    #[must_use]
    pub fn columns(&self) -> &'v C {
        self.columns
    }

    /// Returns the sequence number: rows of a signal are numbered from 1 in the order of arrival.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.block.header.first_sequence + u64::from(self.number)
    }
}

impl<C: Columns> Hit<'_, C> {
    /// Returns the length in bytes of the encoded span, log record or data point.
    #[must_use]
    pub fn size(&self) -> usize {
        self.columns.size() as usize
    }

    /// Returns whether the columns satisfy `predicate`, ignoring its sequence numbers.
    #[must_use]
    pub fn satisfies(&self, predicate: &Predicate) -> bool {
        self.columns.admitted(predicate)
    }
}

impl Hit<'_, PointColumns> {
    /// Returns the index of the point among the points of its metric in its record.
    #[must_use]
    pub fn place(&self) -> usize {
        let Some(rows) = <PointColumns as sealed::Row>::of(&self.block.rows) else {
            return 0;
        };
        // The rows of one metric are adjacent and in the order of its points.
        let first = rows.partition_point(|row| row.offset < self.columns.offset);
        self.number as usize - first
    }
}

impl View {
    /// Starts a scan of one signal for the rows that match `predicate`.
    pub fn scan<'v, C: Columns>(&'v self, predicate: &'v Predicate) -> Scan<'v, C> {
        Scan {
            view: self,
            predicate,
            text: None,
            traces: None,
        }
    }

    /// Returns the sequence number of the oldest stored row of the signal.
    #[must_use]
    pub fn first_sequence<C: Columns>(&self) -> Option<u64> {
        let mut blocks = blocks(self).filter(|(_, block)| C::of(&block.rows).is_some());
        blocks.next().map(|(_, block)| block.header.first_sequence)
    }

    /// Counts the traces of all stored spans.
    #[must_use]
    pub fn count_traces(&self) -> usize {
        let blocks = blocks(self).filter(|(_, block)| matches!(block.rows, Rows::Spans(_)));
        let ids: std::collections::HashSet<&[u8; 16]> =
            blocks.flat_map(|(_, block)| block.traces()).collect();
        ids.len()
    }
}

impl<'v, C: Columns> Scan<'v, C> {
    /// Limits the scan to rows that contain the text, in their columns or their records.
    pub fn containing(mut self, text: Option<&'v dyn Text<C>>) -> Self {
        self.text = text;
        self
    }

    /// Skips blocks without any of the traces. Other rows of the remaining blocks are still
    /// yielded.
    pub fn near_traces(mut self, traces: &'v dyn Fn(&[u8; 16]) -> bool) -> Self {
        self.traces = Some(traces);
        self
    }

    /// Iterates over the matching rows in the order of arrival.
    pub fn hits(self) -> Hits<'v, C> {
        Hits::new(self)
    }

    /// Visits every row of the signal in the order of arrival, with whether it matches.
    pub fn each(self, mut visit: impl FnMut(&'v C, bool)) {
        for (segment, block) in blocks(self.view) {
            let Some(rows) = C::of(&block.rows) else {
                continue;
            };
            if !self.reaches(block) {
                rows.iter().for_each(|row| visit(row, false));
                continue;
            }
            match self.text {
                None => {
                    for (number, row) in rows.iter().enumerate() {
                        visit(row, self.admits(block, number, row));
                    }
                }
                Some(text) => {
                    let hits = self.search((segment, block), rows, text);
                    let mut hits = hits.into_iter().peekable();
                    for (number, row) in (0..).zip(rows) {
                        visit(row, hits.next_if_eq(&number).is_some());
                    }
                }
            }
        }
    }

    /// Returns whether any row of the block may match.
    fn reaches(&self, block: &Block) -> bool {
        let (since, until) = self.predicate.period();
        let trace = self.predicate.trace().filter(|_| C::TRACED);
        trace.is_none_or(|trace| block.has_trace(&trace))
            && block.overlaps(since, until)
            && self
                .traces
                .is_none_or(|traces| block.traces().iter().any(traces))
    }

    fn admits(&self, block: &Block, number: usize, row: &C) -> bool {
        let sequence = block.header.first_sequence + number as u64;
        self.predicate
            .numbers()
            .is_none_or(|range| range.contains(&sequence))
            && row.admitted(self.predicate)
    }

    /// Returns the numbers of the rows that match and contain the text, sorted.
    fn search(
        &self,
        (segment, block): (&SegmentView, &Arc<Block>),
        rows: &[C],
        text: &dyn Text<C>,
    ) -> Vec<u32> {
        let (mut found, mut open) = (Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate() {
            if !self.admits(block, number, row) {
                continue;
            }
            // The frame header counts rows in 32 bits as well.
            let Ok(number) = u32::try_from(number) else {
                break;
            };
            if text.is_in_columns(row) {
                found.push(number);
            } else {
                open.push(number);
            }
        }
        if !open.is_empty() {
            let mut open = open.into_iter().peekable();
            let mut nth = 0;
            fetch::read(segment, block, |record| {
                while let Some(number) =
                    open.next_if(|number| rows[*number as usize].is_in(*number, nth, record))
                {
                    if text.is_in_record(record) {
                        found.push(number);
                    }
                }
                nth += 1;
            });
            found.sort_unstable();
        }
        found
    }
}

/// Iterates over the blocks of a view with their segments, oldest first.
fn blocks(view: &View) -> impl DoubleEndedIterator<Item = (&SegmentView, &Arc<Block>)> {
    view.segments
        .iter()
        .flat_map(|segment| segment.blocks.iter().map(move |block| (segment, block)))
}
