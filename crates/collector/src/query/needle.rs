//! Case-insensitive text search.

use glassbox_otlp::proto::common::v1::any_value::Value;
use glassbox_otlp::proto::common::v1::{AnyValue, KeyValue};

/// A text to find in names, keys, values and bodies.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    lower: String,
    /// Whether the encoded bytes of every record that contains the text contain it literally.
    literal: bool,
}

impl Needle {
    /// Creates a needle; `None` for an empty text, which everything contains.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        // Numbers, booleans and ids are encoded in another form.
        let other_form = lower.bytes().all(|byte| b"0123456789+-.e".contains(&byte))
            || "true".contains(&lower)
            || "false".contains(&lower)
            || lower.bytes().all(|byte| byte.is_ascii_hexdigit());
        let literal = lower.is_ascii() && !other_form;
        (!lower.is_empty()).then_some(Self { lower, literal })
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        if self.lower.is_ascii() {
            return contains_ignoring_case(text.as_bytes(), self.lower.as_bytes());
        }
        text.to_lowercase().contains(&self.lower)
    }

    /// Returns whether the hexadecimal form of an id contains the text.
    pub(crate) fn is_in_id(&self, id: &[u8]) -> bool {
        self.lower.len() >= 4 && super::render::hex(id).contains(&self.lower)
    }

    /// Returns false if an encoded record cannot contain the text.
    pub(crate) fn may_be_in(&self, record: &[u8]) -> bool {
        !self.literal || contains_ignoring_case(record, self.lower.as_bytes())
    }

    pub(crate) fn is_in_attributes(&self, attributes: &[KeyValue]) -> bool {
        attributes.iter().any(|attribute| {
            self.is_in(&attribute.key)
                || attribute
                    .value
                    .as_ref()
                    .is_some_and(|value| self.is_in_value(value))
        })
    }

    /// Returns whether a value is equal to the text, ignoring case.
    pub(crate) fn is_value(&self, value: &AnyValue) -> bool {
        match &value.value {
            Some(Value::StringValue(text)) => text.to_lowercase() == self.lower,
            Some(Value::BoolValue(flag)) => flag.to_string() == self.lower,
            Some(Value::IntValue(number)) => number.to_string() == self.lower,
            Some(Value::DoubleValue(number)) => number.to_string() == self.lower,
            Some(Value::ArrayValue(array)) => array.values.iter().any(|one| self.is_value(one)),
            _ => false,
        }
    }

    pub(crate) fn is_in_value(&self, value: &AnyValue) -> bool {
        match &value.value {
            Some(Value::StringValue(text)) => self.is_in(text),
            Some(Value::BoolValue(flag)) => self.is_in(if *flag { "true" } else { "false" }),
            Some(Value::IntValue(number)) => self.is_in(&number.to_string()),
            Some(Value::DoubleValue(number)) => self.is_in(&number.to_string()),
            Some(Value::ArrayValue(array)) => array.values.iter().any(|one| self.is_in_value(one)),
            Some(Value::KvlistValue(list)) => self.is_in_attributes(&list.values),
            Some(Value::BytesValue(_) | Value::StringValueStrindex(_)) | None => false,
        }
    }
}

/// Finds `lower`, which is ASCII in lower case.
fn contains_ignoring_case(text: &[u8], lower: &[u8]) -> bool {
    let Some((first, rest)) = lower.split_first() else {
        return true;
    };
    let starts = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    starts.into_iter().any(|start| {
        let tail = &text[start + 1..];
        tail.len() >= rest.len() && tail[..rest.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_in_any_case_and_place() {
        let needle = Needle::new(" Berlin ").unwrap();
        assert!(needle.is_in("weather in BERLIN"));
        assert!(needle.may_be_in(b"\x0a\x06berlin"));
        assert!(!needle.may_be_in(b"\x0a\x05berli"));
        assert!(Needle::new("ÜBER").unwrap().is_in("über"));
        assert!(Needle::new("  ").is_none());
    }

    #[test]
    fn numbers_and_booleans_are_searched_in_their_decoded_form() {
        for text in ["503", "1.5", "tru", "4bf9"] {
            assert!(Needle::new(text).unwrap().may_be_in(b""), "{text}");
        }
        let value = AnyValue {
            value: Some(Value::IntValue(503)),
        };
        assert!(Needle::new("503").unwrap().is_in_value(&value));
    }
}
