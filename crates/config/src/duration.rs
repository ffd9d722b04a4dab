//! Durations in settings: `5s`, `250ms`, `1h 30m`.
//!
//! For a field, `#[serde(with = "glassbox_config::duration")]`; for an optional one, `duration::option`;
//! for a key with the unit in its name, `duration::millis` or `duration::seconds`.

use std::fmt;
use std::time::Duration;

use serde::{Deserializer, Serializer, de};

/// The error for a text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration; write it with a unit, such as 250ms, 5s, 2m or 1h 30m")]
pub struct ParseDurationError {
    text: String,
}

/// Parses a duration with a unit; `0` needs none.
///
/// # Errors
/// If there is no unit, or an unknown one.
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    humantime::parse_duration(text.trim()).map_err(|_| ParseDurationError {
        text: text.to_owned(),
    })
}

/// Formats a duration so that [`parse`] can read it.
pub fn format(duration: Duration) -> impl fmt::Display {
    humantime::format_duration(duration)
}

/// Serialises as text.
///
/// # Errors
/// If the serializer fails.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format(*duration))
}

/// Deserialises text with a unit.
///
/// # Errors
/// If it is not a duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(Text)
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration with a unit, such as 5s or 250ms")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).map_err(E::custom)
    }
}

/// For an optional duration.
pub mod option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Wrapper(#[serde(with = "super")] Duration);

    /// Serialises as text, or nothing.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(Wrapper).serialize(serializer)
    }

    /// Deserialises text with a unit, or nothing.
    ///
    /// # Errors
    /// If it is not a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
    }
}

/// For a key that ends in `_ms`: a whole number of milliseconds.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Serialises as a number.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// Deserialises a whole number of milliseconds.
    ///
    /// # Errors
    /// If it is not a whole number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// For a key that ends in `_seconds`: a number of seconds, fractions allowed.
pub mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Serialises as a number.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    /// Deserialises a number of seconds.
    ///
    /// # Errors
    /// If it is not a number, negative, or too large for a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            de::Error::invalid_value(
                de::Unexpected::Float(seconds),
                &"a non-negative number of seconds",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(parse("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse(" 250ms "), Ok(Duration::from_millis(250)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        let error = parse("5000").unwrap_err().to_string();
        assert!(error.contains("with a unit"), "{error}");
    }

    #[test]
    fn a_duration_prints_as_it_parses() {
        for millis in [0, 1, 250, 90_000, 86_400_001] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&format(duration).to_string()), Ok(duration));
        }
    }
}
