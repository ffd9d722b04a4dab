//! Borrowed values of labels and of a span's initial attributes.

use super::Attribute;

/// The value of a label or of an attribute. Everything is borrowed, so a known label and an attribute
/// of a span that is not recorded need no allocation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value: the label or attribute is omitted. [`None`] converts to this.
    Absent,
    /// Text. Copied if it is recorded.
    Str(&'a str),
    /// Text that lives as long as the process. Never copied.
    Static(&'static str),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Several texts.
    Strs(&'a [&'a str]),
    /// Several whole numbers.
    Ints(&'a [i64]),
    /// Several numbers.
    Floats(&'a [f64]),
    /// Several booleans.
    Bools(&'a [bool]),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The text, if it is one.
    pub const fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Static(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Copies what is borrowed; `None` if the value is absent.
    pub fn to_attribute(self) -> Option<Attribute> {
        Some(match self {
            Self::Absent => return None,
            Self::Str(text) => Attribute::Str(text.to_owned().into()),
            Self::Static(text) => Attribute::Str(text.into()),
            Self::Int(number) => Attribute::Int(number),
            Self::Float(number) => Attribute::Float(number),
            Self::Bool(yes) => Attribute::Bool(yes),
            Self::Strs(texts) => {
                Attribute::Strs(texts.iter().map(|text| (*text).to_owned().into()).collect())
            }
            Self::Ints(numbers) => Attribute::Ints(numbers.to_vec()),
            Self::Floats(numbers) => Attribute::Floats(numbers.to_vec()),
            Self::Bools(answers) => Attribute::Bools(answers.to_vec()),
            Self::Bytes(bytes) => Attribute::Bytes(bytes.to_vec()),
        })
    }
}

/// Texts are equal whether they are static or not.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Strs(left), Self::Strs(right)) => left == right,
            (Self::Ints(left), Self::Ints(right)) => left == right,
            (Self::Floats(left), Self::Floats(right)) => left == right,
            (Self::Bools(left), Self::Bools(right)) => left == right,
            (Self::Bytes(left), Self::Bytes(right)) => left == right,
            (left, right) => left
                .as_str()
                .is_some_and(|text| right.as_str() == Some(text)),
        }
    }
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

impl<'a> From<&'a [&'a str]> for Value<'a> {
    #[inline]
    fn from(texts: &'a [&'a str]) -> Self {
        Self::Strs(texts)
    }
}

impl From<bool> for Value<'_> {
    #[inline]
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<f64> for Value<'_> {
    #[inline]
    fn from(number: f64) -> Self {
        Self::Float(number)
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

/// Larger numbers become `i64::MAX`.
impl From<u64> for Value<'_> {
    #[inline]
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Larger numbers become `i64::MAX`.
impl From<usize> for Value<'_> {
    #[inline]
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// `None` is [`Absent`](Value::Absent).
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// A literal in a macro, which becomes a constant [`Value`].
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

impl Literal<f64> {
    /// A number.
    pub const fn value(self) -> Value<'static> {
        Value::Float(self.0)
    }
}

impl Literal<bool> {
    /// A boolean.
    pub const fn value(self) -> Value<'static> {
        Value::Bool(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_a_copy_of_every_kind() {
        let copied = |value: Value<'_>| value.to_attribute().unwrap();
        let text = String::from("x");
        assert_eq!(copied(Value::from(&text)), Attribute::from("x"));
        assert_eq!(copied(Value::Static("x")), Attribute::from("x"));
        assert_eq!(copied(0.5.into()), Attribute::Float(0.5));
        assert_eq!(
            copied(Value::Strs(&["a", "b"])),
            Attribute::Strs(vec!["a".into(), "b".into()])
        );
        assert_eq!(copied(Value::Ints(&[1, 2])), Attribute::Ints(vec![1, 2]));
        assert_eq!(copied(Value::Floats(&[0.5])), Attribute::Floats(vec![0.5]));
        assert_eq!(copied(Value::Bools(&[true])), Attribute::Bools(vec![true]));
        assert_eq!(
            copied(Value::Bytes(&[0, 255])),
            Attribute::Bytes(vec![0, 255])
        );
    }

    #[test]
    fn none_is_left_out_and_static_text_is_text() {
        assert_eq!(Value::from(None::<&str>), Value::Absent);
        assert_eq!(Value::Absent.to_attribute(), None);
        assert_eq!(Value::from(Some(7_u16)), Value::Int(7));
        assert_eq!(Value::Static("x"), Value::Str("x"));
        assert_ne!(Value::Absent, Value::Str(""));
    }
}
