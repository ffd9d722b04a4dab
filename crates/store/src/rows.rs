//! The rows of one block.

use std::collections::HashSet;

use crate::columns::{LogColumns, PointColumns, SpanColumns};

/// Names longer than this count as memory of the block that has them.
const SHORT_NAME: usize = 64;

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

    /// Returns about how many bytes of memory the rows take.
    ///
    /// Short names are shared by many rows and not counted.
    pub(crate) fn memory(&self) -> u64 {
        fn long<'a>(names: impl Iterator<Item = &'a str>) -> u64 {
            let long: HashSet<&str> = names.filter(|name| name.len() > SHORT_NAME).collect();
            long.into_iter().map(|name| name.len() as u64).sum()
        }
        let (row, names) = match self {
            Rows::Spans(rows) => {
                let names = rows.iter().map(|row| &*row.name);
                let sources = rows.iter().flat_map(|row| row.source.texts());
                (size_of::<SpanColumns>(), long(names.chain(sources)))
            }
            Rows::Logs(rows) => {
                let sources = rows.iter().flat_map(|row| row.source.texts());
                (size_of::<LogColumns>(), long(sources))
            }
            Rows::Points(rows) => {
                let metrics = rows.iter().flat_map(|row| row.metric.texts());
                let sources = rows.iter().flat_map(|row| row.source.texts());
                (size_of::<PointColumns>(), long(metrics.chain(sources)))
            }
        };
        (row * self.len()) as u64 + names
    }

    /// Returns the earliest and the latest time; `(u64::MAX, 0)` if there are no rows.
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
