//! A YAML document with ordered keys and escaped texts.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_saphyr::SerializerOptions;

/// A value of a collector's configuration.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Flag(bool),
    Number(u64),
    /// A text in which `$` is doubled except in references.
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// A mapping with ordered keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Map(Vec<(String, Node)>);

impl Node {
    /// A reference to a variable of the collector's environment.
    pub(super) fn variable(name: &str) -> Self {
        Self::Text(format!("${{env:{name}}}"))
    }

    pub(super) fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Map {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Appends a key.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<Node>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// Appends a key with a number.
    pub(super) fn number(self, key: &str, number: u64) -> Self {
        self.with(key, Node::Number(number))
    }

    /// Appends a key if there is a value.
    pub(super) fn with_some<T: Into<Node>>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Appends the keys of another mapping.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// Writes the mapping as a document.
    pub(super) fn document(&self) -> Result<String, serde_saphyr::ser_error::Error> {
        let mut options = SerializerOptions::default();
        // Do not wrap long paths.
        options.prefer_block_scalars = false;
        serde_saphyr::to_string_with_options(self, options)
    }
}

/// Doubles `$`, so that the collector does not expand references in the text.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(literal(text))
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
