//! Queries over the store: traces, metrics and logs, each over one frozen view.
//!
//! A query reads columns, and records only for what it returns and for text search. Everything here
//! blocks: callers run it off the async threads.

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

/// Answers queries about one store.
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
