//! Queries: traces, metrics and logs, each over one frozen view of the store.
//!
//! A query reads columns, and records only for its result and for text search. Queries block:
//! callers run them outside of async threads.

use glassbox_store::{SegmentStore, View};

mod filter;
mod logs;
mod metrics;
mod needle;
mod record;
mod render;
mod traces;

use std::sync::Arc;

pub(crate) use filter::Filter;
pub(crate) use logs::{LogPage, PageRange};
pub(crate) use needle::Needle;

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
