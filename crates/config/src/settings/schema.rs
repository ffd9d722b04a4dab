//! The type-erased schema of a section.

use figment::value::Value;

use crate::{Section, Variable};

/// A [`Section`] without its type.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) variables: &'static [Variable],
    pub(super) secrets: &'static [&'static str],
    /// The default, or why it cannot be serialised.
    pub(super) default: Result<Value, String>,
}

impl Schema {
    pub(super) fn of<T: Section>() -> Self {
        Self {
            name: T::NAME,
            variables: T::VARIABLES,
            secrets: T::SECRETS,
            default: Value::serialize(T::default()).map_err(|error| error.kind.to_string()),
        }
    }
}
