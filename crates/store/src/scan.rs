//! The way into what is stored: columns first, records only where an answer needs them.
//!
//! A [`Scan`] goes over the columns of one signal, oldest block first, and yields a [`Hit`] for each
//! row that a [`Predicate`] admits. Blocks that cannot hold one are skipped. A search for [`Text`]
//! reads the records of a block only where its columns leave the question open. [`fetch`] reads the
//! records of chosen hits, each block once.
//!
//! # Bounds
//! One block is read at a time; its decompressed size is that of one export request.

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

/// The columns of one signal. Not to be implemented outside of the store.
pub trait Columns: Sized + fmt::Debug + sealed::Row + 'static {}

impl Columns for SpanColumns {}
impl Columns for LogColumns {}
impl Columns for PointColumns {}

pub(crate) mod sealed {
    use super::{Predicate, Record, Rows};

    /// What the scan has to know of the rows of a signal.
    pub trait Row: Sized {
        /// Whether rows belong to traces, by which blocks are skipped.
        const TRACED: bool;

        fn of(rows: &Rows) -> Option<&[Self]>;

        fn admitted(&self, predicate: &Predicate) -> bool;

        /// Tells whether row `number` of its block lies in the record that is the `nth` of it.
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

    fn is_in(&self, _: u32, _: u32, record: &Record<'_>) -> bool {
        self.offset == record.offset
    }
}

/// A search for text, which may be in columns or in the rest of a record.
pub trait Text<C> {
    /// Returns whether the columns hold the text, so that the record need not be read.
    fn is_in_columns(&self, columns: &C) -> bool;

    /// Returns whether the record holds the text.
    fn is_in_record(&self, record: &Record<'_>) -> bool;
}

/// A set of traces.
type Traces<'v> = &'v dyn Fn(&[u8; 16]) -> bool;

/// A pass over the columns of one signal.
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

/// One row, and where its record lies.
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

    /// Returns the row's number among all rows of its signal ever stored.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.block.header.first_sequence + u64::from(self.number)
    }
}

impl Hit<'_, PointColumns> {
    /// Returns the place of the point among the points of its metric in its request.
    #[must_use]
    pub fn place(&self) -> usize {
        let Some(rows) = <PointColumns as sealed::Row>::of(&self.block.rows) else {
            return 0;
        };
        // The rows of one metric follow each other, as its points do.
        let first = rows.partition_point(|row| row.offset < self.columns.offset);
        self.number as usize - first
    }
}

impl View {
    /// Begins a pass over the columns of one signal.
    pub fn scan<'v, C: Columns>(&'v self, predicate: &'v Predicate) -> Scan<'v, C> {
        Scan {
            view: self,
            predicate,
            text: None,
            traces: None,
        }
    }

    /// Returns the number of the oldest row of the signal that is stored.
    #[must_use]
    pub fn first_sequence<C: Columns>(&self) -> Option<u64> {
        let mut blocks = blocks(self).filter(|(_, block)| C::of(&block.rows).is_some());
        blocks.next().map(|(_, block)| block.header.first_sequence)
    }

    /// Counts the traces that any stored span belongs to.
    #[must_use]
    pub fn count_traces(&self) -> usize {
        let blocks = blocks(self).filter(|(_, block)| matches!(block.rows, Rows::Spans(_)));
        let ids: std::collections::HashSet<&[u8; 16]> =
            blocks.flat_map(|(_, block)| block.traces()).collect();
        ids.len()
    }
}

impl<'v, C: Columns> Scan<'v, C> {
    /// Narrows the scan to rows that hold the text, in their columns or in their records.
    pub fn containing(mut self, text: Option<&'v dyn Text<C>>) -> Self {
        self.text = text;
        self
    }

    /// Skips blocks that hold none of the traces. A block that holds one yields its other rows as
    /// well.
    pub fn near_traces(mut self, traces: &'v dyn Fn(&[u8; 16]) -> bool) -> Self {
        self.traces = Some(traces);
        self
    }

    /// Iterates over the rows that the scan is narrowed to, in the order of arrival.
    pub fn hits(self) -> Hits<'v, C> {
        Hits::new(self)
    }

    /// Visits every row of the signal in the order of arrival, and tells of each whether the scan
    /// is narrowed to it.
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

    /// Returns whether any row of the block may be wanted.
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

    /// Returns the numbers of the rows that are wanted and hold the text, sorted.
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
            // As the header counts rows in 32 bits, so does this.
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
