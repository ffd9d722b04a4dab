//! Rebuilds a protobuf request without its invalid parts.
//!
//! Works on the encoded bytes: a valid record is copied as it is, and only a record that is not valid
//! is decoded, by itself. Text that is not UTF-8 is mended; a record that stays invalid is left out
//! and counted; the scopes of old protocols get their new field number.

use prost::encoding::{DecodeContext, WireType, decode_key, encode_key, encode_varint, skip_field};

use crate::Signal;
use crate::cost::{Meter, Overrun};
use crate::proto::Message;
use crate::proto::logs::v1::LogRecord;
use crate::proto::metrics::v1::Metric;
use crate::proto::trace::v1::Span;
use crate::rejections::Rejections;
use crate::validate::{self, Place};
use crate::walk::{DEPTH, Flaw, Kind, OLD_SCOPES, Role, Shape, Stop, shape, walk};
use crate::wire::{Field, Fields, Value};

/// Why a request could not be rebuilt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SiftError {
    Malformed(Flaw),
    Overrun(Overrun),
}

impl From<Overrun> for SiftError {
    fn from(overrun: Overrun) -> Self {
        Self::Overrun(overrun)
    }
}

/// The records of `request` that are valid, encoded, and how many there are.
///
/// The caller has walked over the request, so that everything outside of its records can be decoded.
pub(crate) fn sift(
    signal: Signal,
    request: &[u8],
    meter: &mut Meter<'_>,
    rejections: &mut Rejections,
) -> Result<(Vec<u8>, u64), SiftError> {
    let mut sift = Sift {
        signal,
        input: request.len() as u64,
        meter,
        rejections,
        out: Vec::new(),
        records: 0,
    };
    let mut resource = 0;
    for field in Raw::new(request) {
        let (field, raw) = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(group)) => {
                let start = sift.begin(1)?;
                sift.resource(resource, group)?;
                sift.end(start);
                resource += 1;
            }
            _ => sift.copy(raw)?,
        }
    }
    Ok((sift.out, sift.records))
}

/// Returns the request without its unknown groups, a deprecated encoding of fields; `None` if it has none,
/// or cannot be decoded at all.
pub(crate) fn without_groups(request: &[u8]) -> Option<Vec<u8>> {
    if Fields::new(request).all(|field| field.is_ok()) {
        return None;
    }
    let mut rest = request;
    let mut kept = Vec::with_capacity(request.len());
    while !rest.is_empty() {
        let field = rest;
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        skip_field(wire_type, number, &mut rest, DecodeContext::default()).ok()?;
        if wire_type != WireType::StartGroup {
            kept.extend_from_slice(&field[..field.len() - rest.len()]);
        }
    }
    Some(kept)
}

/// The fields of a message, each with its own bytes.
struct Raw<'a> {
    message: &'a [u8],
    fields: Fields<'a>,
    start: usize,
}

impl<'a> Raw<'a> {
    fn new(message: &'a [u8]) -> Self {
        Self {
            message,
            fields: Fields::new(message),
            start: 0,
        }
    }
}

impl<'a> Iterator for Raw<'a> {
    type Item = Result<(Field<'a>, &'a [u8]), SiftError>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = match self.fields.next()? {
            Ok(field) => field,
            Err(_) => return Some(Err(SiftError::Malformed(Flaw::Field))),
        };
        let start = std::mem::replace(&mut self.start, field.end);
        Some(Ok((field, &self.message[start..field.end])))
    }
}

/// Room for the length of a message that is not known before the message is written.
const LENGTH: usize = 5;

struct Sift<'a, 'm> {
    signal: Signal,
    input: u64,
    meter: &'a mut Meter<'m>,
    rejections: &'a mut Rejections,
    out: Vec<u8>,
    records: u64,
}

