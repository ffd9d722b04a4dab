//! The filter of a query.

use glassbox_store::{Predicate, Text};

use super::cursor::Cursor;
use super::needle::Needle;
use super::search::Search;

/// The conditions of a query and the limit of its result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) predicate: Predicate,
    pub(crate) text: Option<Needle>,
    /// The search of runs.
    pub(crate) search: Search,
    /// Whether to list only runs of agents and workflows.
    pub(crate) agents_only: bool,
    /// Whether to list Glassbox's own traffic as well.
    pub(crate) internal: bool,
    /// Limit of records in the result.
    pub(crate) limit: usize,
    /// Limit of the result in bytes. It always has one record.
    pub(crate) bytes: usize,
    /// Where the previous part of the result ended.
    pub(crate) after: Option<Cursor>,
}

impl Filter {
    /// Returns the text search for the columns `C`.
    pub(crate) fn text<C>(&self) -> Option<&dyn Text<C>>
    where
        Needle: Text<C>,
    {
        self.text.as_ref().map(|needle| needle as &dyn Text<C>)
    }
}
