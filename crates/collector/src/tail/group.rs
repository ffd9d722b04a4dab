//! Streams with the same parameters, which share the work.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use glassbox_otlp::wire::Record;
use glassbox_store::{Hit, LogColumns, Predicate, View, fetch};

use super::line::{self, Gauge};
use super::queue::{Line, Sender};
use super::{Shared, Start};
use crate::query::Filter;

/// One stream, as seen by the follower.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) filter: Arc<Filter>,
    /// The parameters, by which streams are grouped.
    pub(super) query: String,
    pub(super) start: Start,
    pub(super) sender: Sender,
}

/// The streams of one filter.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) filter: Arc<Filter>,
    pub(super) members: Vec<Sender>,
}

impl Group {
    /// Removes members whose client has disconnected; returns whether any is left.
    pub(super) fn prune(&mut self) -> bool {
        self.members.retain(|member| !member.is_closed());
        !self.members.is_empty()
    }

    pub(super) fn push(&self, shared: &Shared, line: &Line) {
        for member in &self.members {
            member.push(shared, line.clone());
        }
    }
}

/// One stored record, rendered when the first group needs it.
pub(super) struct Candidate<'a> {
    pub(super) hit: &'a Hit<'a, LogColumns>,
    record: &'a Record<'a>,
    text: OnceCell<Bytes>,
}

impl Candidate<'_> {
    /// Returns whether the record satisfies the filter.
    pub(super) fn satisfies(&self, filter: &Filter) -> bool {
        self.hit.satisfies(&filter.predicate)
            && filter.text::<LogColumns>().is_none_or(|text| {
                text.is_in_columns(self.hit.columns()) || text.is_in_record(self.record)
            })
    }

    /// Renders the record, once.
    pub(super) fn line(&self, gauge: &Gauge) -> Line {
        let sequence = self.hit.sequence();
        let text = self
            .text
            .get_or_init(|| line::log(gauge, sequence, self.record));
        Line {
            sequence: Some(sequence),
            text: text.clone(),
        }
    }
}

/// Reads the records with sequence numbers in `range` that `is_wanted` by their columns, in order of
/// arrival.
pub(super) fn visit(
    view: &View,
    range: Range<u64>,
    mut is_wanted: impl FnMut(&Hit<'_, LogColumns>) -> bool,
    mut act: impl FnMut(&Candidate<'_>),
) {
    let predicate = Predicate::default().sequences(range);
    let hits = view.scan::<LogColumns>(&predicate).hits();
    let hits: Vec<_> = hits.filter(|hit| is_wanted(hit)).collect();
    fetch(&hits, |record, places| {
        for place in places {
            act(&Candidate {
                hit: &hits[*place],
                record,
                text: OnceCell::new(),
            });
        }
    });
}
