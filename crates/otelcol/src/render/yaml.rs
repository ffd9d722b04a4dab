//! A YAML document whose keys keep their order and whose texts mean what they say.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_saphyr::SerializerOptions;

/// A value of a collector's configuration.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Flag(bool),
    Number(u64),
    /// As it is written out, with `$` doubled where it is no reference.
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// A mapping in the order in which it was written down.
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

    /// Adds a key behind the others.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<Node>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    /// Adds a key with a number behind the others.
    pub(super) fn number(self, key: &str, number: u64) -> Self {
        self.with(key, Node::Number(number))
    }

    /// Adds a key where there is a value for it.
    pub(super) fn with_some<T: Into<Node>>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds the keys of another mapping behind the others.
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
        // A path stays on its line however long it is.
        options.prefer_block_scalars = false;
        serde_saphyr::to_string_with_options(self, options)
    }
}

/// Doubles `$`, so that the collector reads the text as it is instead of looking for references.
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
