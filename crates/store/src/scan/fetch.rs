//! Reads the records of chosen rows.

use std::sync::Arc;

use glassbox_otlp::wire::{Record, records};

use super::{Columns, Hit};
use crate::segment::{Block, SegmentView};

/// Reads the records of `hits`, each block once, and calls `act` with each record and the indices in
/// `hits` of the rows in it.
///
/// Records are visited in the order of arrival, whatever the order of `hits`. A block that cannot be
/// read is skipped and logged.
pub fn fetch<C: Columns>(hits: &[Hit<'_, C>], mut act: impl FnMut(&Record<'_>, &[usize])) {
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_unstable_by_key(|at| {
        let hit = &hits[*at];
        (hit.segment.segment.id, hit.block.offset, hit.number)
    });
    for group in order.chunk_by(|a, b| Arc::ptr_eq(hits[*a].block, hits[*b].block)) {
        let first = &hits[group[0]];
        let (mut rest, mut nth) = (group, 0);
        read(first.segment, first.block, |record| {
            let here = rest
                .iter()
                .take_while(|at| {
                    let hit = &hits[**at];
                    hit.columns.is_in(hit.number, nth, record)
                })
                .count();
            if here > 0 {
                act(record, &rest[..here]);
                rest = &rest[here..];
            }
            nth += 1;
        });
    }
}

/// Reads a block and visits its records; if it cannot be read, logs that and visits none.
pub(super) fn read(segment: &SegmentView, block: &Block, mut visit: impl FnMut(&Record<'_>)) {
    let segment = &segment.segment;
    let result = match segment.read(block) {
        Ok(request) => records(&request, |record| {
            visit(&record);
            Ok(())
        })
        .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = result {
        let path = segment.path.display();
        tracing::warn!(
            file.path = %path,
            glassbox.store.offset = block.offset,
            exception.message = error,
            "a stored block cannot be read and is missing from a result"
        );
    }
}
