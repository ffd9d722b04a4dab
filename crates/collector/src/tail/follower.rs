//! The only reader of the store for all streams.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use glassbox_store::{Hit, LogColumns, SegmentStore};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::group::{Group, Member, visit};
use super::replay::Replay;

/// How many records are read before checking for anything else.
const SLICE: u64 = 4096;

/// Serves the streams until `stop`.
pub(super) async fn follow(store: Arc<SegmentStore>, shared: Arc<Shared>, stop: CancellationToken) {
    let mut newest = store.follow_logs();
    let mut follower = Follower {
        position: *newest.borrow_and_update(),
        store,
        shared: Arc::clone(&shared),
        groups: HashMap::new(),
        replay: None,
    };
    loop {
        let step = spawn_blocking(move || {
            let has_more = follower.step();
            (follower, has_more)
        });
        let Ok((returned, has_more)) = step.await else {
            tracing::error!("the reader of the log streams panicked; they have ended");
            return;
        };
        follower = returned;
        if stop.is_cancelled() {
            return;
        }
        if has_more {
            continue;
        }
        tokio::select! {
            changed = newest.changed() => if changed.is_err() { return },
            () = shared.joined.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

struct Follower {
    store: Arc<SegmentStore>,
    shared: Arc<Shared>,
    /// The sequence number of the next record that live streams get.
    position: u64,
    groups: HashMap<String, Group>,
    replay: Option<Replay>,
}

impl Follower {
    /// Reads one slice; returns whether there is more to do.
    fn step(&mut self) -> bool {
        self.groups.retain(|_, group| group.prune());
        let newest = *self.store.follow_logs().borrow();
        if self.position < newest {
            let end = newest.min(self.position + SLICE);
            deliver(&self.store, &self.shared, &self.groups, self.position, end);
            self.position = end;
        }
        let is_behind = self.position < newest;
        if self.replay.is_none() {
            let joining = std::mem::take(&mut *self.shared.joining());
            if !joining.is_empty() {
                self.replay = Some(Replay::new(joining, self.position));
            }
        }
        let Some(replay) = &mut self.replay else {
            return is_behind;
        };
        if !replay.step(&self.store.view(), &self.shared, SLICE) {
            return true;
        }
        if let Some(replay) = self.replay.take() {
            self.go_live(replay);
        }
        true
    }

    /// Delivers a replay and what arrived since it began, and adds its streams to the live ones.
    fn go_live(&mut self, replay: Replay) {
        let mut groups = HashMap::new();
        let begun = replay.end();
        for member in replay.deliver(&self.shared) {
            add(&mut groups, member);
        }
        deliver(&self.store, &self.shared, &groups, begun, self.position);
        for (query, group) in groups {
            match self.groups.entry(query) {
                Entry::Occupied(mut known) => known.get_mut().members.extend(group.members),
                Entry::Vacant(free) => {
                    free.insert(group);
                }
            }
        }
    }
}

fn add(groups: &mut HashMap<String, Group>, member: Member) {
    let group = groups.entry(member.query).or_insert_with(|| Group {
        filter: member.filter,
        members: Vec::new(),
    });
    group.members.push(member.sender);
}

/// Queues the records from `from` up to `to` for the members of the groups that they match.
fn deliver(
    store: &SegmentStore,
    shared: &Shared,
    groups: &HashMap<String, Group>,
    from: u64,
    to: u64,
) {
    if groups.is_empty() || from >= to {
        return;
    }
    let view = store.view();
    let first = view.first_sequence::<LogColumns>().unwrap_or(to);
    let evicted = first.min(to).saturating_sub(from);
    if evicted > 0 {
        let members = groups.values().flat_map(|group| &group.members);
        members.for_each(|member| member.miss(shared, evicted));
    }
    let is_wanted = |hit: &Hit<'_, LogColumns>| {
        let mut filters = groups.values().map(|group| &group.filter);
        filters.any(|filter| hit.satisfies(&filter.predicate))
    };
    visit(&view, from..to, is_wanted, |candidate| {
        for group in groups.values() {
            if candidate.satisfies(&group.filter) {
                group.push(shared, &candidate.line(&shared.lines));
            }
        }
    });
}
