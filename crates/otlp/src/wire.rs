//! Walks over protobuf bytes: reads fields in place, without building messages.
//!
//! [`Fields`] iterates over the fields of one message. [`records`] visits the spans, log records or
//! metrics of an export request with the resource and the scope that they belong to. Decoding whole
//! messages instead costs about ten times as much.
//!
//! ```
//! use glassbox_otlp::wire::{Fields, Malformed, Value};
//!
//! # fn main() -> Result<(), Malformed> {
//! // Field 1, a varint; field 2, two bytes.
//! let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i'];
//! let fields = Fields::new(&message).collect::<Result<Vec<_>, _>>()?;
//! assert_eq!((fields[0].number, fields[0].value), (1, Value::Varint(150)));
//! assert_eq!((fields[1].number, fields[1].value.bytes()), (2, &b"hi"[..]));
//! # Ok(())
//! # }
//! ```

use thiserror::Error;

/// The bytes are not a protobuf message, or hold a group, which OTLP does not use.
///
/// Visitors return it as well, so it has no fields and will not get any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the message is not valid protobuf")]
pub struct Malformed;

/// The value of a field as it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An integer, a boolean or an enum.
    Varint(u64),
    /// Eight bytes: a `fixed64`, `sfixed64` or `double`.
    Fixed64(u64),
    /// Four bytes: a `fixed32`, `sfixed32` or `float`.
    Fixed32(u32),
    /// Length-delimited: a string, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Returns the number; zero for a length-delimited value.
    #[inline]
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Value::Varint(number) | Value::Fixed64(number) => number,
            Value::Fixed32(number) => u64::from(number),
            Value::Bytes(_) => 0,
        }
    }

    /// Returns the bytes; none for a number.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => &[],
        }
    }
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The field's number, never zero.
    pub number: u32,
    /// Its value.
    pub value: Value<'a>,
    /// The position after the field in the message: a length-delimited value starts at
    /// `end - value.bytes().len()`.
    pub end: usize,
}

/// Iterates over the fields of one message.
///
/// After the first error there is no further item.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Fields<'a> {
    /// Iterates over the fields of `message`.
    #[inline]
    #[must_use]
    pub fn new(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            len: message.len(),
        }
    }

    #[inline]
    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let rest = &mut self.rest;
        let key = u32::try_from(varint(rest)?).map_err(|_| Malformed)?;
        let number = key >> 3;
        if number == 0 {
            return Err(Malformed);
        }
        let value = match key & 7 {
            0 => Value::Varint(varint(rest)?),
            1 => Value::Fixed64(u64::from_le_bytes(array(rest)?)),
            2 => {
                let len = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
                Value::Bytes(take(rest, len)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(array(rest)?)),
            _ => return Err(Malformed),
        };
        Ok(Field {
            number,
            value,
            end: self.len - self.rest.len(),
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Reads a number of at most 64 bits off the front of `bytes`.
///
/// # Errors
/// Fails when the bytes end within the number, or when it has more than 64 bits.
#[inline]
pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            // Only one bit of the tenth byte fits.
            return if shift < 63 || *byte < 2 {
                Ok(number)
            } else {
                Err(Malformed)
            };
        }
    }
    Err(Malformed)
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = bytes.split_at_checked(len).ok_or(Malformed)?;
    *bytes = rest;
    Ok(taken)
}

#[inline]
fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
    *bytes = rest;
    Ok(*taken)
}

/// One span, log record or metric of an export request, with its resource and scope.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Record<'a> {
    /// The encoded `Resource`; empty if there is none.
    pub resource: &'a [u8],
    /// The encoded `InstrumentationScope`; empty if there is none.
    pub scope: &'a [u8],
    /// The schema URL of the resource; empty if there is none.
    pub resource_schema_url: &'a [u8],
    /// The schema URL of the scope and its records; empty if there is none.
    pub schema_url: &'a [u8],
    /// The encoded `Span`, `LogRecord` or `Metric`.
    pub body: &'a [u8],
    /// Where `body` starts in the request.
    pub offset: u32,
}

/// Visits every record of an export request in the order of its bytes.
///
/// The three signals have one shape: request.1 → resource group (1 resource, 2 scope groups) →
/// scope group (1 scope, 2 records), so this works for all of them.
///
/// # Errors
/// Fails on malformed protobuf, on a request of 4 GiB or more, and when `visit` fails.
pub fn records<'a>(
    request: &'a [u8],
    mut visit: impl FnMut(Record<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for group in Fields::new(request) {
        let group = group?;
        let (1, Value::Bytes(group_bytes)) = (group.number, group.value) else {
            continue;
        };
        let group_start = group.end - group_bytes.len();
        let (resource, resource_schema_url) = head(group_bytes)?;
        for scope_group in Fields::new(group_bytes) {
            let scope_group = scope_group?;
            let (2, Value::Bytes(scope_bytes)) = (scope_group.number, scope_group.value) else {
                continue;
            };
            let scope_start = group_start + scope_group.end - scope_bytes.len();
            let (scope, schema_url) = head(scope_bytes)?;
            for record in Fields::new(scope_bytes) {
                let record = record?;
                let (2, Value::Bytes(body)) = (record.number, record.value) else {
                    continue;
                };
                let offset = scope_start + record.end - body.len();
                let offset = u32::try_from(offset).map_err(|_| Malformed)?;
                visit(Record {
                    resource,
                    scope,
                    resource_schema_url,
                    schema_url,
                    body,
                    offset,
                })?;
            }
        }
    }
    Ok(())
}

/// Finds the fields 1 (resource or scope) and 3 (schema URL) of a group; they may follow the records.
fn head(group: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut first, mut schema_url): (Option<&[u8]>, &[u8]) = (None, &[]);
    for field in Fields::new(group) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(bytes)) => first = first.or(Some(bytes)),
            (3, Value::Bytes(bytes)) => schema_url = bytes,
            _ => {}
        }
    }
    Ok((first.unwrap_or_default(), schema_url))
}

/// Reads a `KeyValue`: its key and its encoded `AnyValue`.
///
/// # Errors
/// Fails on malformed protobuf.
#[inline]
pub fn key_value(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(bytes) {
        let field = field?;
        match field.number {
            1 => key = field.value.bytes(),
            2 => value = field.value.bytes(),
            _ => {}
        }
    }
    Ok((key, value))
}

/// Reads an `AnyValue` that holds a string; `None` for any other.
#[must_use]
pub fn string_value(bytes: &[u8]) -> Option<&str> {
    Fields::new(bytes).find_map(|field| match field {
        Ok(Field {
            number: 1,
            value: Value::Bytes(text),
            ..
        }) => std::str::from_utf8(text).ok(),
        _ => None,
    })
}

/// Reads an `AnyValue` that holds an integer; `None` for any other.
#[must_use]
pub fn int_value(bytes: &[u8]) -> Option<i64> {
    Fields::new(bytes).find_map(|field| match field {
        Ok(Field {
            number: 3,
            value: Value::Varint(number),
            ..
        }) => Some(number.cast_signed()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Malformed, varint};

    #[test]
    fn a_number_of_more_than_64_bits_is_malformed() {
        let mut largest: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&mut largest), Ok(u64::MAX));
        let mut larger: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(varint(&mut larger), Err(Malformed));
        let mut endless: &[u8] = &[0x80; 11];
        assert_eq!(varint(&mut endless), Err(Malformed));
        assert_eq!(varint(&mut &[0x80][..]), Err(Malformed));
    }
}
