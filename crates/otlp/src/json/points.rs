//! Counting the points of a metric that cannot be read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Counts the elements of the `dataPoints` of a metric; zero for any other record.
pub(super) fn data_points(record: &RawValue) -> u64 {
    let mut deserializer = super::deserializer(record.get().as_bytes());
    // What cannot be counted is counted as one record by the caller.
    Count::Metric.deserialize(&mut deserializer).unwrap_or(0)
}

/// Counts the points in a value.
#[derive(Clone, Copy)]
enum Count {
    Metric,
    Data,
    Points,
}

impl Count {
    /// Returns how the value of a key is counted.
    fn below(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Metric, "gauge" | "sum" | "histogram" | "summary") => Some(Self::Data),
            (Self::Metric, "exponentialHistogram" | "exponential_histogram") => Some(Self::Data),
            (Self::Data, "dataPoints" | "data_points") => Some(Self::Points),
            _ => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Count {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<u64, D::Error> {
        match self {
            Self::Metric | Self::Data => from.deserialize_map(self),
            Self::Points => from.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Count {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut points = 0;
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match self.below(&key) {
                Some(below) => points += map.next_value_seed(below)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(points)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        let mut points = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            points += 1;
        }
        Ok(points)
    }
}
