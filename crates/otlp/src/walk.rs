//! Checks a protobuf request and computes what decoding it would cost, without decoding it.
//!
//! Decoding a span takes about thirty allocations, and a store that keeps the bytes needs none of them. The
//! walk reads every field once, in place, and applies the rules of the decoder and of the checks of single
//! records: UTF-8, wire types, lengths, depth, ids, names. It may be stricter than the decoder, but never
//! more lenient. It adds up the size of every struct, list and string that the decoder would allocate, and
//! stops at a limit, so that the cost of a request is known before anything is built.

mod shapes;

use crate::Signal;
use crate::cost::{growth, heap};
use crate::wire::{Fields, Value, varint};

pub(crate) use shapes::{Kind, OLD_SCOPES, Role, Shape, request as shape};

/// How many levels of messages below the outermost one the walk enters, one less than the decoder does.
pub(crate) const DEPTH: u32 = 99;

/// What a walk has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    /// Spans, data points or log records, unless `sound` is false.
    pub(crate) records: u64,
    /// Bytes that the decoded message occupies.
    pub(crate) cost: u64,
    /// Whether the message can be used as it is: all text is UTF-8, every record is valid, and no
    /// field of an older protocol is in use.
    pub(crate) sound: bool,
    /// The number of the first unknown field of a request or of a group of records.
    pub(crate) unknown: Option<u32>,
}

/// Why a walk stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The message cannot be decoded.
    Malformed(Flaw),
    /// The cost is above the limit.
    Costly,
}

/// Why a message cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("field {0} has the wrong wire type")]
    WireType(u32),
    #[error("field {0} is not valid protobuf")]
    Value(u32),
    #[error("it is cut off, is not protobuf, or has a group, which OTLP does not use")]
    Field,
    #[error("it is nested deeper than 100 messages")]
    Depth,
}

/// Walks over a request, up to a cost of `limit`.
pub(crate) fn census(signal: Signal, bytes: &[u8], limit: u64) -> Result<Census, Stop> {
    walk(shapes::request(signal), bytes, DEPTH, limit)
}

/// Walks over one message below a request, up to a cost of `limit`.
pub(crate) fn walk(shape: &Shape, bytes: &[u8], depth: u32, limit: u64) -> Result<Census, Stop> {
    let census = Census {
        records: 0,
        cost: shape.size as u64,
        sound: true,
        unknown: None,
    };
    let mut walk = Walk { census, limit };
    walk.message(shape, bytes, depth)?;
    Ok(walk.census)
}

/// The facts about the fields of one message that the rules need. If a field occurs several times, the last
/// one counts, as in protobuf.
#[derive(Default)]
struct Facts {
    ids: [Id; 3],
    named: bool,
    data: u32,
    /// Elements so far, by the number of the repeated field.
    elements: [usize; 17],
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

struct Walk {
    census: Census,
    limit: u64,
}

impl Walk {
    fn message(&mut self, shape: &Shape, bytes: &[u8], depth: u32) -> Result<(), Stop> {
        let mut facts = Facts::default();
        for field in Fields::new(bytes) {
            let field = field.map_err(|_| Stop::Malformed(Flaw::Field))?;
            let kind = shape.kind(field.number);
            match (field.value, kind) {
                (_, Kind::Unknown) => {
                    if matches!(shape.role, Role::Group | Role::ResourceGroup) {
                        self.census.unknown.get_or_insert(field.number);
                    }
                }
                (_, Kind::OldData) => self.census.sound = false,
                (Value::Varint(_), Kind::Varint)
                | (Value::Fixed64(_), Kind::Fixed64)
                | (Value::Fixed32(_), Kind::Fixed32) => {}
                (Value::Varint(_), Kind::Varints) | (Value::Fixed64(_), Kind::List) => {
                    self.elements(&mut facts, field.number, 1, 8)?;
                }
                (Value::Bytes(value), kind) => {
                    self.delimited(kind, field.number, value, depth, &mut facts)?;
                }
                _ => return Err(Stop::Malformed(Flaw::WireType(field.number))),
            }
            if field.number == OLD_SCOPES && shape.role == Role::ResourceGroup {
                self.census.sound = false;
            }
        }
        self.census.sound &= self.valid(shape.role, &facts);
        Ok(())
    }

