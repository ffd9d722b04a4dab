//! Bound instruments, by label values.

use super::handle::Bound;
use glassbox_core::telemetry::Value;
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// More than one, so that threads with different label values rarely wait for each other.
const SHARDS: usize = 8;

/// An owned label value.
#[derive(Clone, Debug)]
pub(super) enum Owned {
    Absent,
    Str(Box<str>),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A list or bytes, as text: no convention has such a label.
    Other(Box<str>),
}

pub(super) type Values = Box<[Owned]>;

type Shard = RwLock<HashMap<u64, Vec<(Values, Bound)>>>;

/// Bound instruments, by label values.
///
/// # Bounds
/// Keeps at most `limit` combinations. Others are bound for a single call. The SDK, which has the same
/// limit for the whole stream, counts them in the overflow series.
pub(super) struct Series {
    shards: [Shard; SHARDS],
    hashes: RandomState,
    kept: AtomicUsize,
    limit: usize,
}

impl Series {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            shards: Default::default(),
            hashes: RandomState::new(),
            kept: AtomicUsize::new(0),
            limit,
        }
    }

    /// Calls `then` with the instrument that is bound to the values; binds it first if necessary.
    pub(super) fn with(
        &self,
        values: &[Value<'_>],
        bind: impl FnOnce() -> Bound,
        then: impl FnOnce(&Bound),
    ) {
        let hash = self.hash(values);
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        {
            let seen = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(bound) = find(seen.get(&hash), values) {
                return then(bound);
            }
        }
        // Bound without the lock: creating an instrument can wait for a collection, and a callback of
        // that collection may call this.
        let bound = bind();
        then(&bound);
        // Nothing is kept past the limit, not even an empty bucket.
        if self.kept.load(Relaxed) >= self.limit {
            return;
        }
        let mut seen = shard.write().unwrap_or_else(PoisonError::into_inner);
        if find(seen.get(&hash), values).is_none() && self.reserve() {
            seen.entry(hash).or_default().push((own(values), bound));
        }
    }

    /// Reserves a place; `false` at the limit. The shards share the limit, so this is one step.
    fn reserve(&self) -> bool {
        let below = |kept| (kept < self.limit).then_some(kept + 1);
        self.kept.fetch_update(Relaxed, Relaxed, below).is_ok()
    }

    fn hash(&self, values: &[Value<'_>]) -> u64 {
        let mut hasher = self.hashes.build_hasher();
        for value in values {
            match value {
                Value::Str(text) => text.hash(&mut hasher),
                Value::Static(text) => text.hash(&mut hasher),
                Value::Int(number) => number.hash(&mut hasher),
                Value::Float(number) => number.to_bits().hash(&mut hasher),
                Value::Bool(yes) => yes.hash(&mut hasher),
                Value::Absent => 0_u8.hash(&mut hasher),
                other => format!("{other:?}").hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

fn find<'a>(bucket: Option<&'a Vec<(Values, Bound)>>, values: &[Value<'_>]) -> Option<&'a Bound> {
    bucket?
        .iter()
        .find(|(kept, _)| {
            kept.len() == values.len()
                && kept.iter().zip(values).all(|(kept, value)| kept.is(value))
        })
        .map(|(_, bound)| bound)
}

pub(super) fn own(values: &[Value<'_>]) -> Values {
    values
        .iter()
        .map(|value| match value {
            Value::Absent => Owned::Absent,
            Value::Str(text) => Owned::Str((*text).into()),
            Value::Static(text) => Owned::Str((*text).into()),
            Value::Int(number) => Owned::Int(*number),
            Value::Float(number) => Owned::Float(*number),
            Value::Bool(yes) => Owned::Bool(*yes),
            other => Owned::Other(format!("{other:?}").into()),
        })
        .collect()
}

impl Owned {
    pub(super) fn borrow(&self) -> Value<'_> {
        match self {
            Self::Absent => Value::Absent,
            Self::Str(text) | Self::Other(text) => Value::Str(text),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Bool(yes) => Value::Bool(*yes),
        }
    }

    fn is(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Str(kept), Value::Str(text)) => **kept == **text,
            (Self::Str(kept), Value::Static(text)) => **kept == **text,
            (Self::Int(kept), Value::Int(number)) => kept == number,
            (Self::Bool(kept), Value::Bool(yes)) => kept == yes,
            (Self::Absent, Value::Absent) => true,
            // By bits, so that NaN equals itself.
            (Self::Float(kept), Value::Float(number)) => kept.to_bits() == number.to_bits(),
            (Self::Other(kept), other) if other.as_str().is_none() => {
                **kept == *format!("{other:?}")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_past_the_limit() {
        const LIMIT: usize = 20;
        let series = Series::new(LIMIT);
        let (mut bound, mut used) = (0, 0);
        for round in 0..2 {
            for n in 0..10_000 {
                let user = format!("user-{n}");
                let bind = || {
                    bound += 1;
                    Bound::Silent
                };
                series.with(&[Value::Str(&user)], bind, |_| used += 1);
            }
            assert_eq!(used, 10_000 * (round + 1));
        }
        // Those that are kept are bound once.
        assert_eq!(bound, 20_000 - LIMIT);
        let shards = series.shards.iter().map(|shard| shard.read().unwrap());
        let (mut buckets, mut combinations) = (0, 0);
        for shard in shards {
            buckets += shard.len();
            combinations += shard.values().map(Vec::len).sum::<usize>();
        }
        assert_eq!(combinations, LIMIT);
        assert!(buckets <= LIMIT, "{buckets}");
    }

    #[test]
    fn threads_together_keep_no_more_than_the_limit() {
        let series = Series::new(20);
        std::thread::scope(|scope| {
            for thread in 0..4_i64 {
                let series = &series;
                scope.spawn(move || {
                    for n in 0..1000_i64 {
                        series.with(&[Value::Int(thread * 1000 + n)], || Bound::Silent, |_| {});
                    }
                });
            }
        });
        let shards = series.shards.iter().map(|shard| shard.read().unwrap());
        let kept: usize = shards
            .map(|shard| shard.values().map(Vec::len).sum::<usize>())
            .sum();
        assert_eq!(kept, 20);
    }
}