impl Sift<'_, '_> {
    fn resource(&mut self, resource: usize, group: &[u8]) -> Result<(), SiftError> {
        // During the transition, senders sent their scopes twice, under both numbers.
        let mut numbers = Fields::new(group).flatten().map(|field| field.number);
        let renamed = numbers.any(|number| number == 2);
        let mut scope = 0;
        for field in Raw::new(group) {
            let (field, raw) = field?;
            match (field.number, field.value) {
                (OLD_SCOPES, _) if renamed => {}
                (2 | OLD_SCOPES, Value::Bytes(group)) => {
                    let start = self.begin(2)?;
                    self.scope([resource, scope], group)?;
                    self.end(start);
                    scope += 1;
                }
                _ => {
                    let shape = self.shape(0);
                    self.field(shape, &field, raw, None)?;
                }
            }
        }
        Ok(())
    }

    fn scope(&mut self, [resource, scope]: [usize; 2], group: &[u8]) -> Result<(), SiftError> {
        let (scope_shape, record_shape) = (self.shape(1), self.shape(2));
        let mut index = 0;
        for field in Raw::new(group) {
            let (field, raw) = field?;
            match (field.number, field.value) {
                (2, Value::Bytes(record)) => {
                    let place = Place::new(self.signal, [resource, scope, index]);
                    self.record(record_shape, record, raw, place)?;
                    index += 1;
                }
                _ => self.field(scope_shape, &field, raw, None)?,
            }
        }
        Ok(())
    }