    fn delimited(
        &mut self,
        kind: &Kind,
        number: u32,
        mut value: &[u8],
        depth: u32,
        facts: &mut Facts,
    ) -> Result<(), Stop> {
        match kind {
            Kind::Unknown | Kind::OldData => {}
            Kind::Blob => self.charge(heap(value.len()))?,
            Kind::Text => self.text(value)?,
            Kind::Texts => {
                self.elements(facts, number, 1, size_of::<String>())?;
                self.text(value)?;
            }
            Kind::Name => {
                self.text(value)?;
                facts.named = !value.is_empty();
            }
            Kind::Id(slot) => {
                self.charge(heap(value.len()))?;
                let zero = value.iter().all(|byte| *byte == 0);
                facts.ids[*slot] = Id {
                    length: value.len(),
                    zero,
                };
            }
            Kind::List => {
                if !value.len().is_multiple_of(8) {
                    return Err(Stop::Malformed(Flaw::Value(number)));
                }
                self.elements(facts, number, value.len() / 8, 8)?;
            }
            Kind::Varints => {
                while !value.is_empty() {
                    varint(&mut value).map_err(|_| Stop::Malformed(Flaw::Value(number)))?;
                    self.elements(facts, number, 1, 8)?;
                }
            }
            Kind::Message(shape) => self.below(shape(), value, depth)?,
            Kind::Messages(shape) => {
                let shape = shape();
                self.elements(facts, number, 1, shape.size)?;
                match self.below(shape, value, depth) {
                    // The rest of the request does not depend on this record.
                    Err(Stop::Malformed(_)) if shape.role.is_record() => self.census.sound = false,
                    result => result?,
                }
            }
            Kind::Data(shape) => {
                facts.data += 1;
                self.below(shape(), value, depth)?;
            }
            Kind::Varint | Kind::Fixed32 | Kind::Fixed64 => {
                return Err(Stop::Malformed(Flaw::WireType(number)));
            }
        }
        Ok(())
    }

    fn below(&mut self, shape: &Shape, bytes: &[u8], depth: u32) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::Malformed(Flaw::Depth))?;
        self.message(shape, bytes, depth)
    }

    fn text(&mut self, value: &[u8]) -> Result<(), Stop> {
        let valid = std::str::from_utf8(value).is_ok();
        self.census.sound &= valid;
        // Each byte may become a replacement character, which takes three.
        self.charge(heap(value.len() * if valid { 1 } else { 3 }))
    }

    fn elements(
        &mut self,
        facts: &mut Facts,
        number: u32,
        more: usize,
        size: usize,
    ) -> Result<(), Stop> {
        // The only field beyond the table is another number of field 2.
        let number = if number == OLD_SCOPES { 2 } else { number };
        let len = &mut facts.elements[number as usize];
        let cost = growth(*len, more, size);
        *len += more;
        self.charge(cost)
    }

    fn charge(&mut self, cost: u64) -> Result<(), Stop> {
        self.census.cost = self.census.cost.saturating_add(cost);
        if self.census.cost > self.limit {
            return Err(Stop::Costly);
        }
        Ok(())
    }

    /// Applies the checks of single records, and counts the records.
    fn valid(&mut self, role: Role, facts: &Facts) -> bool {
        let [first, second, third] = facts.ids;
        match role {
            Role::Plain | Role::Group | Role::ResourceGroup => true,
            Role::Span => {
                self.census.records += 1;
                first.required(16) && second.required(8) && third.optional(8)
            }
            Role::LogRecord => {
                self.census.records += 1;
                first.optional(16) && second.optional(8)
            }
            Role::Reference => first.optional(16) && second.optional(8),
            // With two kinds of data the later one would replace the points counted so far.
            Role::Metric => facts.named && facts.data <= 1,
            Role::Point => {
                self.census.records += 1;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Census, Flaw, Stop, census};
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
            let census = census(signal, &request.to_protobuf(), u64::MAX).unwrap();
            assert!(census.sound, "{signal}");
            assert_eq!(census.records, request.records(), "{signal}");
        }
    }

    #[test]
    fn unknown_fields_are_walked_over_and_groups_are_malformed() {
        let walk = |bytes: &[u8]| census(Signal::Traces, bytes, u64::MAX);
        let unknown = |bytes: &[u8]| walk(bytes).map(|census: Census| census.unknown);
        assert_eq!(unknown(&[]), Ok(None));
        assert_eq!(
            unknown(&[0x98, 0x06, 0x01]),
            Ok(Some(99)),
            "field 99, a varint"
        );
        assert_eq!(
            unknown(&[0x9a, 0x06, 0x01, 0xff]),
            Ok(Some(99)),
            "field 99, a byte"
        );
        let malformed = |flaw| Err(Stop::Malformed(flaw));
        assert_eq!(
            walk(&[0x9b, 0x06, 0x9c, 0x06]),
            malformed(Flaw::Field),
            "a group"
        );
        assert_eq!(walk(&[0x00, 0x00]), malformed(Flaw::Field), "field 0");
        assert_eq!(walk(&[0x08, 0x00]), malformed(Flaw::WireType(1)));
        assert_eq!(walk(&[0x0a, 0x01]), malformed(Flaw::Field), "cut off");
    }
}
