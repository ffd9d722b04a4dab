//! Enums, which are read from their number or their name.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

use super::context::Context;
use super::message::Form;
use super::scalar::{IntVisitor, in_range};
use crate::proto::logs::v1::SeverityNumber;
use crate::proto::metrics::v1::AggregationTemporality;
use crate::proto::trace::v1::span::SpanKind;
use crate::proto::trace::v1::status::StatusCode;

/// An enum of protobuf; a number that it does not define is kept.
pub(super) struct Enum<K>(PhantomData<K>);

/// The names of an enum.
pub(super) trait Names {
    /// Returns the number of the value with the given name in the protobuf files.
    fn number(name: &str) -> Option<i32>;
}

macro_rules! names {
    ($($kind:ty),*) => {$(
        impl Names for $kind {
            fn number(name: &str) -> Option<i32> {
                Self::from_str_name(name).map(|value| value as i32)
            }
        }
    )*};
}

names!(AggregationTemporality, SeverityNumber, SpanKind, StatusCode);

impl<K: Names> Form<i32> for Enum<K> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut i32,
        _: &Context<'_>,
    ) -> Result<(), D::Error> {
        *into = from.deserialize_any(EnumVisitor::<K>(PhantomData))?;
        Ok(())
    }

    fn is_absent(value: &i32) -> bool {
        *value == 0
    }

    fn write<S: Serializer>(value: &i32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(*value)
    }
}

struct EnumVisitor<K>(PhantomData<K>);

impl<K: Names> Visitor<'_> for EnumVisitor<K> {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number or the name of an enum value")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i32, E> {
        in_range(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i32, E> {
        in_range(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i32, E> {
        in_range(IntVisitor.visit_f64(value)?)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i32, E> {
        let number = K::number(text).or_else(|| text.parse().ok());
        number.ok_or_else(|| E::custom(format_args!("{text:?} is not a value of this enum")))
    }
}
