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
use shapes::{Kind, Role, Shape};

/// Messages below the outermost one that the walk goes into, one less than the decoder does.
const DEPTH: u32 = 99;

/// Returns the number of records if the bytes are a request of which every record is sound.
pub(crate) fn sound_records(signal: Signal, bytes: &[u8]) -> Option<u64> {
    let mut records = 0;
    walk(shapes::request(signal), bytes, DEPTH, &mut records)?;
    Some(records)
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

fn walk(shape: &Shape, mut bytes: &[u8], depth: u32, records: &mut u64) -> Option<()> {
    let mut facts = Facts::default();
    while !bytes.is_empty() {
        let key = u32::try_from(varint(&mut bytes)?).ok()?;
        let number = key >> 3;
        if number == 0 {
            return None;
        }
        let kind = shape.fields.get(number as usize).unwrap_or(&Kind::Unknown);
        match (key & 7, kind) {
            (0, Kind::Varint | Kind::Varints | Kind::Unknown) => {
                varint(&mut bytes)?;
            }
            (1, Kind::Fixed64 | Kind::List | Kind::Unknown) => {
                take(&mut bytes, 8)?;
            }
            (5, Kind::Fixed32 | Kind::Unknown) => {
                take(&mut bytes, 4)?;
            }
            (2, kind) => {
                let length = varint(&mut bytes)?;
                let value = take(&mut bytes, usize::try_from(length).ok()?)?;
                delimited(kind, value, depth, &mut facts, records)?;
            }
            // A wire type that the field does not have, or a group.
            _ => return None,
        }
    }
    sound(shape.role, &facts, records).then_some(())
}

fn delimited(
    kind: &Kind,
    mut value: &[u8],
    depth: u32,
    facts: &mut Facts,
    records: &mut u64,
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
                varint(&mut value)?;
            }
        }
        Kind::Message(shape) => walk(shape(), value, depth.checked_sub(1)?, records)?,
        Kind::Data(shape) => {
            facts.data += 1;
            walk(shape(), value, depth.checked_sub(1)?, records)?;
        }
        Kind::Varint | Kind::Fixed32 | Kind::Fixed64 => return None,
    }
    Some(())
}

/// The rules of the checks of single records, and the count of those.
fn sound(role: Role, facts: &Facts, records: &mut u64) -> bool {
    let [first, second, third] = facts.ids;
    match role {
        Role::Plain => true,
        Role::Span => {
            *records += 1;
            first.required(16) && second.required(8) && third.optional(8)
        }
        Role::LogRecord => {
            *records += 1;
            first.optional(16) && second.optional(8)
        }
        Role::Reference => first.optional(16) && second.optional(8),
        // With two kinds of data the later one would replace the points counted so far.
        Role::Metric => facts.named && facts.data <= 1,
        Role::Point => {
            *records += 1;
            true
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Reads a number of at most 64 bits; a longer one is malformed.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            // Of the tenth byte there is room for one bit.
            return (shift < 63 || *byte < 2).then_some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{sound_records, varint};
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
            let records = sound_records(signal, &request.to_protobuf());
            assert_eq!(records, Some(request.records()), "{signal}");
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_malformed() {
        let mut largest: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&mut largest), Some(u64::MAX));
        let mut larger: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(varint(&mut larger), None);
        let mut endless: &[u8] = &[0x80; 11];
        assert_eq!(varint(&mut endless), None);
        assert_eq!(varint(&mut &[0x80][..]), None);
    }

    #[test]
    fn unknown_fields_are_walked_over_and_groups_are_left_to_the_decoder() {
        let walk = |bytes: &[u8]| sound_records(Signal::Traces, bytes);
        assert_eq!(walk(&[]), Some(0));
        assert_eq!(walk(&[0x98, 0x06, 0x01]), Some(0), "field 99, a varint");
        assert_eq!(walk(&[0x9a, 0x06, 0x01, 0xff]), Some(0), "field 99, a byte");
        assert_eq!(walk(&[0x9b, 0x06, 0x9c, 0x06]), None, "field 99, a group");
        assert_eq!(walk(&[0x00, 0x00]), None, "field 0");
        assert_eq!(walk(&[0x08, 0x00]), None, "field 1 with another wire type");
        assert_eq!(walk(&[0x0a, 0x01]), None, "cut off");
    }
}
