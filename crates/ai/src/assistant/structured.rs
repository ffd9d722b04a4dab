//! Typed answers.

use super::Answer;
use crate::fence::without_fence;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, de::DeserializeOwned};

/// A value of type `T`, and the answer that it was parsed from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Structured<T> {
    /// The value.
    pub value: T,
    /// The answer, with its tool calls and usage.
    pub answer: Answer,
}

impl<T> Structured<T> {
    pub(super) fn new(value: T, answer: Answer) -> Self {
        Self { value, answer }
    }
}

/// Why an answer cannot be parsed.
pub(super) struct Mismatch {
    /// The path of the mistake, such as `cities[1].name`; `.` is the whole answer.
    pub(super) path: String,
    /// The mistake. The text may quote the answer.
    pub(super) what: String,
}

impl Mismatch {
    /// The message that asks the model to answer again.
    pub(super) fn request(&self) -> String {
        format!(
            "Your answer does not match the schema. At `{}`: {}. Answer again, with nothing but JSON that matches the schema.",
            self.path, self.what
        )
    }
}

/// The type that an answer must have.
pub(super) trait Expected: Send {
    /// The schema of the answer.
    fn schema(&self) -> &Schema;

    /// Parses an answer and keeps the value.
    fn read(&mut self, text: &str) -> Result<(), Mismatch>;
}

/// An answer of type `T`.
pub(super) struct Typed<T> {
    schema: Schema,
    read: fn(&str) -> Result<T, Mismatch>,
    value: Option<T>,
}

/// Providers accept only schemas of objects; other types are wrapped in one.
#[derive(Deserialize, JsonSchema)]
struct Wrapped<T> {
    value: T,
}

impl<T: DeserializeOwned + JsonSchema> Typed<T> {
    pub(super) fn new() -> Self {
        let schema = schema_for!(T);
        let is_object = schema.get("type").is_some_and(|kind| kind == "object");
        let read: fn(&str) -> Result<T, Mismatch> = match is_object {
            true => parse::<T>,
            false => |text| parse::<Wrapped<T>>(text).map(|wrapped| wrapped.value),
        };
        Self {
            schema: match is_object {
                true => schema,
                false => schema_for!(Wrapped<T>),
            },
            read,
            value: None,
        }
    }

    pub(super) fn into_value(self) -> Option<T> {
        self.value
    }
}

impl<T: Send> Expected for Typed<T> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn read(&mut self, text: &str) -> Result<(), Mismatch> {
        self.value = Some((self.read)(text)?);
        Ok(())
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Mismatch> {
    let mut document = serde_json::Deserializer::from_str(without_fence(text));
    let value = serde_path_to_error::deserialize(&mut document).map_err(|error| Mismatch {
        path: error.path().to_string(),
        what: error.inner().to_string(),
    })?;
    document.end().map_err(|error| Mismatch {
        path: ".".to_owned(),
        what: error.to_string(),
    })?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct City {
        name: String,
        people: u32,
    }

    fn read<T: DeserializeOwned + JsonSchema + Send>(text: &str) -> Result<T, Mismatch> {
        let mut typed = Typed::<T>::new();
        typed.read(text)?;
        Ok(typed.into_value().unwrap())
    }

    #[test]
    fn an_object_is_read_with_or_without_a_fence() {
        let oslo = City {
            name: "Oslo".to_owned(),
            people: 7,
        };
        let json = r#"{"name": "Oslo", "people": 7}"#;
        for text in [
            json.to_owned(),
            format!("\n{json}\n"),
            format!("```json\n{json}\n```"),
            format!("```\n{json}\n```"),
        ] {
            assert!(read::<City>(&text).is_ok_and(|city| city == oslo), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let wrong = |text: &str| match read::<Vec<City>>(text) {
            Ok(cities) => panic!("{cities:?}"),
            Err(mismatch) => (mismatch.path, mismatch.what),
        };
        let (path, what) = wrong(r#"{"value": [{"name": "Oslo", "people": "many"}]}"#);
        assert_eq!(path, "value[0].people");
        assert!(what.contains("expected u32"), "{what}");
        let (path, _) = wrong(r#"{"value": []} and more"#);
        assert_eq!(path, ".");
        let (path, _) = wrong("There are many.");
        assert_eq!(path, ".");
    }

    #[test]
    fn what_is_no_object_is_put_into_one() {
        let typed = Typed::<Vec<City>>::new();
        assert_eq!(typed.schema().get("type"), Some(&Value::from("object")));
        // References into `$defs` stay valid, because the definitions are at the root.
        assert!(typed.schema().get("$defs").is_some());
        assert!(read::<Vec<City>>(r#"{"value": []}"#).is_ok_and(|cities| cities.is_empty()));
    }
}
