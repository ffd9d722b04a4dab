//! Reads the rows of an export request from its protobuf bytes.

use std::sync::Arc;

use glassbox_otlp::Signal;
use glassbox_otlp::wire::{Fields, Malformed, Record, key_value, records, string_value};

use crate::columns::{Source, indexed};
use crate::names::Names;
use crate::rows::Rows;

mod log;
mod metric;
mod span;
mod time;

/// The service of a resource without `service.name`, as specified by OpenTelemetry.
pub(crate) const UNKNOWN_SERVICE: &str = "unknown_service";

/// Why a request has no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowError {
    Malformed,
    /// It has more records than there is room for.
    TooMany,
    /// Its names are longer in total than there is room for.
    TooLong,
}

/// How much of the index a request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) records: u64,
    /// Bytes of names that are not in the index yet.
    pub(crate) names: u64,
}

/// Reads the rows of `request`, which has records of `signal` and arrived at `received`.
///
/// # Bounds
/// Fails as soon as there is no room for the next row, before it is built.
pub(crate) fn rows(
    signal: Signal,
    request: &[u8],
    received: u64,
    names: &Names,
    room: Room,
) -> Result<Rows, RowError> {
    let mut reading = Reading {
        names,
        room,
        last: None,
        failed: None,
    };
    let read = match signal {
        Signal::Traces => reading.spans(request, received),
        Signal::Logs => reading.logs(request, received),
        Signal::Metrics => reading.points(request, received),
    };
    // The callback can only fail with [`Malformed`]; `failed` has the actual error.
    read.map_err(|Malformed| reading.failed.unwrap_or(RowError::Malformed))
}

/// The rows of one request while they are read.
struct Reading<'n, 'a> {
    names: &'n Names,
    room: Room,
    /// The source of the last resource: records of one resource are adjacent.
    last: Option<(&'a [u8], Arc<Source>)>,
    failed: Option<RowError>,
}

impl<'a> Reading<'_, 'a> {
    fn spans(&mut self, request: &'a [u8], received: u64) -> Result<Rows, Malformed> {
        let mut spans = Vec::new();
        records(request, |record| {
            self.count()?;
            let source = self.source(&record)?;
            spans.push(self.span(&record, source, received)?);
            Ok(())
        })?;
        Ok(Rows::Spans(spans.into()))
    }

    fn logs(&mut self, request: &'a [u8], received: u64) -> Result<Rows, Malformed> {
        let mut logs = Vec::new();
        records(request, |record| {
            self.count()?;
            let source = self.source(&record)?;
            logs.push(log::log(&record, source, received)?);
            Ok(())
        })?;
        Ok(Rows::Logs(logs.into()))
    }

    fn points(&mut self, request: &'a [u8], received: u64) -> Result<Rows, Malformed> {
        let mut points = Vec::new();
        records(request, |record| {
            let source = self.source(&record)?;
            self.metric(&record, &source, received, &mut points)
        })?;
        Ok(Rows::Points(points.into()))
    }

    /// Uses up the room of one row.
    fn count(&mut self) -> Result<(), Malformed> {
        let left = self.room.records.checked_sub(1);
        self.room.records = self.or_fail(left, RowError::TooMany)?;
        Ok(())
    }

    /// Uses up the room of a name, if it is new.
    fn name(&mut self, is_new: bool, bytes: usize) -> Result<(), Malformed> {
        if is_new {
            let left = self.room.names.checked_sub(bytes as u64);
            self.room.names = self.or_fail(left, RowError::TooLong)?;
        }
        Ok(())
    }

    fn or_fail<T>(&mut self, value: Option<T>, error: RowError) -> Result<T, Malformed> {
        if value.is_none() {
            self.failed = Some(error);
        }
        value.ok_or(Malformed)
    }

    fn source(&mut self, record: &Record<'a>) -> Result<Arc<Source>, Malformed> {
        if let Some((bytes, source)) = &self.last
            && std::ptr::eq(*bytes, record.resource)
        {
            return Ok(Arc::clone(source));
        }
        let (source, is_new) = self.names.source(source(record.resource)?);
        self.name(is_new, source.texts().map(str::len).sum())?;
        self.last = Some((record.resource, Arc::clone(&source)));
        Ok(source)
    }
}

/// Reads service and instance of a resource.
pub(crate) fn source(resource: &[u8]) -> Result<Source, Malformed> {
    let (mut service, mut instance) = (None, None);
    for field in Fields::new(resource) {
        let field = field?;
        if field.number == 1 {
            let (key, value) = key_value(field.value.bytes())?;
            match key {
                b"service.name" => service = string_value(value),
                b"service.instance.id" => instance = string_value(value),
                _ => {}
            }
        }
    }
    let service = service
        .filter(|name| !name.is_empty())
        .unwrap_or(UNKNOWN_SERVICE);
    Ok(Source {
        service: indexed(service).into(),
        instance: instance.map(|instance| indexed(instance).into()),
    })
}

fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

/// Returns a length as the index keeps it, saturating.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
