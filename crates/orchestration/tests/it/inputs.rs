//! Inputs of runs.

use serde_json::{Map, Value};

/// The members of an object.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}
