//! The replay of new streams: the newest stored records, within a limit.

use std::collections::{HashMap, VecDeque};

use glassbox_store::{Hit, LogColumns, View};

use super::group::{Member, visit};
use super::queue::Line;
use super::{LINES, REPLAY, Shared, Start, line};
use crate::clock;
use crate::query::Filter;

const HOUR: u64 = 3_600_000_000_000;

/// One pass over the store, from the newest record back, for all streams that joined before it.
#[derive(Debug)]
pub(super) struct Replay {
    shares: Vec<Share>,
    /// The first record after the replay.
    end: u64,
    /// Records from here on have been read.
    read: u64,
}

/// The replay of the streams with the same parameters and the same start.
#[derive(Debug)]
struct Share {
    filter: Filter,
    /// The first record.
    from: u64,
    /// The range in the wording of the API.
    range: String,
    /// Limit of its bytes.
    limit: usize,
    lines: VecDeque<Line>,
    bytes: usize,
    /// Whether there are older records than fit.
    is_cut: bool,
    /// How many records after the start are not stored anymore.
    evicted: u64,
    members: Vec<Member>,
}

impl Replay {
    pub(super) fn new(joining: Vec<Member>, end: u64) -> Self {
        let since = clock::unix_nanos().saturating_sub(HOUR);
        let mut shares: HashMap<(String, Start), Share> = HashMap::new();
        for member in joining {
            let key = (member.query.clone(), member.start);
            let share = shares
                .entry(key)
                .or_insert_with(|| Share::new(&member, since, end));
            share.members.push(member);
        }
        let mut shares: Vec<_> = shares.into_values().collect();
        let limit = REPLAY.min(LINES / 2 / shares.len().max(1));
        shares.iter_mut().for_each(|share| share.limit = limit);
        Self {
            shares,
            end,
            read: end,
        }
    }

    /// Returns the first record after the replay.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Reads one slice; returns whether the replay is complete.
    pub(super) fn step(&mut self, view: &View, shared: &Shared, slice: u64) -> bool {
        for share in &mut self.shares {
            share.members.retain(|member| !member.sender.is_closed());
        }
        self.shares.retain(|share| !share.members.is_empty());
        let first = view.first_sequence::<LogColumns>().unwrap_or(self.end);
        for share in &mut self.shares {
            share.evict(first.min(self.end));
        }
        let open = self.shares.iter().filter(|share| !share.is_cut);
        let Some(from) = open.map(|share| share.from.max(first)).min() else {
            return true;
        };
        if from >= self.read {
            return true;
        }
        let range = from.max(self.read.saturating_sub(slice))..self.read;
        self.read = range.start;
        let mut found: Vec<Newest> = self.shares.iter().map(Share::room).collect();
        let shares = &self.shares;
        let is_wanted = |hit: &Hit<'_, LogColumns>| shares.iter().any(|share| share.wants(hit));
        visit(view, range, is_wanted, |candidate| {
            for (share, found) in shares.iter().zip(&mut found) {
                if share.wants(candidate.hit) && candidate.satisfies(&share.filter) {
                    found.push(candidate.line(&shared.lines));
                }
            }
        });
        for (share, found) in self.shares.iter_mut().zip(found) {
            share.prepend(found);
        }
        false
    }

    /// Queues the replay of each stream and returns the streams.
    pub(super) fn deliver(self, shared: &Shared) -> impl Iterator<Item = Member> {
        self.shares.into_iter().flat_map(move |share| {
            let cut = share.lines.front().filter(|_| share.is_cut);
            let note = cut.and_then(|first| first.sequence).map(|first| {
                let query = share.members.first().map(|member| member.query.as_str());
                Line {
                    sequence: None,
                    text: line::truncated(&share.range, first, query.unwrap_or_default()),
                }
            });
            for member in &share.members {
                if share.evicted > 0 {
                    member.sender.miss(shared, share.evicted);
                }
                let lines = note.iter().chain(&share.lines).cloned();
                member.sender.replay(lines);
            }
            share.members
        })
    }
}

impl Share {
    fn new(member: &Member, since: u64, end: u64) -> Self {
        let mut filter = Filter::clone(&member.filter);
        let (from, range) = match member.start {
            Start::LastHour => {
                // Older records that arrived late are among those of the last hour.
                filter.predicate = filter.predicate.since(Some(since));
                (0, format!("since={since}"))
            }
            Start::After(last) => (
                last.saturating_add(1).min(end),
                format!("after_record={last}"),
            ),
        };
        Self {
            filter,
            from,
            range,
            limit: 0,
            lines: VecDeque::new(),
            bytes: 0,
            is_cut: false,
            evicted: 0,
            members: Vec::new(),
        }
    }

    /// Counts the records that a resumed stream has not received and retention has removed.
    fn evict(&mut self, first: u64) {
        let is_resumed = self
            .members
            .iter()
            .any(|member| member.start != Start::LastHour);
        if is_resumed && self.from < first {
            self.evicted += first - self.from;
            self.from = first;
        }
    }

    fn wants(&self, hit: &Hit<'_, LogColumns>) -> bool {
        !self.is_cut && hit.sequence() >= self.from && hit.satisfies(&self.filter.predicate)
    }

    /// Returns an empty result with the room that is left for the next slice.
    fn room(&self) -> Newest {
        Newest {
            room: self.limit - self.bytes,
            lines: VecDeque::new(),
            bytes: 0,
            is_cut: false,
        }
    }

    fn prepend(&mut self, mut found: Newest) {
        self.bytes += found.bytes;
        self.is_cut |= found.is_cut;
        found.lines.append(&mut self.lines);
        self.lines = found.lines;
    }
}

/// The newest lines of a slice that fit.
#[derive(Debug)]
struct Newest {
    room: usize,
    lines: VecDeque<Line>,
    bytes: usize,
    is_cut: bool,
}

impl Newest {
    fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.bytes > self.room {
            let Some(line) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= line.text.len();
            self.is_cut = true;
        }
    }
}
