//! Query parameters. An unknown parameter or an invalid value is an error that names it.

use std::collections::BTreeMap;

use glassbox_config::duration;
use glassbox_otlp::Signal;
use glassbox_store::Predicate;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Failure;
use crate::clock;
use crate::query::{Filter, Needle, Search, ValueRef, answer_bytes};

/// The default limit of records in a response.
const DEFAULT_LIMIT: usize = 200;

/// The parameters of one request. An empty one counts as absent.
#[derive(Debug)]
pub(super) struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// Parses a query string with `known` parameters, each at most once.
    pub(super) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Failure> {
        let mut values = BTreeMap::new();
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, name)?;
            if !known.contains(&name.as_str()) {
                let message = format!("unknown parameter {name:?}; known are {}", known.join(", "));
                return Err(Failure::invalid(&name, message));
            }
            let value = decode(&name, value)?;
            if values.contains_key(&name) {
                let message = format!("{name:?} is given more than once");
                return Err(Failure::invalid(&name, message));
            }
            values.insert(name, value);
        }
        values.retain(|_, value| !value.is_empty());
        Ok(Self { values })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        read(text).map(Some).ok_or_else(|| {
            Failure::invalid(name, format!("{name} is {text:?}; it must be {expected}"))
        })
    }

    /// Reads the reference to a value: its record and its path.
    pub(super) fn value(&self) -> Result<(ValueRef, String), Failure> {
        let one = |name: &str| Signal::ALL.into_iter().find(|one| one.as_str() == name);
        let signal = self.read("signal", "traces, metrics or logs", one)?;
        let sequence = self.read("record", "the number of a record", |text| text.parse().ok())?;
        let missing = |name| Failure::invalid(name, format!("{name} is missing"));
        let record = ValueRef {
            signal: signal.ok_or_else(|| missing("signal"))?,
            sequence: sequence.ok_or_else(|| missing("record"))?,
        };
        Ok((record, self.text("path").unwrap_or_default().to_owned()))
    }

    /// Writes the values of `names` as a query string.
    pub(super) fn to_query(&self, names: &[&str]) -> String {
        let set = names.iter().filter_map(|name| {
            let value = utf8_percent_encode(self.text(name)?, NON_ALPHANUMERIC);
            Some(format!("{name}={value}"))
        });
        set.collect::<Vec<_>>().join("&")
    }

    fn flag(&self, name: &str) -> Result<bool, Failure> {
        let flag = self.read(name, "true or false", |text| text.parse().ok())?;
        Ok(flag == Some(true))
    }

    /// Reads the search of runs.
    fn search(&self) -> Result<Search, Failure> {
        let text = self.text("q").unwrap_or_default();
        Search::parse(text).map_err(|error| Failure::invalid("q", error.to_string()))
    }

    /// Reads the filter.
    pub(super) fn filter(&self, max_records: usize) -> Result<Filter, Failure> {
        let now = clock::unix_nanos();
        let time = "a time as RFC 3339, in nanoseconds since 1970, or an age such as 15m";
        let severity = "a number from 0 to 24, or trace, debug, info, warn, error or fatal";
        let limit = self.read("limit", "a whole number", |text| text.parse::<usize>().ok())?;
        let cursor = |name| self.read(name, "the cursor of a record", |text| text.parse().ok());
        let after: Option<u64> = cursor("after_record")?;
        let before: Option<u64> = cursor("before_record")?;
        let name = self.text("span_name").or(self.text("name"));
        let predicate = Predicate::default()
            .trace_id(self.read("trace_id", "32 hexadecimal digits, not all zero", id)?)
            .span_id(self.read("span_id", "16 hexadecimal digits, not all zero", id)?)
            .service(self.text("service"))
            .name(name)
            .since(self.read("since", time, |text| instant(text, now))?)
            .until(self.read("until", time, |text| instant(text, now))?)
            .errors_only(self.flag("errors")?)
            .min_severity(
                self.read("severity", severity, self::severity)?
                    .unwrap_or(0),
            );
        let predicate = match (after, before) {
            (None, None) => predicate,
            (after, before) => {
                let first = after.map_or(0, |after| after.saturating_add(1));
                predicate.sequences(first..before.unwrap_or(u64::MAX))
            }
        };
        Ok(Filter {
            predicate,
            text: self.text("query").and_then(Needle::new),
            search: self.search()?,
            agents_only: self.flag("agents")?,
            internal: self.flag("internal")?,
            limit: limit.unwrap_or(DEFAULT_LIMIT).min(max_records),
            bytes: answer_bytes(max_records),
            after: self.read("after", "the `next` of an answer", |text| text.parse().ok())?,
        })
    }
}

fn decode(name: &str, text: &str) -> Result<String, Failure> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| {
        Failure::invalid(
            name,
            format!("{name:?} is not UTF-8 after percent-decoding"),
        )
    })
}

fn id<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut id = [0; N];
    for (at, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    id.iter().any(|byte| *byte != 0).then_some(id)
}

fn instant(text: &str, now: u64) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    // An unescaped plus in an offset like +02:00 arrives as a space.
    let offset = text
        .rsplit_once(' ')
        .map(|(time, zone)| format!("{time}+{zone}"));
    for text in [Some(text), offset.as_deref()].into_iter().flatten() {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            // Nothing before 1970 is stored.
            return u64::try_from(timestamp.as_nanosecond().max(0)).ok();
        }
    }
    let age = duration::parse(text).ok()?;
    Some(now.saturating_sub(u64::try_from(age.as_nanos()).ok()?))
}

fn severity(text: &str) -> Option<u8> {
    // The lowest number of each range of the log data model.
    const NAMES: [(&str, u8); 7] = [
        ("trace", 1),
        ("debug", 5),
        ("info", 9),
        ("warn", 13),
        ("warning", 13),
        ("error", 17),
        ("fatal", 21),
    ];
    if let Ok(number) = text.parse::<u8>() {
        return (number <= 24).then_some(number);
    }
    let name = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    name.map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_date_as_number_and_as_age() {
        let now = 1_000_000_000_000_000_000;
        assert_eq!(instant("123", now), Some(123));
        assert_eq!(instant("1970-01-01T00:00:01Z", now), Some(1_000_000_000));
        assert_eq!(
            instant("1970-01-01T02:00:01+02:00", now),
            Some(1_000_000_000)
        );
        // An unescaped plus in an offset is decoded as a space.
        assert_eq!(
            instant("1970-01-01T02:00:01 02:00", now),
            Some(1_000_000_000)
        );
        assert_eq!(instant("1969-12-31T23:59:59Z", now), Some(0));
        assert_eq!(instant("15m", now), Some(now - 900_000_000_000));
        assert_eq!(instant("yesterday", now), None);
    }

    #[test]
    fn a_severity_is_read_as_number_and_as_name() {
        assert_eq!(severity("WARN"), Some(13));
        assert_eq!(severity("17"), Some(17));
        assert_eq!(severity("25"), None);
        assert_eq!(severity("loud"), None);
    }

    #[test]
    fn an_id_of_another_length_or_of_zeros_is_none() {
        assert_eq!(
            id::<8>("00F067AA0BA902B7"),
            Some([0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 2, 0xb7])
        );
        assert_eq!(id::<8>("0000000000000000"), None);
        assert_eq!(id::<8>("f067aa0ba902b7"), None);
        assert_eq!(id::<8>("+0f067aa0ba902b7"), None);
    }
}
