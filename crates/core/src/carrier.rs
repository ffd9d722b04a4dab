//! Carriers of text fields.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// Accepts text fields with lower-case keys.
pub trait Carrier {
    /// Sets a field. A value that the medium cannot carry is skipped.
    fn set(&mut self, key: &'static str, value: String);
}

/// Provides text fields, looked up by lower-case keys.
pub trait Source {
    /// The field, or `None` if it is absent or not text. If a field occurs several times
    /// (`baggage`, `tracestate`), its values are joined by `,`.
    fn get(&self, key: &str) -> Option<Cow<'_, str>>;
}

impl Carrier for BTreeMap<String, String> {
    fn set(&mut self, key: &'static str, value: String) {
        self.insert(key.to_owned(), value);
    }
}

impl Source for BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).map(|value| value.as_str().into())
    }
}

impl Carrier for HashMap<String, String> {
    fn set(&mut self, key: &'static str, value: String) {
        self.insert(key.to_owned(), value);
    }
}

impl Source for HashMap<String, String> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).map(|value| value.as_str().into())
    }
}
