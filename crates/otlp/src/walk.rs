//! Recognising a sound protobuf request without decoding it.
//!
//! Decoding a span costs some thirty allocations, and a store that keeps the bytes needs none of
//! them. The walk reads every field once, in place, and applies the same rules as the decoder and
//! the checks of single records: UTF-8, wire types, lengths, depth, ids, names. It knows
//! one answer only, "all of this is sound"; whatever it is not sure of is decoded, and it is the
//! decoder that finds the words for what is wrong. So the walk may be stricter than the decoder,
//! but never more lenient.

mod shapes;

use crate::Signal;
use crate::wire::{Fields, Value, varint};
use shapes::{Kind, Role, Shape};

/// Messages below the outermost one that the walk goes into, one less than the decoder does.
const DEPTH: u32 = 99;

/// What a walk over a sound request has counted.
///
/// What decoding the request would cost in memory is to be counted here as well, so that it is
/// known before anything is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Spans, data points or log records.
    pub(crate) records: u64,
}

/// Returns what the bytes hold if they are a request of which every record is sound.
pub(crate) fn census(signal: Signal, bytes: &[u8]) -> Option<Census> {
    let mut census = Census::default();
    walk(shapes::request(signal), bytes, DEPTH, &mut census)?;
    Some(census)
}

/// What the rules need to know of the fields of one message. Of a field that occurs several times
/// the last one counts, as it does in protobuf.
#[derive(Default)]
struct Facts {
    ids: [Id; 3],
    named: bool,
    data: u32,
}

#[derive(Clone, Copy, Default)]
struct Id {
    length: usize,
    zero: bool,
}

impl Id {
    const fn required(self, length: usize) -> bool {
        self.length == length && !self.zero
    }

    const fn optional(self, length: usize) -> bool {
        self.length == 0 || self.length == length
    }
}

fn walk(shape: &Shape, bytes: &[u8], depth: u32, census: &mut Census) -> Option<()> {
    let mut facts = Facts::default();
    for field in Fields::new(bytes) {
        let field = field.ok()?;
        let kind = shape.fields.get(field.number as usize);
        let kind = kind.unwrap_or(&Kind::Unknown);
        match (field.value, kind) {
            (Value::Varint(_), Kind::Varint | Kind::Varints | Kind::Unknown)
            | (Value::Fixed64(_), Kind::Fixed64 | Kind::List | Kind::Unknown)
            | (Value::Fixed32(_), Kind::Fixed32 | Kind::Unknown) => {}
            (Value::Bytes(value), kind) => delimited(kind, value, depth, &mut facts, census)?,
            // A wire type that the field does not have.
            _ => return None,
        }
    }
    sound(shape.role, &facts, census).then_some(())
}

fn delimited(
    kind: &Kind,
    mut value: &[u8],
    depth: u32,
    facts: &mut Facts,
    census: &mut Census,
) -> Option<()> {
    match kind {
        Kind::Unknown | Kind::Blob => {}
        Kind::Text => {
            std::str::from_utf8(value).ok()?;
        }
        Kind::Name => {
            std::str::from_utf8(value).ok()?;
            facts.named = !value.is_empty();
        }
        Kind::Id(slot) => {
            let zero = value.iter().all(|byte| *byte == 0);
            facts.ids[*slot] = Id {
                length: value.len(),
                zero,
            };
        }
        Kind::List => {
            if !value.len().is_multiple_of(8) {
                return None;
            }
        }
        Kind::Varints => {
            while !value.is_empty() {
                varint(&mut value).ok()?;
            }
        }
        Kind::Message(shape) => walk(shape(), value, depth.checked_sub(1)?, census)?,
        Kind::Data(shape) => {
            facts.data += 1;
            walk(shape(), value, depth.checked_sub(1)?, census)?;
        }
        Kind::Varint | Kind::Fixed32 | Kind::Fixed64 => return None,
    }
    Some(())
}

/// The rules of the checks of single records, and the count of those.
fn sound(role: Role, facts: &Facts, census: &mut Census) -> bool {
    let [first, second, third] = facts.ids;
    match role {
        Role::Plain => true,
        Role::Span => {
            census.records += 1;
            first.required(16) && second.required(8) && third.optional(8)
        }
        Role::LogRecord => {
            census.records += 1;
            first.optional(16) && second.optional(8)
        }
        Role::Reference => first.optional(16) && second.optional(8),
        // With two kinds of data the later one would replace the points counted so far.
        Role::Metric => facts.named && facts.data <= 1,
        Role::Point => {
            census.records += 1;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::census;
    use crate::{Request, Signal};

    #[test]
    fn every_field_of_a_sound_document_is_recognised() {
        for (signal, document) in [
            (
                Signal::Traces,
                include_str!("../tests/it/documents/traces.json"),
            ),
            (
                Signal::Metrics,
                include_str!("../tests/it/documents/metrics.json"),
            ),
            (
                Signal::Logs,
                include_str!("../tests/it/documents/logs.json"),
            ),
            (
                Signal::Logs,
                include_str!("../tests/it/documents/events.json"),
            ),
        ] {
            let request = Request::from_json(signal, document.as_bytes()).unwrap();
            let census = census(signal, &request.to_protobuf()).unwrap();
            assert_eq!(census.records, request.records(), "{signal}");
        }
    }

    #[test]
    fn unknown_fields_are_walked_over_and_groups_are_left_to_the_decoder() {
        let walk = |bytes: &[u8]| census(Signal::Traces, bytes).map(|census| census.records);
        assert_eq!(walk(&[]), Some(0));
        assert_eq!(walk(&[0x98, 0x06, 0x01]), Some(0), "field 99, a varint");
        assert_eq!(walk(&[0x9a, 0x06, 0x01, 0xff]), Some(0), "field 99, a byte");
        assert_eq!(walk(&[0x9b, 0x06, 0x9c, 0x06]), None, "field 99, a group");
        assert_eq!(walk(&[0x00, 0x00]), None, "field 0");
        assert_eq!(walk(&[0x08, 0x00]), None, "field 1 with another wire type");
        assert_eq!(walk(&[0x0a, 0x01]), None, "cut off");
    }
}
