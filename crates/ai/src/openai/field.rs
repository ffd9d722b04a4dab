//! Reads members that may be absent, null, of another type, or under another name.

use serde_json::Value;
use std::borrow::Cow;

/// The first of these members that is present and not null.
pub(super) fn member<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let found = names.iter().map(|name| &object[*name]);
    found.into_iter().find(|value| !value.is_null())
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Owned(flag.to_string())),
        _ => None,
    }
}

/// A text member that is not empty.
pub(super) fn said<'a>(object: &'a Value, names: &[&str]) -> Option<Cow<'a, str>> {
    let found = names.iter().filter_map(|name| text(&object[*name]));
    found.into_iter().find(|text| !text.trim().is_empty())
}

/// An integer, also as text or as a fraction without a remainder.
pub(super) fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Some(whole.into()),
            (None, Some(whole), _) => Some(whole.into()),
            (None, None, Some(float)) if float.fract() == 0.0 && float.abs() < 1e18 => {
                Some(float as i128)
            }
            _ => None,
        },
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether a member has content: not null, false or empty.
pub(super) fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(is_set),
        Value::Object(members) => members.values().any(is_set),
        _ => true,
    }
}
