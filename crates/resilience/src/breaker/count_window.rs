//! The outcomes of the last calls, as bits on a ring.
//!
//! It is a true sliding window: a new outcome replaces the oldest, and the number of ones is updated by
//! the difference. Counters that are reset only by a change of state, as in some breakers, would need
//! ten thousand failures to detect a problem after ten thousand successes.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::tally::Tally;

/// The last calls, without a lock.
///
/// Every bit is written by an exchange, and the count is updated by the exchange's result. So the count
/// of ones matches the bits once all threads are done, regardless of their interleaving.
#[derive(Debug)]
pub(super) struct CountWindow {
    size: u64,
    cursor: AtomicU64,
    failed: Bits,
    slow: Bits,
}

#[derive(Debug)]
struct Bits {
    words: Box<[AtomicU64]>,
    /// Briefly negative when one thread subtracts a bit that another has not added yet.
    ones: AtomicI64,
}

impl CountWindow {
    pub(super) fn of(calls: u32) -> Self {
        Self {
            size: u64::from(calls),
            cursor: AtomicU64::new(0),
            failed: Bits::new(calls),
            slow: Bits::new(calls),
        }
    }

    #[inline]
    pub(super) fn add(&self, failed: bool, slow: bool) -> Tally {
        let before = self.cursor.fetch_add(1, Relaxed);
        let slot = before % self.size;
        Tally {
            calls: (before + 1).min(self.size),
            failed: self.failed.put(slot, failed),
            slow: self.slow.put(slot, slow),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        Tally {
            calls: self.cursor.load(Relaxed).min(self.size),
            failed: self.failed.ones(),
            slow: self.slow.ones(),
        }
    }

    pub(super) fn clear(&self) {
        self.cursor.store(0, Relaxed);
        self.failed.clear();
        self.slow.clear();
    }
}

impl Bits {
    fn new(size: u32) -> Self {
        let words = size.div_ceil(u64::BITS);
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            ones: AtomicI64::new(0),
        }
    }

    /// Replaces the oldest bit, and returns the number of ones.
    #[inline]
    fn put(&self, slot: u64, bit: bool) -> u64 {
        let mask = 1 << (slot % 64);
        let word = &self.words[usize::try_from(slot / 64).unwrap_or(0)];
        // A load is cheaper than an exchange, and nearly every bit is a zero that remains zero.
        let is_set = word.load(Relaxed) & mask != 0;
        if bit && !is_set {
            if word.fetch_or(mask, Relaxed) & mask == 0 {
                self.ones.fetch_add(1, Relaxed);
            }
        } else if !bit && is_set && word.fetch_and(!mask, Relaxed) & mask != 0 {
            self.ones.fetch_sub(1, Relaxed);
        }
        self.ones()
    }

    #[inline]
    fn ones(&self) -> u64 {
        u64::try_from(self.ones.load(Relaxed)).unwrap_or(0)
    }

    fn clear(&self) {
        for word in &self.words {
            let ones = word.swap(0, Relaxed).count_ones();
            self.ones.fetch_sub(i64::from(ones), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// The model keeps the last outcomes in a queue and counts them.
        #[test]
        fn the_window_holds_the_last_calls_and_nothing_else(
            size in 1..200_u32,
            outcomes in prop::collection::vec((any::<bool>(), any::<bool>()), 0..600),
        ) {
            let window = CountWindow::of(size);
            let mut model = VecDeque::new();
            for (failed, slow) in outcomes {
                model.push_back((failed, slow));
                if model.len() > size as usize {
                    model.pop_front();
                }
                let expected = Tally {
                    calls: model.len() as u64,
                    failed: model.iter().filter(|(failed, _)| *failed).count() as u64,
                    slow: model.iter().filter(|(_, slow)| *slow).count() as u64,
                };
                prop_assert_eq!(window.add(failed, slow), expected);
                prop_assert_eq!(window.tally(), expected);
            }
            window.clear();
            prop_assert_eq!(window.tally(), Tally::default());
        }
    }

    #[test]
    fn the_count_of_ones_is_that_of_the_bits_after_many_threads() {
        let window = CountWindow::of(100);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let window = &window;
                scope.spawn(move || {
                    for call in 0..20_000_u64 {
                        let noise = (call ^ thread).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61;
                        window.add(noise < 3, noise > 5);
                    }
                });
            }
        });
        for bits in [&window.failed, &window.slow] {
            let ones: u32 = bits
                .words
                .iter()
                .map(|word| word.load(Relaxed).count_ones())
                .sum();
            assert_eq!(bits.ones(), u64::from(ones));
        }
        assert_eq!(window.tally().calls, 100);
    }
}
