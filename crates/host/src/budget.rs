//! Bounds the memory of the bodies that are read and decoded at a time.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory of one decoded JSON value beside its text: a value, a key, the node of a map.
const PER_VALUE: usize = 64;

/// The memory of all bodies in progress. Cheap to clone.
///
/// A body is charged as it arrives: for its bytes, and for the memory of its decoded values. `[0,0,0,…]`
/// needs thirty times its bytes, a text needs its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

/// The memory of one body; dropping it returns the memory.
#[derive(Debug, Default)]
pub(crate) struct Charge(Option<OwnedSemaphorePermit>);

impl Budget {
    /// A budget for bodies of this many decoded bytes in all, or for one of the largest allowed size.
    pub(crate) fn new(bytes: usize, largest: usize) -> Self {
        let worst = largest.saturating_mul(1 + PER_VALUE);
        let permits = bytes.max(worst).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(permits)))
    }

    /// Charges a part of a body. Returns whether there was room.
    pub(crate) fn charge(&self, part: &[u8], charge: &mut Charge) -> bool {
        let Ok(cost) = u32::try_from(cost(part)) else {
            return false;
        };
        let Ok(permit) = Arc::clone(&self.0).try_acquire_many_owned(cost) else {
            return false;
        };
        match &mut charge.0 {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        true
    }
}

/// The maximum memory of JSON text once it is decoded.
pub(crate) fn cost(json: &[u8]) -> usize {
    let values = json.iter().filter(|byte| b",:[{".contains(byte)).count();
    json.len() + values * PER_VALUE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cost_more_than_text() {
        assert_eq!(cost(br#""a long text""#), 13);
        assert!(cost(b"[0,0,0]") > 3 * PER_VALUE);
    }

    #[test]
    fn what_is_charged_is_returned() {
        let budget = Budget::new(1000, 1);
        let mut first = Charge::default();
        assert!(budget.charge(&[b'x'; 600], &mut first));
        assert!(budget.charge(&[b'x'; 300], &mut first));
        assert!(!budget.charge(&[b'x'; 200], &mut Charge::default()));
        drop(first);
        assert!(budget.charge(&[b'x'; 1000], &mut Charge::default()));
    }

    #[test]
    fn one_body_of_the_allowed_size_always_fits() {
        let budget = Budget::new(1, 100);
        assert!(budget.charge(&[b','; 100], &mut Charge::default()));
    }
}
