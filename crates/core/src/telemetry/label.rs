//! Label values, borrowed for the length of one call.

/// A label value. Text is borrowed: a label that was seen before costs no allocation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    #[inline]
    fn from(text: &'a String) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value<'_> {
    #[inline]
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value<'_> {
            #[inline]
            fn from(number: $integer) -> Self {
                Self::Int(number.into())
            }
        }
    )*};
}
from_integer!(i8, i16, i32, i64, u8, u16, u32);

/// Numbers past `i64::MAX` stay there.
impl From<u64> for Value<'_> {
    #[inline]
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Numbers past `i64::MAX` stay there.
impl From<usize> for Value<'_> {
    #[inline]
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A literal in a macro, on its way to a constant [`Value`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Literal<T>(pub T);

impl Literal<&'static str> {
    /// Text.
    pub const fn value(self) -> Value<'static> {
        Value::Str(self.0)
    }
}

impl Literal<i64> {
    /// A whole number.
    pub const fn value(self) -> Value<'static> {
        Value::Int(self.0)
    }
}

impl Literal<bool> {
    /// Yes or no.
    pub const fn value(self) -> Value<'static> {
        Value::Bool(self.0)
    }
}
