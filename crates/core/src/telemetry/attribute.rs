//! Attribute values that a record owns.

use std::borrow::Cow;

/// An attribute's value, owned by the record. [`Value`](super::Value) is the borrowed form.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// Text.
    Str(Cow<'static, str>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Several texts.
    Strs(Vec<Cow<'static, str>>),
    /// Several whole numbers.
    Ints(Vec<i64>),
    /// Several numbers.
    Floats(Vec<f64>),
    /// Several booleans.
    Bools(Vec<bool>),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&'static str> for Attribute {
    fn from(text: &'static str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<&String> for Attribute {
    fn from(text: &String) -> Self {
        Self::Str(text.clone().into())
    }
}

impl From<Cow<'static, str>> for Attribute {
    fn from(text: Cow<'static, str>) -> Self {
        Self::Str(text)
    }
}

impl From<Vec<String>> for Attribute {
    fn from(texts: Vec<String>) -> Self {
        Self::Strs(texts.into_iter().map(Cow::Owned).collect())
    }
}

impl From<Vec<i64>> for Attribute {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Ints(numbers)
    }
}

impl From<Vec<f64>> for Attribute {
    fn from(numbers: Vec<f64>) -> Self {
        Self::Floats(numbers)
    }
}

impl From<Vec<bool>> for Attribute {
    fn from(answers: Vec<bool>) -> Self {
        Self::Bools(answers)
    }
}

impl From<bool> for Attribute {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

/// Larger numbers become `i64::MAX`.
impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Larger numbers become `i64::MAX`.
impl From<usize> for Attribute {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Attribute {
            fn from(number: $integer) -> Self {
                Self::Int(number.into())
            }
        }
    )*};
}
from_integer!(i8, i16, i32, i64, u8, u16, u32);
