//! The settings builder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};
use serde::Serialize;

use super::Settings;
use super::layers::{self, Setting};
use super::schema::Schema;
use super::{environment_source, file_source};
use crate::file::{self, Leaf};
use crate::keys::Keys;
use crate::nearest::nearest;
use crate::{Environment, Origin, Section, SettingsError, Warning};

/// Collects the sections and the sources of settings.
#[derive(Default)]
#[must_use]
pub struct SettingsBuilder {
    sections: Vec<Schema>,
    recognised: Vec<String>,
    environment: Environment,
    file: Option<Source>,
    explicit: Vec<(String, Result<Value, String>, String)>,
}

/// A file that was read.
struct Source {
    path: PathBuf,
    leaves: Vec<Leaf>,
    /// Whether it was found in the working folder, and not chosen by the user.
    found: bool,
}

impl SettingsBuilder {
    /// Registers a section.
    pub fn section<T: Section>(mut self) -> Self {
        self.sections.retain(|known| known.name != T::NAME);
        self.sections.push(Schema::of::<T>());
        self
    }

    /// Registers `GLASSBOX_*` variables that are read elsewhere, so that they cause no warning.
    pub fn recognise<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.recognised.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets the environment.
    pub fn environment(mut self, environment: &Environment) -> Self {
        self.environment = environment.clone();
        self
    }

    /// Reads this file.
    ///
    /// # Errors
    /// If it cannot be read or parsed.
    pub fn file(self, path: impl Into<PathBuf>) -> Result<Self, SettingsError> {
        self.source(path.into(), false)
    }

    fn source(mut self, path: PathBuf, found: bool) -> Result<Self, SettingsError> {
        let leaves = file::read(&path)?;
        self.file = Some(Source {
            path,
            leaves,
            found,
        });
        Ok(self)
    }

    /// Reads the file from the flag, or else from `GLASSBOX_CONFIG`, or else the one in `directory`.
    ///
    /// The user did not choose a file in `directory`, so it must not set what [`Section::reserved`]
    /// returns.
    ///
    /// # Errors
    /// If the named file does not exist, there are two files, or the file cannot be read or parsed.
    pub fn discover(
        self,
        flag: Option<&Path>,
        environment: &Environment,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        match file::find(flag, environment, directory)? {
            Some((path, found)) => self.source(path, found),
            None => Ok(self),
        }
    }

    /// Sets a value that overrides all other sources. `flag` is its origin.
    pub fn explicit(
        mut self,
        key: impl Into<String>,
        value: impl Serialize,
        flag: impl Into<String>,
    ) -> Self {
        let value = Value::serialize(value).map_err(|error| error.kind.to_string());
        self.explicit.push((key.into(), value, flag.into()));
        self
    }

    /// Sets a value if the user gave the flag.
    pub fn flag(
        self,
        key: impl Into<String>,
        value: Option<impl Serialize>,
        flag: impl Into<String>,
    ) -> Self {
        match value {
            Some(value) => self.explicit(key, value, flag),
            None => self,
        }
    }

    /// Merges the sources.
    ///
    /// # Errors
    /// If the file has unknown or duplicate keys, or if a variable or an explicit value cannot be
    /// parsed.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let mut defaults = Dict::new();
        let mut keys = BTreeMap::new();
        for schema in &self.sections {
            let default = schema
                .default
                .clone()
                .map_err(|reason| SettingsError::Value {
                    key: schema.name.to_owned(),
                    origin: Origin::Default,
                    reason,
                })?;
            keys.insert(schema.name, Keys::of(&default));
            defaults.insert(schema.name.to_owned(), default);
        }
        let names = self.unreadable_variables();
        if !names.is_empty() {
            return Err(SettingsError::NotText { names });
        }
        let warnings = self.unknown_variables();
        let mut settings = Vec::new();
        let file = match self.file {
            Some(Source {
                path,
                leaves,
                found,
            }) => {
                settings.extend(file_source::settings(&path, found, leaves, &keys)?);
                Some(path)
            }
            None => None,
        };
        settings.extend(environment_source::settings(
            &self.sections,
            &self.environment,
            &keys,
        )?);
        settings.extend(from_application(self.explicit, &keys)?);
        let (figment, origins) = layers::merge(defaults, settings);
        Ok(Settings {
            figment,
            origins,
            sections: self.sections.iter().map(|schema| schema.name).collect(),
            file,
            warnings,
        })
    }

    /// The variables that would have an effect if they were UTF-8.
    fn unreadable_variables(&self) -> Vec<String> {
        let is_read = |name: &str| {
            let mut read = self.sections.iter().flat_map(|schema| schema.variables);
            read.any(|variable| variable.name() == name)
        };
        let is_ours = |name: &str| name.starts_with("GLASSBOX_") || name.starts_with("OTEL_");
        let unreadable = self.environment.unreadable();
        unreadable
            .filter(|name| is_ours(name) || is_read(name))
            .map(str::to_owned)
            .collect()
    }

    fn unknown_variables(&self) -> Vec<Warning> {
        let known: Vec<&str> = self
            .sections
            .iter()
            .flat_map(|schema| schema.variables)
            .map(|variable| variable.name())
            .chain(self.recognised.iter().map(String::as_str))
            .chain([file::VARIABLE])
            .collect();
        self.environment
            .iter()
            .filter(|(name, _)| name.starts_with("GLASSBOX_") && !known.contains(name))
            .map(|(name, _)| Warning::UnknownVariable {
                name: name.to_owned(),
                nearest: nearest_variable(name, &known),
            })
            .collect()
    }
}

/// Prints no values, because they may be secrets.
impl fmt::Debug for SettingsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = self.sections.iter().map(|schema| schema.name);
        f.debug_struct("SettingsBuilder")
            .field("sections", &sections.collect::<Vec<_>>())
            .field("file", &self.file.as_ref().map(|source| &source.path))
            .finish_non_exhaustive()
    }
}

/// Compares names without the common prefix.
fn nearest_variable(name: &str, known: &[&str]) -> Option<String> {
    let bare = |name: &str| name.strip_prefix("GLASSBOX_").map(str::to_owned);
    let candidates: Vec<String> = known.iter().filter_map(|name| bare(name)).collect();
    nearest(&bare(name)?, candidates.iter().map(String::as_str))
        .map(|name| format!("GLASSBOX_{name}"))
}

fn from_application(
    explicit: Vec<(String, Result<Value, String>, String)>,
    keys: &BTreeMap<&'static str, Keys>,
) -> Result<Vec<Setting>, SettingsError> {
    explicit
        .into_iter()
        .map(|(key, value, flag)| {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            let known = keys
                .get(path[0].as_str())
                .is_some_and(|section| section.know(&path[1..]));
            if !known {
                let user = format!("flag {flag}");
                return Err(SettingsError::NoKey { user, key });
            }
            let origin = Origin::Explicit { flag };
            match value {
                Ok(value) => Ok(Setting {
                    path,
                    value,
                    origin,
                }),
                Err(reason) => Err(SettingsError::Value {
                    key,
                    origin,
                    reason,
                }),
            }
        })
        .collect()
}
