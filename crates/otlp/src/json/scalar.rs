//! Text, numbers and booleans.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

use super::context::Context;
use super::message::Form;
use crate::cost::heap;

/// A string.
pub(super) struct Text;

impl Form<String> for Text {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut String,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        // Read as bytes, which may contain lone surrogates; a string may not.
        *into = from.deserialize_bytes(TextVisitor(cx))?;
        Ok(())
    }

    fn is_absent(value: &String) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value)
    }
}

struct TextVisitor<'a>(&'a Context<'a>);

impl Visitor<'_> for TextVisitor<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        self.0.charge(heap(text.len()))?;
        Ok(text.to_owned())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.visit_str(text);
        }
        self.0.charge(heap(bytes.len()))?;
        self.0.count_mended();
        Ok(without_surrogates(bytes.to_owned()))
    }
}

/// Replaces lone surrogates by U+FFFD, which has three bytes as well.
fn without_surrogates(mut bytes: Vec<u8>) -> String {
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    // Lone surrogates are the only invalid UTF-8 that the reader produces.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A boolean, read from a literal or a string.
pub(super) struct Flag;

impl Form<bool> for Flag {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut bool,
        _: &Context<'_>,
    ) -> Result<(), D::Error> {
        *into = from.deserialize_any(FlagVisitor)?;
        Ok(())
    }

    fn is_absent(value: &bool) -> bool {
        !value
    }

    fn write<S: Serializer>(value: &bool, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*value)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let value = text.parse();
        value.map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// An integer, read from a number or a decimal string; written as a string when it has 64 bits.
pub(super) struct Int;

impl<I: Integer> Form<I> for Int {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut I,
        _: &Context<'_>,
    ) -> Result<(), D::Error> {
        let value = from.deserialize_any(IntVisitor)?;
        *into = in_range(value)?;
        Ok(())
    }

    fn is_absent(value: &I) -> bool {
        *value == I::default()
    }

    fn write<S: Serializer>(value: &I, to: S) -> Result<S::Ok, S::Error> {
        value.write(to)
    }
}

pub(super) fn in_range<I: Integer, E: Error>(value: i128) -> Result<I, E> {
    I::try_from(value).map_err(|_| E::custom(format_args!("{value} is out of range")))
}

/// The integer types of protobuf.
pub(super) trait Integer: TryFrom<i128> + Default + PartialEq {
    /// Writes the number, as a string when it has 64 bits.
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
}

macro_rules! integers {
    ($($type:ty => $write:expr;)*) => {$(
        impl Integer for $type {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $write(*self, to)
            }
        }
    )*};
}

integers! {
    i32 => |value, to: S| to.serialize_i32(value);
    u32 => |value, to: S| to.serialize_u32(value);
    i64 => |value, to: S| to.collect_str(&value);
    u64 => |value, to: S| to.collect_str(&value);
}

pub(super) struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i128, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i128, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i128, E> {
        // 1e9 and 5.0 are integers too. Everything beyond 64 bits is out of range in any case.
        if value.fract() == 0.0 && value.abs() < 1e30 {
            Ok(value as i128)
        } else {
            Err(E::custom(format_args!("{value} is not an integer")))
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<i128, E> {
        value
            .parse()
            .map_err(|_| E::custom(format_args!("{value:?} is not an integer")))
    }
}

/// A double, read from a number or a string.
pub(super) struct Double;

impl Form<f64> for Double {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut f64,
        _: &Context<'_>,
    ) -> Result<(), D::Error> {
        *into = from.deserialize_any(DoubleVisitor)?;
        Ok(())
    }

    fn is_absent(value: &f64) -> bool {
        *value == 0.0
    }

    fn write<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_nan() {
            to.serialize_str("NaN")
        } else if value.is_infinite() {
            to.serialize_str(if *value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            })
        } else {
            to.serialize_f64(*value)
        }
    }
}

struct DoubleVisitor;

impl Visitor<'_> for DoubleVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<f64, E> {
        match value {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            // Rust would also take "inf" and "nan", which JSON senders do not write.
            _ if value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) =>
            {
                value
                    .parse()
                    .map_err(|_| E::custom(format_args!("{value:?} is not a number")))
            }
            _ => Err(E::custom(format_args!("{value:?} is not a number"))),
        }
    }
}
