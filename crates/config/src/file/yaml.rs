//! YAML, with the line of each key.

use std::collections::BTreeMap;
use std::fmt;

use figment::value::{Empty, Tag, Value};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::{Content, Node, Syntax};

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Node>, Syntax> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let root: Content = serde_saphyr::from_str(text).map_err(|error| Syntax {
        line: error
            .location()
            .and_then(|at| usize::try_from(at.line()).ok())
            .unwrap_or(0),
        message: message(&error),
    })?;
    match root {
        Content::Table(table) => Ok(table),
        // A document with only comments.
        Content::Value(Value::Empty(..)) => Ok(BTreeMap::new()),
        Content::Value(_) => Err(Syntax {
            line: 1,
            message: "expected sections, found a single value".to_owned(),
        }),
    }
}

/// The first line of the parser's message. The rest repeats the document.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Value(Value::from(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Value(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Value(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Value(Value::from(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Value(Value::from(value)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Value(Value::Empty(Tag::Default, Empty::None)))
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Content>()? {
            list.push(Value::from(item));
        }
        Ok(Content::Value(Value::from(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut table = BTreeMap::new();
        while let Some((key, content)) = entries.next_entry::<Spanned<String>, Content>()? {
            let line = usize::try_from(key.referenced.line()).unwrap_or(0);
            table.insert(key.value, Node { line, content });
        }
        Ok(Content::Table(table))
    }
}
