//! Reads the columns of the points of a metric.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use glassbox_otlp::wire::{Fields, Malformed, Record};

use super::time::is_not_ahead;
use super::{Reading, length, text};
use crate::columns::{Metric, MetricKind, PointColumns, Source, indexed};

impl Reading<'_, '_> {
    pub(super) fn metric(
        &mut self,
        record: &Record<'_>,
        source: &Arc<Source>,
        received: u64,
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
        let identity = Identity::new(record, name, unit, &metric)?;
        for field in Fields::new(data) {
            let field = field?;
            if field.number == 1 {
                self.count()?;
                let (time, attributes) = point(kind, field.value.bytes())?;
                let series = identity.series(attributes);
                let is_usable = time != 0 && is_not_ahead(time, received);
                let time = if is_usable { time } else { received };
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

/// What all series of a metric have in common.
struct Identity(DefaultHasher);

impl Identity {
    fn new(
        record: &Record<'_>,
        name: &str,
        unit: &str,
        metric: &Metric,
    ) -> Result<Self, Malformed> {
        let mut hasher = DefaultHasher::new();
        unordered(record.resource, RESOURCE_ATTRIBUTES)?.hash(&mut hasher);
        for field in Fields::new(record.scope) {
            let field = field?;
            if matches!(field.number, SCOPE_NAME | SCOPE_VERSION) {
                (field.number, field.value.bytes()).hash(&mut hasher);
            }
        }
        unordered(record.scope, SCOPE_ATTRIBUTES)?.hash(&mut hasher);
        (name, unit, metric.kind).hash(&mut hasher);
        (metric.temporality, metric.monotonic).hash(&mut hasher);
        Ok(Self(hasher))
    }

    fn series(&self, attributes: u64) -> u64 {
        let mut hasher = self.0.clone();
        attributes.hash(&mut hasher);
        hasher.finish()
    }
}

const RESOURCE_ATTRIBUTES: u32 = 1;
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;
const SCOPE_ATTRIBUTES: u32 = 3;

/// Hashes the fields with this number, in any order.
fn unordered(message: &[u8], number: u32) -> Result<u64, Malformed> {
    let mut sum = 0_u64;
    for field in Fields::new(message) {
        let field = field?;
        if field.number == number {
            let mut hasher = DefaultHasher::new();
            field.value.bytes().hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
    }
    Ok(sum)
}

/// Returns the name of an OTLP aggregation temporality.
pub(super) fn temporality_name(number: u64) -> Option<&'static str> {
    match number {
        1 => Some("delta"),
        2 => Some("cumulative"),
        _ => None,
    }
}

/// Reads the time of a data point and a hash of its attributes in any order.
fn point(kind: MetricKind, bytes: &[u8]) -> Result<(u64, u64), Malformed> {
    let attributes = match kind {
        MetricKind::Sum | MetricKind::Gauge | MetricKind::Summary => 7,
        MetricKind::Histogram => 9,
        MetricKind::ExponentialHistogram => 1,
    };
    let times = Fields::new(bytes).filter_map(Result::ok);
    let time = times
        .filter(|field| field.number == 3)
        .map(|field| field.value.number())
        .find(|time| *time != 0);
    Ok((time.unwrap_or(0), unordered(bytes, attributes)?))
}
