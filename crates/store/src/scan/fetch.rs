//! Reads the records of chosen rows.

use std::sync::Arc;

use glassbox_otlp::wire::{Record, records};

use super::{Columns, Hit};
use crate::segment::{Block, SegmentView};

/// Reads the records of `hits`, each block once, and hands each record over with the places in
/// `hits` of the rows that lie in it.
///
/// Records come in the order of the store, whatever the order of `hits`. A block that cannot be
/// read is left out, and the log says so.
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

/// Reads a block and visits its records; one that cannot be read is left out of the answer.
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
        tracing::warn!(%path, offset = block.offset, error, "a stored block is left out of an answer");
    }
}
