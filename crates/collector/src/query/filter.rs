//! What a query is narrowed to.

use glassbox_store::{Predicate, Text};

use super::needle::Needle;

/// What an answer is narrowed to, and how long it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) predicate: Predicate,
    pub(crate) text: Option<Needle>,
    /// How many records an answer returns at most.
    pub(crate) limit: usize,
}

impl Filter {
    /// Returns the text as a search of the columns `C` and their records.
    pub(super) fn text<C>(&self) -> Option<&dyn Text<C>>
    where
        Needle: Text<C>,
    {
        self.text.as_ref().map(|needle| needle as &dyn Text<C>)
    }
}
