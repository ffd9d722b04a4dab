//! What text fields are written to and read from.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// Takes text fields; keys are lower case.
pub trait Carrier {
    /// Sets a field. A value that the medium cannot carry is left out.
    fn set(&mut self, key: &'static str, value: String);
}

/// Gives text fields; keys are looked up in lower case.
pub trait Source {
    /// The field, or `None` where it is absent or not text. Where a field comes several times
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
