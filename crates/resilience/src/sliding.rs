//! Counts over a sliding period of time.

use std::time::Duration;

/// The period is divided into this many buckets, and expires one bucket at a time.
const BUCKETS: usize = 10;

/// `K` counters over the last period of time, in steps of a tenth of it.
///
/// Reads and additions cost the same regardless of the counts: the totals are kept, and a bucket that
/// leaves the period is subtracted from them.
#[derive(Debug)]
pub(crate) struct Sliding<const K: usize> {
    step: u64,
    latest: u64,
    buckets: [[u64; K]; BUCKETS],
    totals: [u64; K],
}

impl<const K: usize> Sliding<K> {
    /// Counters over `span`, which must be at least ten nanoseconds.
    pub(crate) fn over(span: Duration) -> Self {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self {
            step: (span / BUCKETS as u64).max(1),
            latest: 0,
            buckets: [[0; K]; BUCKETS],
            totals: [0; K],
        }
    }

    /// Adds to the counters and returns their totals.
    pub(crate) fn add(&mut self, now: u64, counts: [u64; K]) -> [u64; K] {
        self.slide(now);
        let bucket = &mut self.buckets[index(self.latest)];
        for ((bucket, total), count) in bucket.iter_mut().zip(&mut self.totals).zip(counts) {
            *bucket += count;
            *total += count;
        }
        self.totals
    }

    /// The totals over the span that ends now.
    pub(crate) fn totals(&mut self, now: u64) -> [u64; K] {
        self.slide(now);
        self.totals
    }

    pub(crate) fn clear(&mut self) {
        self.buckets = [[0; K]; BUCKETS];
        self.totals = [0; K];
    }

    /// A time before the latest one, because another thread was faster, counts as the latest one.
    fn slide(&mut self, now: u64) {
        let step = now / self.step;
        if step <= self.latest {
            return;
        }
        if step - self.latest >= BUCKETS as u64 {
            self.clear();
        } else {
            for left in self.latest + 1..=step {
                let bucket = std::mem::replace(&mut self.buckets[index(left)], [0; K]);
                for (total, count) in self.totals.iter_mut().zip(bucket) {
                    *total -= count;
                }
            }
        }
        self.latest = step;
    }
}

fn index(step: u64) -> usize {
    usize::try_from(step % BUCKETS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPAN: Duration = Duration::from_secs(10);
    const STEP: u64 = 1_000_000_000;

    proptest! {
        /// The model keeps every count with its step and adds up the last ten steps.
        #[test]
        fn totals_are_those_of_the_last_ten_steps(
            calls in prop::collection::vec((0..3 * STEP, 0..5_u64, 0..5_u64), 1..200),
        ) {
            let mut sliding = Sliding::<2>::over(SPAN);
            let mut model: Vec<(u64, [u64; 2])> = Vec::new();
            let mut now = 0;
            for (later, first, second) in calls {
                now += later;
                model.push((now / STEP, [first, second]));
                let expected = model
                    .iter()
                    .filter(|(step, _)| step + 10 > now / STEP)
                    .fold([0, 0], |sum, (_, counts)| [sum[0] + counts[0], sum[1] + counts[1]]);
                prop_assert_eq!(sliding.add(now, [first, second]), expected);
                prop_assert_eq!(sliding.totals(now), expected);
            }
        }
    }

    #[test]
    fn a_long_silence_leaves_nothing() {
        let mut sliding = Sliding::<1>::over(SPAN);
        sliding.add(5, [3]);
        assert_eq!(sliding.totals(u64::MAX), [0]);
    }

    #[test]
    fn a_thread_that_is_late_counts_as_the_latest() {
        let mut sliding = Sliding::<1>::over(SPAN);
        sliding.add(9 * STEP, [1]);
        assert_eq!(sliding.add(0, [1]), [2]);
        assert_eq!(sliding.totals(18 * STEP), [2]);
        assert_eq!(sliding.totals(19 * STEP), [0]);
    }
}
