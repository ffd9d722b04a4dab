//! Selects the traces of a list.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use glassbox_store::{SpanColumns, View};

use crate::query::filter::Filter;

/// The newest traces that satisfy a filter.
pub(super) struct Newest {
    /// How many satisfy it.
    pub(super) total: usize,
    /// How many of them come after the cursor of the filter.
    pub(super) older: usize,
    /// Newest first, up to the limit.
    pub(super) ids: Vec<[u8; 16]>,
}

/// Finds the newest traces that satisfy the filter.
pub(super) fn newest(view: &View, filter: &Filter) -> Newest {
    let mut starts: HashMap<[u8; 16], (u64, bool), ById> = HashMap::default();
    let spans = view.scan::<SpanColumns>(&filter.predicate);
    spans.containing(filter.text()).each(|span, matches| {
        let found = starts.entry(*span.trace_id()).or_insert((u64::MAX, false));
        found.0 = span.start().min(found.0);
        found.1 |= matches;
    });
    let mut found: Vec<_> = starts
        .into_iter()
        .filter(|(_, (_, matches))| *matches)
        .map(|(id, (start, _))| (Reverse(start), id))
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
        older,
        ids: found.into_iter().map(|(_, id)| id).collect(),
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
