//! Counts unreadable pieces.

use std::collections::BTreeMap;

/// How many pieces were skipped, by kind. There are few kinds.
#[derive(Debug, Default)]
pub(crate) struct Skipped(BTreeMap<&'static str, u64>);

impl Skipped {
    pub(crate) fn add(&mut self, kind: &'static str) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.0.iter();
        counts
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    }

    /// The kinds, for an error message.
    pub(crate) fn kinds(&self) -> String {
        self.0.keys().copied().collect::<Vec<_>>().join(", ")
    }
}
