//! Queries: traces, metrics and logs, each over one frozen view of the store.
//!
//! A query reads columns, and records only for its result and for text search. Queries block:
//! callers run them outside of async threads.
//!
//! # Bounds
//! A result has at most `limit` records and about `bytes` bytes of [`Filter`]. If there are more, it is
//! marked `truncated` and has the cursor `next`. A value that is too large is cut; [`Query::value`] reads
//! all of it in pieces.

use glassbox_store::{SegmentStore, View};

mod cursor;
mod cut;
mod export;
mod filter;
mod fit;
mod logs;
mod metrics;
mod needle;
mod record;
mod render;
mod search;
mod traces;
mod value;

use std::sync::Arc;

pub(crate) use export::ExportPart;
pub(crate) use filter::Filter;
pub(crate) use fit::answer_bytes;
pub(crate) use needle::Needle;
pub(crate) use record::{VALUE_PATH, ValueRef};
pub(crate) use search::Search;
pub(crate) use value::Piece;

/// Runs queries on one store.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    store: Arc<SegmentStore>,
}

impl Query {
    pub(crate) fn new(store: Arc<SegmentStore>) -> Self {
        Self { store }
    }

    fn view(&self) -> View {
        self.store.view()
    }
}
