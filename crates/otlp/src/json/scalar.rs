//! Text, numbers and booleans.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

use super::message::Form;
use super::path::Path;

/// A string.
pub(super) struct Text;

impl Form<String> for Text {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut String,
        _: &Path,
    ) -> Result<(), D::Error> {
        *into = serde::Deserialize::deserialize(from)?;
        Ok(())
    }

    fn is_absent(value: &String) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value)
    }
}

/// A boolean.
pub(super) struct Flag;

impl Form<bool> for Flag {
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut bool, _: &Path) -> Result<(), D::Error> {
        *into = serde::Deserialize::deserialize(from)?;
        Ok(())
    }

    fn is_absent(value: &bool) -> bool {
        !value
    }

    fn write<S: Serializer>(value: &bool, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*value)
    }
}

/// An integer, read from a number or a decimal string; written as a string when it has 64 bits.
pub(super) struct Int;

impl<I: Integer> Form<I> for Int {
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut I, _: &Path) -> Result<(), D::Error> {
        let value = from.deserialize_any(IntVisitor { names: true })?;
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

/// An enum, which is its number and never its name.
pub(super) struct Enum;

impl Form<i32> for Enum {
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut i32, _: &Path) -> Result<(), D::Error> {
        let value = from.deserialize_any(IntVisitor { names: false })?;
        *into = in_range(value)?;
        Ok(())
    }

    fn is_absent(value: &i32) -> bool {
        *value == 0
    }

    fn write<S: Serializer>(value: &i32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(*value)
    }
}

fn in_range<I: Integer, E: Error>(value: i128) -> Result<I, E> {
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

struct IntVisitor {
    /// Whether digits in a string are as good as a number.
    names: bool,
}

impl Visitor<'_> for IntVisitor {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.names {
            "an integer"
        } else {
            "the number of an enum value"
        })
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
        if !self.names {
            let expected = "expected the number of the enum value, not its name";
            return Err(E::custom(format_args!("{expected} {value:?}")));
        }
        value
            .parse()
            .map_err(|_| E::custom(format_args!("{value:?} is not an integer")))
    }
}

/// A double, read from a number or a string.
pub(super) struct Double;

impl Form<f64> for Double {
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut f64, _: &Path) -> Result<(), D::Error> {
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
