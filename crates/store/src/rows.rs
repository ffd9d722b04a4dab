//! The rows of one block.

use crate::columns::{LogColumns, PointColumns, SpanColumns};

/// The rows of one block, in wire order.
#[derive(Debug)]
pub enum Rows {
    /// Of traces.
    Spans(Box<[SpanColumns]>),
    /// Of logs.
    Logs(Box<[LogColumns]>),
    /// Of metrics.
    Points(Box<[PointColumns]>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Spans(rows) => rows.len(),
            Rows::Logs(rows) => rows.len(),
            Rows::Points(rows) => rows.len(),
        }
    }

    /// Returns the earliest and the latest time; `(u64::MAX, 0)` of no rows.
    pub(crate) fn time_range(&self) -> (u64, u64) {
        fn range(times: impl Iterator<Item = (u64, u64)>) -> (u64, u64) {
            times.fold((u64::MAX, 0), |(low, high), (start, end)| {
                (low.min(start), high.max(end))
            })
        }
        match self {
            Rows::Spans(rows) => range(rows.iter().map(|row| (row.start, row.end.max(row.start)))),
            Rows::Logs(rows) => range(rows.iter().map(|row| (row.time, row.time))),
            Rows::Points(rows) => range(rows.iter().map(|row| (row.time, row.time))),
        }
    }
}
