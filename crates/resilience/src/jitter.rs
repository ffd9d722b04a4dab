//! Randomness from a seed.

use std::time::Duration;

/// Random numbers from a seed that is passed in, so that a test can reproduce the delays.
///
/// SplitMix64 (Steele, Lea, Flood 2014): good enough to spread retries, unsuitable for secrets.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// Starts from a seed; two callers should not share a seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A uniformly distributed duration from zero to `limit`, both included.
    pub(crate) fn up_to(&mut self, limit: Duration) -> Duration {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        // The high half of a 128-bit product scales without a division.
        let scaled = (u128::from(self.next()) * (u128::from(limit) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_plays_the_same_delays_again() {
        let delays = |seed| {
            let mut jitter = Jitter::seeded(seed);
            [(); 4].map(|()| jitter.up_to(Duration::from_secs(1)))
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn delays_fill_the_range_and_stay_inside() {
        let mut jitter = Jitter::seeded(3);
        let limit = Duration::from_nanos(9);
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[jitter.up_to(limit).as_nanos() as usize] += 1;
        }
        assert!(
            seen.iter().all(|count| (800..1_200).contains(count)),
            "{seen:?}"
        );
        assert_eq!(jitter.up_to(Duration::ZERO), Duration::ZERO);
    }
}
