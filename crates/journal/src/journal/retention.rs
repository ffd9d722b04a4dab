//! Removes the oldest segments, as a whole, and reports them.

use super::{Inner, Journal, State};
use std::io;

/// A segment that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// The sequence of its first record.
    pub first: u64,
    /// The sequence after its last record.
    pub next: u64,
    /// Its bytes on disk.
    pub bytes: u64,
    /// Records of it that the slowest cursor had not passed, and so cannot read any more. 0 without cursors.
    pub unread: u64,
}

impl Journal {
    /// Removes the segments that every cursor has passed, and, with a `max_age`, those that are older.
    ///
    /// A segment is as old as its newest record. Without a cursor and without `max_age` nothing is removed.
    /// With [`WhenFull::Refuse`](crate::WhenFull::Refuse) a segment that a cursor has not passed stays,
    /// whatever its age.
    ///
    /// # Errors
    /// Fails if a segment cannot be removed.
    pub fn prune(&self) -> io::Result<Vec<Pruned>> {
        let inner = &*self.0;
        let mut state = inner.state();
        let may_drop = inner.options.when_full == crate::WhenFull::DropOldest;
        while let Some((first, _)) = state.sealed.first_key_value() {
            let first = *first;
            let is_read = !state.cursors.is_empty() && state.is_passed(first);
            let is_old = state.is_old(inner, first) && (may_drop || state.is_passed(first));
            if !is_read && !is_old {
                break;
            }
            state.drop_segment(inner, first, is_old && may_drop)?;
        }
        Ok(std::mem::take(&mut state.pruned))
    }
}

impl State {
    /// Returns the sequence after the last record of a sealed segment.
    fn next_of(&self, first: u64) -> u64 {
        let later = self
            .sealed
            .range(first + 1..)
            .next()
            .map(|(first, _)| *first);
        let active = || self.active.as_ref().map(|active| active.header.first);
        later.or_else(active).unwrap_or(self.next)
    }

    /// Returns whether no cursor needs the segment any more.
    pub(super) fn is_passed(&self, first: u64) -> bool {
        let next = self.next_of(first);
        self.cursors.values().all(|position| *position >= next)
    }

    /// Returns whether there are cursors and all of them have passed every record.
    pub(super) fn is_all_passed(&self) -> bool {
        let mut positions = self.cursors.values();
        !self.cursors.is_empty() && positions.all(|position| *position >= self.next)
    }

    fn is_old(&self, inner: &Inner, first: u64) -> bool {
        let Some(limit) = inner.options.max_age else {
            return false;
        };
        // Its newest record is at least as old as the next segment.
        let later = self
            .sealed
            .range(first + 1..)
            .next()
            .map(|(_, sealed)| sealed.header);
        let later = later.or_else(|| self.active.as_ref().map(|active| active.header));
        let age = later.map_or(0, |later| {
            inner.options.now().saturating_sub(later.created_unix_ms)
        });
        u128::from(age) > limit.as_millis()
    }

    /// Removes a sealed segment, and notes it.
    pub(super) fn drop_segment(
        &mut self,
        inner: &Inner,
        first: u64,
        over_cursors: bool,
    ) -> io::Result<()> {
        let next = self.next_of(first);
        super::ignore_missing(inner.folder.remove(&crate::segment::name(first)))?;
        inner.durability.removed(first);
        let Some(sealed) = self.sealed.remove(&first) else {
            return Ok(());
        };
        let slowest = self.cursors.values().copied().min();
        let unread = match slowest {
            Some(slowest) if over_cursors => next.saturating_sub(slowest.max(first)),
            _ => 0,
        };
        // Bounded: if the list is full, the segment is merged with the last entry.
        let is_full = self.pruned.len() >= 1024;
        match self.pruned.last_mut() {
            Some(last) if is_full => {
                last.next = next;
                last.bytes += sealed.len;
                last.unread += unread;
            }
            _ => self.pruned.push(Pruned {
                first,
                next,
                bytes: sealed.len,
                unread,
            }),
        }
        Ok(())
    }
}
