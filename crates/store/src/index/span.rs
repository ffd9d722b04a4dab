//! Reads the columns of a span.

use std::sync::Arc;

use glassbox_otlp::wire::{Field, Fields, Malformed, Record, Value, key_value, string_value};

use super::time::is_usable;
use super::{Reading, id, length, text};
use crate::attributes::{Count, Kept, is_inference, kept};
use crate::columns::{Source, SpanColumns, indexed};

impl Reading<'_, '_> {
    pub(super) fn span(
        &mut self,
        record: &Record<'_>,
        source: Arc<Source>,
        received: u64,
    ) -> Result<SpanColumns, Malformed> {
        let mut row = SpanColumns {
            trace_id: [0; 16],
            span_id: [0; 8],
            parent_id: [0; 8],
            start: 0,
            end: 0,
            name: Arc::default(),
            source,
            counts: Default::default(),
            size: length(record.body),
            content: crc32fast::hash(record.body),
            marks: 0,
            is_inference: false,
            has_usage: false,
            has_usable_times: true,
            is_error: false,
        };
        let mut ranks = [u8::MAX; Count::ALL.len()];
        for field in Fields::new(record.body) {
            let field = field?;
            match field.number {
                1 => row.trace_id = id(field.value.bytes()),
                2 => row.span_id = id(field.value.bytes()),
                // Some senders write zeros if there is no parent.
                4 => row.parent_id = id(field.value.bytes()),
                5 => {
                    let (name, is_new) = self.names.name(indexed(text(field.value.bytes())?));
                    self.name(is_new, name.len())?;
                    row.name = name;
                }
                7 => row.start = field.value.number(),
                8 => row.end = field.value.number(),
                9 => attribute(&mut row, &mut ranks, field.value.bytes())?,
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
        row.has_usage = ranks.iter().any(|rank| *rank < u8::MAX);
        set_times(&mut row, received);
        Ok(row)
    }
}

fn attribute(
    row: &mut SpanColumns,
    ranks: &mut [u8; Count::ALL.len()],
    bytes: &[u8],
) -> Result<(), Malformed> {
    let (key, value) = key_value(bytes)?;
    match kept(key) {
        Some(Kept::Operation) => {
            row.is_inference |= string_value(value).is_some_and(is_inference);
        }
        Some(Kept::Count(count, rank)) => {
            let place = count as usize;
            if rank < ranks[place]
                && let Some(number) = count_value(value)
            {
                (row.counts[place], ranks[place]) = (number, rank);
            }
        }
        Some(Kept::Mark(mark)) => row.marks |= mark.bit(),
        None => {}
    }
    Ok(())
}

/// Reads a count in any form that senders use: an integer, a double or text. A negative count is zero;
/// `None` if it is not a number.
fn count_value(value: &[u8]) -> Option<u32> {
    let saturate = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    let field = Fields::new(value).find_map(Result::ok)?;
    match field {
        Field {
            number: 3,
            value: Value::Varint(number),
            ..
        } => Some(saturate(number.cast_signed())),
        Field {
            number: 4,
            value: Value::Fixed64(bits),
            ..
        } => finite(f64::from_bits(bits)),
        Field { number: 1, .. } => {
            let text = string_value(value)?.trim();
            let number = text.parse().ok().map(saturate);
            number.or_else(|| text.parse().ok().and_then(finite))
        }
        _ => None,
    }
}

/// Converts a double, saturating; `None` if it is not finite.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a double saturates"
)]
fn finite(number: f64) -> Option<u32> {
    number.is_finite().then_some(number.round() as u32)
}

/// Replaces times that are unusable, so that sums, ranges and orders leave them out.
fn set_times(row: &mut SpanColumns, received: u64) {
    if !is_usable(row.start, received) {
        row.has_usable_times = false;
        (row.start, row.end) = (received, received);
    } else if !is_usable(row.end, received) || row.end < row.start {
        row.has_usable_times = false;
        row.end = row.start;
    }
}
