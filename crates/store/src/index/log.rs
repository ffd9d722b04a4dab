//! Reads the columns of a log record.

use std::sync::Arc;

use glassbox_otlp::wire::{Fields, Malformed, Record};

use super::time::is_not_ahead;
use super::{id, length, text};
use crate::columns::{LogColumns, Source};

pub(super) fn log(
    record: &Record<'_>,
    source: Arc<Source>,
    received: u64,
) -> Result<LogColumns, Malformed> {
    let mut row = LogColumns {
        time: 0,
        trace_id: [0; 16],
        span_id: [0; 8],
        source,
        size: length(record.body),
        severity: 0,
    };
    let (mut time, mut observed, mut severity) = (0, 0, "");
    for field in Fields::new(record.body) {
        let field = field?;
        match field.number {
            1 => time = field.value.number(),
            2 => row.severity = u8::try_from(field.value.number()).unwrap_or(0),
            3 => severity = text(field.value.bytes())?,
            9 => row.trace_id = id(field.value.bytes()),
            10 => row.span_id = id(field.value.bytes()),
            11 => observed = field.value.number(),
            _ => {}
        }
    }
    if row.severity == 0 {
        row.severity = number(severity);
    }
    let usable = |time: &u64| *time != 0 && is_not_ahead(*time, received);
    row.time = [time, observed]
        .into_iter()
        .find(usable)
        .unwrap_or(received);
    Ok(row)
}

/// Returns the severity number for a severity text; zero if the text is unknown.
///
/// The names are those in the appendix of the log data model and in the loggers of common languages. A
/// digit after the name selects a number within its range, as in `INFO2`.
fn number(text: &str) -> u8 {
    const NAMES: [(&str, u8); 26] = [
        ("TRACE", 1),
        ("FINEST", 1),
        ("VERBOSE", 1),
        ("DEBUG", 5),
        ("FINER", 5),
        ("FINE", 5),
        ("DBG", 5),
        ("INFO", 9),
        ("INFORMATION", 9),
        ("INFORMATIONAL", 9),
        ("CONFIG", 9),
        ("NOTICE", 10),
        ("WARN", 13),
        ("WARNING", 13),
        ("ERROR", 17),
        ("ERR", 17),
        ("SEVERE", 17),
        ("EXCEPTION", 17),
        ("CRITICAL", 21),
        ("CRIT", 21),
        ("FATAL", 21),
        ("ALERT", 21),
        ("EMERGENCY", 21),
        ("EMERG", 21),
        ("PANIC", 21),
        ("DPANIC", 21),
    ];
    let text = text.trim();
    let name = text.trim_end_matches(['2', '3', '4']);
    let more = match text.strip_prefix(name) {
        Some("2") => 1,
        Some("3") => 2,
        Some("4") => 3,
        _ => 0,
    };
    let found = NAMES.iter().find(|(one, _)| one.eq_ignore_ascii_case(name));
    found.map_or(0, |(_, number)| (number + more).min(24))
}