    /// Returns the shape of the groups of a resource, of those of a scope, or of the records.
    fn shape(&self, level: usize) -> &'static Shape {
        let mut shape = shape(self.signal);
        for number in [1, 2, 2].into_iter().take(level + 1) {
            if let Kind::Messages(below) = shape.kind(number) {
                shape = below();
            }
        }
        shape
    }

    fn record(
        &mut self,
        shape: &Shape,
        record: &[u8],
        raw: &[u8],
        place: Place,
    ) -> Result<(), SiftError> {
        let census = match walk(shape, record, DEPTH - 3, self.meter.limit()) {
            Ok(census) => census,
            Err(Stop::Costly) => return Err(Overrun::Request(self.meter.limit()).into()),
            Err(Stop::Malformed(flaw)) => {
                self.rejections.malformed(place, &flaw.to_string(), 1);
                return Ok(());
            }
        };
        if census.sound {
            self.records += census.records;
            return self.copy(raw);
        }
        let field = self.begin(2)?;
        let start = self.out.len();
        self.message(shape, record, Some(place))?;
        let built = self.out.len() as u64 + census.cost;
        self.meter.cover(self.input + built)?;
        if self.keep(start, record, place) {
            self.end(field);
        } else {
            self.out.truncate(field.key);
        }
        Ok(())
    }

    /// Returns whether the record that was written last is valid; rewrites it if only a part is.
    fn keep(&mut self, start: usize, received: &[u8], place: Place) -> bool {
        let bytes = &self.out[start..];
        let kept = match self.signal {
            Signal::Traces => Span::decode(bytes)
                .map(|mut span| validate::traces::keep(&mut span, place, self.rejections)),
            Signal::Logs => LogRecord::decode(bytes)
                .map(|mut record| validate::logs::keep(&mut record, place, self.rejections)),
            Signal::Metrics => Metric::decode(bytes).map(|mut metric| {
                let old = metric.data.is_none() && has_old_data(self.shape(2), received);
                if old {
                    let problem = "its points are of a kind that OTLP 0.9 removed";
                    self.rejections.malformed(place, problem, 1);
                    return false;
                }
                let kept = validate::metrics::keep(&mut metric, place, self.rejections);
                if kept {
                    self.records += crate::request::data_points(&metric) as u64;
                    self.out.truncate(start);
                    self.out.extend(metric.encode_to_vec());
                }
                kept
            }),
        };
        match kept {
            Ok(kept) => {
                self.records += u64::from(kept && self.signal != Signal::Metrics);
                kept
            }
            Err(error) => {
                self.rejections.malformed(place, &error.to_string(), 1);
                false
            }
        }
    }

    /// Writes the fields of a message, mending its text.
    fn message(
        &mut self,
        shape: &Shape,
        message: &[u8],
        place: Option<Place>,
    ) -> Result<(), SiftError> {
        let mut point = 0;
        for field in Raw::new(message) {
            let (field, raw) = field?;
            if let (Kind::Messages(below), Value::Bytes(bytes), Some(place)) =
                (shape.kind(field.number), field.value, place)
                && below().role == Role::Point
            {
                let index = point;
                point += 1;
                let walked = walk(below(), bytes, DEPTH - 5, self.meter.limit());
                if let Err(Stop::Malformed(flaw)) = walked {
                    let place = format_args!("{place}.dataPoints[{index}]");
                    self.rejections.malformed(place, &flaw.to_string(), 1);
                    continue;
                }
            }
            self.field(shape, &field, raw, place)?;
        }
        Ok(())
    }

    fn field(
        &mut self,
        shape: &Shape,
        field: &Field<'_>,
        raw: &[u8],
        place: Option<Place>,
    ) -> Result<(), SiftError> {
        let Value::Bytes(bytes) = field.value else {
            return self.copy(raw);
        };
        match shape.kind(field.number) {
            Kind::Text | Kind::Texts | Kind::Name if std::str::from_utf8(bytes).is_err() => {
                self.rejections.count_mended(1);
                let text = String::from_utf8_lossy(bytes);
                let start = self.begin(field.number)?;
                self.copy(text.as_bytes())?;
                self.end(start);
                Ok(())
            }
            Kind::Message(below) | Kind::Messages(below) | Kind::Data(below) => {
                let start = self.begin(field.number)?;
                self.message(below(), bytes, place)?;
                self.end(start);
                Ok(())
            }
            _ => self.copy(raw),
        }
    }

    fn copy(&mut self, bytes: &[u8]) -> Result<(), SiftError> {
        let length = self.out.len() + bytes.len();
        if length > self.out.capacity() {
            let capacity = length.max(self.out.capacity() * 2);
            self.meter.cover(self.input + capacity as u64)?;
            self.out.reserve_exact(capacity - self.out.len());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Starts a length-delimited field.
    fn begin(&mut self, number: u32) -> Result<Start, SiftError> {
        let key = self.out.len();
        // The longest key has five bytes.
        self.copy(&[0; 2 * LENGTH])?;
        self.out.truncate(key);
        encode_key(number, WireType::LengthDelimited, &mut self.out);
        let length = self.out.len();
        self.out.extend_from_slice(&[0; LENGTH]);
        Ok(Start { key, length })
    }

    /// Ends a field by writing its length.
    fn end(&mut self, start: Start) {
        let value = start.length + LENGTH;
        let length = self.out.len() - value;
        if length < 0x80 {
            // Most messages are small, and their length is one byte.
            self.out[start.length] = length as u8;
            self.out.copy_within(value.., start.length + 1);
            self.out.truncate(start.length + 1 + length);
            return;
        }
        // A longer form of the same number is valid, and avoids moving the bytes.
        let mut varint = Vec::with_capacity(LENGTH);
        encode_varint(length as u64, &mut varint);
        for (at, byte) in self.out[start.length..value].iter_mut().enumerate() {
            let bits = varint.get(at).copied().unwrap_or_default() & 0x7f;
            *byte = bits | if at + 1 < LENGTH { 0x80 } else { 0 };
        }
    }
}

/// The start of a field that is not complete yet.
struct Start {
    key: usize,
    length: usize,
}

fn has_old_data(shape: &Shape, metric: &[u8]) -> bool {
    let mut numbers = Fields::new(metric).flatten().map(|field| field.number);
    numbers.any(|number| matches!(shape.kind(number), Kind::OldData))
}
