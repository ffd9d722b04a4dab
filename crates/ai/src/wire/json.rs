//! Reads JSON whose decoded size is bounded: small text can describe large structures.

use super::{
    conceal::Conceal,
    surrogates::{Halves, mend},
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::{cell::Cell, fmt};

/// Cost of a value within a list or an object; a list grows by doubling.
const VALUE: usize = 2 * size_of::<Value>();
/// Cost of the first member of an object: a node of the tree.
const OBJECT: usize = 11 * (size_of::<Value>() + size_of::<String>());

/// A document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    /// Whether private-use characters stand for surrogates.
    pub(crate) has_marks: bool,
}

/// Why a document cannot be read; without its content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is larger than the limit once it is decoded.
    #[error("it is larger than the limit once it is decoded")]
    TooLarge,
    /// It is not JSON.
    #[error("it is not valid JSON (line {line} column {column})")]
    Invalid { line: usize, column: usize },
}

/// Reads a document and removes secrets.
///
/// If a member occurs twice, its last value that is not null is kept.
///
/// # Errors
/// If it is not JSON, or takes more than `limit` bytes once it is decoded.
pub(crate) fn read(
    text: &str,
    halves: Halves,
    limit: usize,
    conceal: &Conceal,
) -> Result<Document, Unreadable> {
    let mended = mend(text, halves);
    let left = Cell::new(limit);
    let seed = Bounded {
        left: &left,
        conceal,
    };
    let mut json = serde_json::Deserializer::from_str(&mended.text);
    let value = seed.deserialize(&mut json).and_then(|value| {
        json.end()?;
        Ok(value)
    });
    match value {
        Ok(value) => Ok(Document {
            value,
            has_marks: mended.has_marks,
        }),
        Err(error) if error.is_data() => Err(Unreadable::TooLarge),
        Err(error) => Err(Unreadable::Invalid {
            line: error.line(),
            column: error.column(),
        }),
    }
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Cell<usize>,
    conceal: &'a Conceal,
}

impl Bounded<'_> {
    fn charge<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(bytes);
        self.left
            .set(left.ok_or_else(|| E::custom("larger than the limit"))?);
        Ok(())
    }

    fn text<E: Error>(&self, text: &str) -> Result<String, E> {
        self.charge(text.len())?;
        Ok(self.conceal.within(text).into_owned())
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.charge(VALUE)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(self.text(value)?))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<std::borrow::Cow<'_, str>>()? {
            let key = self.text(&key)?;
            self.charge(if object.is_empty() { OBJECT } else { VALUE })?;
            let value = members.next_value_seed(self)?;
            if !value.is_null() || !object.contains_key(&key) {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str, limit: usize) -> Result<Value, Unreadable> {
        read(text, Halves::Replace, limit, &Conceal::default()).map(|document| document.value)
    }

    #[test]
    fn a_document_is_read_as_it_is() {
        let text = r#"{"a": [1, -2, 3.5, true, null, "æ\ud83d\ude00"], "b": {"c": {}}}"#;
        let expected = json!({"a": [1, -2, 3.5, true, null, "æ😀"], "b": {"c": {}}});
        assert_eq!(parse(text, 1 << 20).unwrap(), expected);
    }

    #[test]
    fn small_text_that_describes_a_large_structure_is_refused() {
        for unit in ["[],", "{\"\":0},", "0,", "[0],"] {
            let text = format!("[{}0]", unit.repeat(50_000));
            let refused = parse(&text, 1 << 20).unwrap_err();
            assert!(matches!(refused, Unreadable::TooLarge), "{unit}: {refused}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_its_content() {
        let error = parse("{\"secret\": \"x", 10_000).unwrap_err();
        assert_eq!(error.to_string(), "it is not valid JSON (line 1 column 13)");
        assert!(parse(&"[".repeat(200_000), 1 << 30).is_err());
        assert!(parse("{} {}", 1000).is_err());
    }

    #[test]
    fn null_does_not_replace_what_came_before() {
        let twice = parse(r#"{"a": 1, "a": null, "b": 1, "b": 2}"#, 10_000).unwrap();
        assert_eq!(twice, json!({"a": 1, "b": 2}));
    }
}
