//! The iterator over the matching rows of a scan.

use std::fmt;
use std::sync::Arc;
use std::vec;

use super::{Columns, Hit, Scan, blocks};
use crate::segment::{Block, SegmentView};

type Located<'v> = (&'v SegmentView, &'v Arc<Block>);

/// Iterates over the matching rows of a scan in the order of arrival.
///
/// # Bounds
/// A block is searched when the iterator reaches it, so blocks after the last yielded row are not
/// read.
pub struct Hits<'v, C> {
    scan: Scan<'v, C>,
    blocks: Box<dyn Iterator<Item = Located<'v>> + 'v>,
    current: Option<(Located<'v>, &'v [C], Candidates)>,
}

/// The rows of a block that are left.
enum Candidates {
    /// Rows from this number on, still to be checked.
    From(u32),
    /// Rows that are known to match.
    Found(vec::IntoIter<u32>),
}

impl<C> fmt::Debug for Hits<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hits")
            .field("scan", &self.scan)
            .finish_non_exhaustive()
    }
}

impl<'v, C: Columns> Hits<'v, C> {
    pub(super) fn new(scan: Scan<'v, C>) -> Self {
        let view = scan.view;
        let blocks: Box<dyn Iterator<Item = Located<'v>> + 'v> = match scan.predicate.numbers() {
            None => Box::new(blocks(view)),
            Some(range) => {
                // From the newest backwards, because a follower's range is at the end.
                let mut wanted: Vec<_> = blocks(view)
                    .rev()
                    .filter(|(_, block)| C::of(&block.rows).is_some())
                    .take_while(|(_, block)| block.end_sequence() > range.start)
                    .filter(|(_, block)| block.header.first_sequence < range.end)
                    .collect();
                wanted.reverse();
                Box::new(wanted.into_iter())
            }
        };
        Self {
            scan,
            blocks,
            current: None,
        }
    }

    fn begin(&self, located: Located<'v>) -> Option<(Located<'v>, &'v [C], Candidates)> {
        let (_, block) = located;
        let rows = C::of(&block.rows)?;
        if !self.scan.reaches(block) {
            return None;
        }
        let candidates = match self.scan.text {
            None => Candidates::From(0),
            Some(text) => Candidates::Found(self.scan.search(located, rows, text).into_iter()),
        };
        Some((located, rows, candidates))
    }
}

impl<'v, C: Columns> Iterator for Hits<'v, C> {
    type Item = Hit<'v, C>;

    fn next(&mut self) -> Option<Hit<'v, C>> {
        loop {
            let Some(((segment, block), rows, candidates)) = &mut self.current else {
                let next = self.blocks.next()?;
                self.current = self.begin(next);
                continue;
            };
            let (segment, block, rows) = (*segment, *block, *rows);
            let found = match candidates {
                Candidates::Found(numbers) => numbers.next(),
                Candidates::From(from) => {
                    let mut wanted = None;
                    while let Some(row) = rows.get(*from as usize) {
                        let number = *from;
                        *from += 1;
                        if self.scan.admits(block, number as usize, row) {
                            wanted = Some(number);
                            break;
                        }
                    }
                    wanted
                }
            };
            match found {
                Some(number) => {
                    return Some(Hit {
                        segment,
                        block,
                        columns: &rows[number as usize],
                        number,
                    });
                }
                None => self.current = None,
            }
        }
    }
}
