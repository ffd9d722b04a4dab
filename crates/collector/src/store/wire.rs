//! Walks protobuf fields without building objects.
//!
//! The index needs a few fields of each record and where the record lies; decoding whole messages
//! for that costs ten times as much.

use thiserror::Error;

/// A protobuf message that cannot be walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the message is not valid protobuf")]
pub(crate) struct Malformed;

/// One field's value as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Returns the number, or zero for a field of another kind.
    pub(crate) fn number(self) -> u64 {
        match self {
            Value::Varint(number) | Value::Fixed64(number) => number,
            Value::Fixed32 | Value::Bytes(_) => 0,
        }
    }

    /// Returns the bytes, or nothing for a field of another kind.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32 => &[],
        }
    }
}

/// Iterates over the fields of one message: number, value, and where the value starts.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Value<'a>,
    /// Position behind the field, so that a length-delimited value starts at `end - len`.
    pub(crate) end: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.position).ok_or(Malformed)?;
            self.position += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let end = self.position.checked_add(len).ok_or(Malformed)?;
        let taken = self.bytes.get(self.position..end).ok_or(Malformed)?;
        self.position = end;
        Ok(taken)
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?.try_into().map_err(|_| Malformed)?;
                Value::Fixed64(u64::from_le_bytes(bytes))
            }
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            _ => return Err(Malformed),
        };
        Ok(Field {
            number,
            value,
            end: self.position,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.position = self.bytes.len();
        }
        Some(field)
    }
}

/// One span, log record or metric inside an export request, with what it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) resource: &'a [u8],
    pub(crate) scope: &'a [u8],
    pub(crate) body: &'a [u8],
    /// Where `body` starts in the request.
    pub(crate) offset: u32,
}

/// Visits every record of an export request in wire order.
///
/// The three signals share one shape: request.1 → resource group (1 resource, 2 scope groups) →
/// scope group (1 scope, 2 records), so one walk serves all.
pub(crate) fn records<'a>(
    request: &'a [u8],
    mut visit: impl FnMut(Record<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for group in Fields::new(request) {
        let group = group?;
        let (1, Value::Bytes(group_bytes)) = (group.number, group.value) else {
            continue;
        };
        let group_start = group.end - group_bytes.len();
        let resource = first_message(group_bytes)?;
        for scope_group in Fields::new(group_bytes) {
            let scope_group = scope_group?;
            let (2, Value::Bytes(scope_bytes)) = (scope_group.number, scope_group.value) else {
                continue;
            };
            let scope_start = group_start + scope_group.end - scope_bytes.len();
            let scope = first_message(scope_bytes)?;
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
                    body,
                    offset,
                })?;
            }
        }
    }
    Ok(())
}

/// Finds field 1 of a group: it may lie behind the records, so it is looked for first.
fn first_message(group: &[u8]) -> Result<&[u8], Malformed> {
    for field in Fields::new(group) {
        let field = field?;
        if let (1, Value::Bytes(bytes)) = (field.number, field.value) {
            return Ok(bytes);
        }
    }
    Ok(&[])
}

/// Reads a `KeyValue`: its key and the bytes of its `AnyValue`.
pub(crate) fn key_value(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
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

/// Reads an `AnyValue` that holds a string.
pub(crate) fn string_value(bytes: &[u8]) -> Option<&str> {
    Fields::new(bytes).find_map(|field| match field {
        Ok(Field {
            number: 1,
            value: Value::Bytes(text),
            ..
        }) => std::str::from_utf8(text).ok(),
        _ => None,
    })
}

/// Reads an `AnyValue` that holds an integer.
pub(crate) fn int_value(bytes: &[u8]) -> Option<u64> {
    Fields::new(bytes).find_map(|field| match field {
        Ok(Field {
            number: 3,
            value: Value::Varint(number),
            ..
        }) => Some(number),
        _ => None,
    })
}
