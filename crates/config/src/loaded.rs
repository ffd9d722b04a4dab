//! A section with the origins of its values.

use std::fmt;
use std::ops::Deref;

use figment::Figment;
use figment::error::Kind;
use figment::value::Value;

use crate::origins::Origins;
use crate::section::{MASKED, is_secret};
use crate::{Origin, Reserved, Section, SettingsError};

/// A section with the origin of each value.
#[derive(Clone)]
pub struct Loaded<T> {
    value: T,
    origins: Origins,
    section: &'static str,
    entries: Vec<Entry>,
}

/// One key of a section, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The key, from the root.
    pub key: String,
    /// Its value, or `***` for a secret that is set.
    pub value: String,
    /// The origin of the value.
    pub origin: Origin,
}

impl<T> Loaded<T> {
    /// The section without origins.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The origin of a key, relative to the section.
    pub fn origin(&self, key: &str) -> &Origin {
        let path: Vec<&str> = std::iter::once(self.section)
            .chain(key.split('.'))
            .collect();
        self.origins.of(&path)
    }

    /// All keys with values and origins. Secrets are masked.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Prints the entries with masked secrets.
impl<T> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loaded").field(&self.entries).finish()
    }
}

impl<T: Section> Loaded<T> {
    pub(crate) fn extract(figment: &Figment, origins: &Origins) -> Result<Self, SettingsError> {
        let value: T = figment
            .focus(T::NAME)
            .extract_lossy()
            .map_err(|error| unusable::<T>(&error, origins))?;
        value.validate().map_err(|invalid| {
            let path: Vec<&str> = std::iter::once(T::NAME)
                .chain(invalid.key.split('.'))
                .collect();
            SettingsError::Value {
                key: path.join("."),
                origin: origins.of(&path).clone(),
                reason: invalid.reason,
            }
        })?;
        refuse_reserved(&value, origins)?;
        let mut entries = Vec::new();
        if let Ok(values) = figment.find_value(T::NAME) {
            list::<T>(
                &values,
                &mut vec![T::NAME.to_owned()],
                origins,
                &mut entries,
            );
        }
        Ok(Self {
            value,
            origins: origins.clone(),
            section: T::NAME,
            entries,
        })
    }
}

/// Rejects reserved values from a file that the user did not choose.
fn refuse_reserved<T: Section>(value: &T, origins: &Origins) -> Result<(), SettingsError> {
    let path = |key: &'static str| -> Vec<&str> {
        std::iter::once(T::NAME).chain(key.split('.')).collect()
    };
    for Reserved { key, does, secret } in value.reserved() {
        let path_of_key = path(key);
        let origin = origins.of(&path_of_key);
        let is_elsewhere = |secret| {
            let origin = origins.of(&path(secret));
            !origin.is_default() && !origin.is_found()
        };
        if origin.is_found() && secret.is_none_or(is_elsewhere) {
            let mut variables = T::VARIABLES.iter();
            let variable = variables.find(|variable| variable.key() == key);
            return Err(SettingsError::Reserved {
                key: path_of_key.join("."),
                origin: origin.clone(),
                does,
                variable: variable.map(|variable| variable.name()),
            });
        }
    }
    Ok(())
}

fn unusable<T: Section>(error: &figment::Error, origins: &Origins) -> SettingsError {
    let mut path = vec![T::NAME.to_owned()];
    path.extend(error.path.iter().cloned());
    let reason = match &error.kind {
        _ if is_secret(T::SECRETS, &path[1..].join(".")) => MASKED.to_owned(),
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("found {found}, expected {expected}")
        }
        Kind::UnknownVariant(found, expected) => {
            format!("found {found:?}, expected one of {}", expected.join(", "))
        }
        kind => kind.to_string(),
    };
    SettingsError::Value {
        key: path.join("."),
        origin: origins.of(&path).clone(),
        reason,
    }
}

fn list<T: Section>(
    value: &Value,
    path: &mut Vec<String>,
    origins: &Origins,
    entries: &mut Vec<Entry>,
) {
    match value {
        Value::Dict(_, dict) if !dict.is_empty() => {
            for (key, value) in dict {
                path.push(key.clone());
                list::<T>(value, path, origins, entries);
                path.pop();
            }
        }
        value => entries.push(Entry {
            key: path.join("."),
            value: match shown(value) {
                text if text.is_empty() => text,
                _ if is_secret(T::SECRETS, &path[1..].join(".")) => "***".to_owned(),
                text => text,
            },
            origin: origins.of(path).clone(),
        }),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, c) => c.to_string(),
        Value::Bool(_, boolean) => boolean.to_string(),
        Value::Num(_, num) => match (num.to_i128(), num.to_u128(), num.to_f64()) {
            (Some(n), _, _) => n.to_string(),
            (_, Some(n), _) => n.to_string(),
            (_, _, Some(n)) => n.to_string(),
            _ => String::new(),
        },
        Value::Empty(..) => String::new(),
        Value::Dict(_, dict) => dict
            .iter()
            .map(|(key, value)| format!("{key}={}", shown(value)))
            .collect::<Vec<_>>()
            .join(","),
        Value::Array(_, items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
    }
}
