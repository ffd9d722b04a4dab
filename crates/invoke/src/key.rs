//! The idempotency key of one call.

use glassbox_core::{Call, Capability, Cx, Effect};

/// The longest key that crosses a hop, in bytes once it is percent-encoded.
const LONGEST: usize = 255;

/// The key of a call under the caller's key, the same for all its attempts.
///
/// Without a caller's key, one is generated only if it makes an otherwise unsafe repetition safe: the
/// capability honours keys, and its effect is the only reason not to repeat it.
pub(crate) fn of_call(cx: &Cx, call: &Call, capability: &Capability) -> Option<String> {
    let key = match (cx.idempotency_key(), &call.id) {
        (Some(key), Some(id)) => format!("{key}/{id}"),
        (Some(key), None) => key.to_owned(),
        (None, _) => {
            let helps = capability.honours_idempotency_key && capability.effect == Effect::Mutating;
            return helps.then(|| format!("{:032x}", fastrand::u128(..)));
        }
    };
    Some(match encoded(&key) <= LONGEST {
        true => key,
        // Without the key on the next hop, a repetition could take effect twice.
        false => format!("{:032x}", digest(&key)),
    })
}

/// The maximum length of the key once it is percent-encoded.
fn encoded(key: &str) -> usize {
    let bytes = key.bytes();
    bytes
        .map(
            |byte| match byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                true => 1,
                false => 3,
            },
        )
        .sum()
}

/// FNV-1a with 128 bits: the same on every machine, so that a repeated call has the same key.
pub(crate) fn digest(text: &str) -> u128 {
    let bytes = text.bytes();
    bytes.fold(0x6c62272e07bb014262b821756295c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000000001000000000000000000013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn key(cx: &Cx, call: &Call, honours: bool) -> Option<String> {
        let capability = Capability::of::<(), ()>("book", "Books.");
        of_call(cx, call, &capability.with_honours_idempotency_key(honours))
    }

    #[test]
    fn a_key_is_made_of_the_callers_and_of_the_calls() {
        let cx = Cx::background().with_idempotency_key("order-7");
        let call = Call::new("book", Value::Null);
        assert_eq!(key(&cx, &call, false).unwrap(), "order-7");
        assert_eq!(key(&cx, &call.with_id("a"), false).unwrap(), "order-7/a");
    }

    #[test]
    fn a_key_is_made_up_only_where_it_makes_a_repetition_safe() {
        let (cx, call) = (Cx::background(), Call::new("book", Value::Null));
        assert_eq!(key(&cx, &call, false), None);
        let (one, two) = (key(&cx, &call, true), key(&cx, &call, true));
        assert!(one.is_some() && one != two);
    }

    #[test]
    fn a_key_that_is_too_long_for_a_hop_is_replaced_by_its_digest() {
        let long = Cx::background().with_idempotency_key("ø".repeat(60));
        let call = Call::new("book", Value::Null);
        let short = key(&long, &call, false).unwrap();
        assert_eq!(short.len(), 32);
        assert_eq!(key(&long, &call, false).unwrap(), short);
        assert_ne!(key(&long, &call.with_id("a"), false).unwrap(), short);
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(digest(""), 0x6c62272e07bb014262b821756295c58d);
        assert_eq!(digest("a"), 0xd228cb696f1a8caf78912b704e4a8964);
    }
}
