//! Reads the rows of an export request from its protobuf bytes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use glassbox_otlp::Signal;
use glassbox_otlp::wire::{Fields, Malformed, Record, int_value, key_value, records, string_value};

use crate::attributes::{INFERENCE, Kept, kept};
use crate::columns::{LogColumns, Metric, MetricKind, PointColumns, Source, SpanColumns, indexed};
use crate::names::Names;
use crate::rows::Rows;

/// The service of a resource without `service.name`, as specified by OpenTelemetry.
pub(crate) const UNKNOWN_SERVICE: &str = "unknown_service";

/// Why a request has no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowError {
    Malformed,
    /// It has more records than there is room for.
    TooMany,
    /// Its names are longer in all than there is room for.
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
        Signal::Traces => reading.spans(request),
        Signal::Logs => reading.logs(request, received),
        Signal::Metrics => reading.points(request),
    };
    // The walker of the wire knows one error only.
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
    fn spans(&mut self, request: &'a [u8]) -> Result<Rows, Malformed> {
        let mut spans = Vec::new();
        records(request, |record| {
            self.count()?;
            let source = self.source(&record)?;
            spans.push(self.span(&record, source)?);
            Ok(())
        })?;
        Ok(Rows::Spans(spans.into()))
    }

    fn logs(&mut self, request: &'a [u8], received: u64) -> Result<Rows, Malformed> {
        let mut logs = Vec::new();
        records(request, |record| {
            self.count()?;
            let source = self.source(&record)?;
            logs.push(log(&record, source, received)?);
            Ok(())
        })?;
        Ok(Rows::Logs(logs.into()))
    }

    fn points(&mut self, request: &'a [u8]) -> Result<Rows, Malformed> {
        let mut points = Vec::new();
        records(request, |record| {
            let source = self.source(&record)?;
            self.metric(&record, &source, &mut points)
        })?;
        Ok(Rows::Points(points.into()))
    }

    /// Takes room for one row.
    fn count(&mut self) -> Result<(), Malformed> {
        let left = self.room.records.checked_sub(1);
        self.room.records = self.or_fail(left, RowError::TooMany)?;
        Ok(())
    }

    /// Takes room for a name that is new.
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

    fn span(&mut self, record: &Record<'_>, source: Arc<Source>) -> Result<SpanColumns, Malformed> {
        let mut row = SpanColumns {
            trace_id: [0; 16],
            span_id: [0; 8],
            start: 0,
            end: 0,
            name: Arc::default(),
            source,
            counts: Default::default(),
            size: length(record.body),
            marks: 0,
            is_root: true,
            is_error: false,
        };
        let mut is_inference = false;
        for field in Fields::new(record.body) {
            let field = field?;
            match field.number {
                1 => row.trace_id = id(field.value.bytes()),
                2 => row.span_id = id(field.value.bytes()),
                // Some senders write zeros for "no parent".
                4 => row.is_root = field.value.bytes().iter().all(|byte| *byte == 0),
                5 => {
                    let (name, is_new) = self.names.name(indexed(text(field.value.bytes())?));
                    self.name(is_new, name.len())?;
                    row.name = name;
                }
                7 => row.start = field.value.number(),
                8 => row.end = field.value.number(),
                9 => {
                    let (key, value) = key_value(field.value.bytes())?;
                    match kept(key) {
                        Some(Kept::Operation) => {
                            is_inference = string_value(value) == Some(INFERENCE)
                        }
                        Some(Kept::Count(count)) => {
                            row.counts[count as usize] = int_value(value).map_or(0, saturate);
                        }
                        Some(Kept::Mark(mark)) => row.marks |= mark.bit(),
                        None => {}
                    }
                }
                15 => {
                    for status in Fields::new(field.value.bytes()) {
                        let status = status?;
                        if status.number == 3 {
                            row.is_error = status.value.number() == 2;
                        }
                    }
                }
                _ => {}
            }
        }
        if !is_inference {
            row.counts = Default::default();
        }
        Ok(row)
    }

    fn metric(
        &mut self,
        record: &Record<'_>,
        source: &Arc<Source>,
        points: &mut Vec<PointColumns>,
    ) -> Result<(), Malformed> {
        let (mut name, mut description, mut unit) = ("", "", "");
        let mut data: &[u8] = &[];
        let mut kind = MetricKind::default();
        for field in Fields::new(record.body) {
            let field = field?;
            let shape = match field.number {
                1 => {
                    name = text(field.value.bytes())?;
                    continue;
                }
                2 => {
                    description = text(field.value.bytes())?;
                    continue;
                }
                3 => {
                    unit = text(field.value.bytes())?;
                    continue;
                }
                5 => MetricKind::Gauge,
                7 => MetricKind::Sum,
                9 => MetricKind::Histogram,
                10 => MetricKind::ExponentialHistogram,
                11 => MetricKind::Summary,
                _ => continue,
            };
            (kind, data) = (shape, field.value.bytes());
        }
        let (mut temporality, mut monotonic) = (None, (kind == MetricKind::Sum).then_some(false));
        for field in Fields::new(data) {
            let field = field?;
            match field.number {
                2 => temporality = temporality_name(field.value.number()),
                3 if kind == MetricKind::Sum => monotonic = Some(field.value.number() != 0),
                _ => {}
            }
        }
        let (metric, is_new) = self.names.metric(Metric {
            name: indexed(name).into(),
            unit: indexed(unit).into(),
            description: indexed(description).into(),
            kind,
            monotonic,
            temporality,
        });
        self.name(is_new, metric.texts().map(str::len).sum())?;
        for field in Fields::new(data) {
            let field = field?;
            if field.number == 1 {
                self.count()?;
                let (time, attributes) = point(kind, field.value.bytes())?;
                let series = series(source, name, attributes);
                let (metric, source) = (Arc::clone(&metric), Arc::clone(source));
                points.push(PointColumns {
                    time,
                    series,
                    metric,
                    source,
                    offset: record.offset,
                    size: length(field.value.bytes()),
                });
            }
        }
        Ok(())
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

/// Converts a count, saturating; a negative one is zero.
fn saturate(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

fn log(record: &Record<'_>, source: Arc<Source>, received: u64) -> Result<LogColumns, Malformed> {
    let mut row = LogColumns {
        time: 0,
        trace_id: [0; 16],
        span_id: [0; 8],
        source,
        size: length(record.body),
        severity: 0,
    };
    let mut observed = 0;
    for field in Fields::new(record.body) {
        let field = field?;
        match field.number {
            1 => row.time = field.value.number(),
            2 => row.severity = u8::try_from(field.value.number()).unwrap_or(0),
            9 => row.trace_id = id(field.value.bytes()),
            10 => row.span_id = id(field.value.bytes()),
            11 => observed = field.value.number(),
            _ => {}
        }
    }
    if row.time == 0 {
        row.time = if observed == 0 { received } else { observed };
    }
    Ok(row)
}

/// Names an OTLP aggregation temporality.
pub(crate) fn temporality_name(number: u64) -> Option<&'static str> {
    match number {
        1 => Some("delta"),
        2 => Some("cumulative"),
        _ => None,
    }
}

/// Reads the time of a data point and a hash of its attributes in any order.
fn point(kind: MetricKind, bytes: &[u8]) -> Result<(u64, u64), Malformed> {
    let attributes_field = match kind {
        MetricKind::Sum | MetricKind::Gauge | MetricKind::Summary => 7,
        MetricKind::Histogram => 9,
        MetricKind::ExponentialHistogram => 1,
    };
    let (mut time, mut attributes) = (0, 0_u64);
    for field in Fields::new(bytes) {
        let field = field?;
        if field.number == 3 && time == 0 {
            time = field.value.number();
        } else if field.number == attributes_field {
            let mut hasher = DefaultHasher::new();
            field.value.bytes().hash(&mut hasher);
            // A sum does not depend on the order in which the sender wrote the attributes.
            attributes = attributes.wrapping_add(hasher.finish());
        }
    }
    Ok((time, attributes))
}

fn series(source: &Source, name: &str, attributes: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, name, attributes).hash(&mut hasher);
    hasher.finish()
}
