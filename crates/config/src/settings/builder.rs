//! What an application hands in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};
use serde::Serialize;

use super::Settings;
use super::layers::{self, Setting};
use crate::file::{self, Leaf};
use crate::keys::Keys;
use crate::nearest::nearest;
use crate::section::{MASKED, is_secret};
use crate::{
    ALIASES, Environment, Origin, SECTIONS, Section, SettingsError, UnknownKey, Variable, Warning,
};

/// Collects the sections and the sources of settings.
#[derive(Default)]
#[must_use]
pub struct SettingsBuilder {
    sections: Vec<Schema>,
    recognised: Vec<String>,
    environment: Environment,
    file: Option<(PathBuf, Vec<Leaf>)>,
    explicit: Vec<(String, Result<Value, String>, String)>,
}

struct Schema {
    name: &'static str,
    variables: &'static [Variable],
    secrets: &'static [&'static str],
    default: Result<Value, String>,
}

impl SettingsBuilder {
    /// Names a section that this program understands.
    pub fn section<T: Section>(mut self) -> Self {
        self.sections.retain(|known| known.name != T::NAME);
        self.sections.push(Schema {
            name: T::NAME,
            variables: T::VARIABLES,
            secrets: T::SECRETS,
            default: Value::serialize(T::default()).map_err(|error| error.kind.to_string()),
        });
        self
    }

    /// Names `GLASSBOX_*` variables that are read elsewhere, so that none of them is a warning.
    pub fn recognise<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.recognised.extend(names.into_iter().map(Into::into));
        self
    }

    /// Hands in the environment.
    pub fn environment(mut self, environment: &Environment) -> Self {
        self.environment = environment.clone();
        self
    }

    /// Reads this file.
    ///
    /// # Errors
    /// If it cannot be read or parsed.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Result<Self, SettingsError> {
        let path = path.into();
        let leaves = file::read(&path)?;
        self.file = Some((path, leaves));
        Ok(self)
    }

    /// Reads the file that the flag names, else `GLASSBOX_CONFIG`, else the one in `directory`.
    ///
    /// # Errors
    /// If the file named is not there, or there are two, or it cannot be read or parsed.
    pub fn discover(
        self,
        flag: Option<&Path>,
        environment: &Environment,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        match file::find(flag, environment, directory)? {
            Some(path) => self.file(path),
            None => Ok(self),
        }
    }

    /// Sets a value above every other source; `flag` is how the user did it.
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

    /// Lays the sources over each other.
    ///
    /// # Errors
    /// If the file has keys that nothing understands, or one of them twice, or if a variable or an
    /// explicit value cannot be read.
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
        let warnings = self.unknown_variables();
        let mut settings = Vec::new();
        let file = match self.file {
            Some((path, leaves)) => {
                settings.extend(from_file(&path, leaves, &keys)?);
                Some(path)
            }
            None => None,
        };
        settings.extend(from_environment(&self.sections, &self.environment, &keys)?);
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

/// Shows no value: the sources may hold secrets.
impl fmt::Debug for SettingsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = self.sections.iter().map(|schema| schema.name);
        f.debug_struct("SettingsBuilder")
            .field("sections", &sections.collect::<Vec<_>>())
            .field("file", &self.file.as_ref().map(|(path, _)| path))
            .finish_non_exhaustive()
    }
}

/// Compares without the prefix, which would make all of them alike.
fn nearest_variable(name: &str, known: &[&str]) -> Option<String> {
    let bare = |name: &str| name.strip_prefix("GLASSBOX_").map(str::to_owned);
    let candidates: Vec<String> = known.iter().filter_map(|name| bare(name)).collect();
    nearest(&bare(name)?, candidates.iter().map(String::as_str))
        .map(|name| format!("GLASSBOX_{name}"))
}

fn from_file(
    path: &Path,
    leaves: Vec<Leaf>,
    keys: &BTreeMap<&'static str, Keys>,
) -> Result<Vec<Setting>, SettingsError> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut unknown = Vec::new();
    for leaf in leaves {
        let spelling = leaf.path.join(".");
        let origin = Origin::File {
            path: path.into(),
            key: spelling.clone(),
            line: leaf.line,
        };
        let (path, value) = translated(leaf, &origin)?;
        match keys.get(path[0].as_str()) {
            Some(keys) if keys.know(&path[1..]) => {}
            // A section of another program's, or the `otel` spelling of it.
            None if SECTIONS.contains(&path[0].as_str()) => continue,
            section => {
                unknown.push(UnknownKey {
                    key: spelling,
                    origin,
                    nearest: nearest_key(&path, section, keys),
                });
                continue;
            }
        }
        if let Some(other) = settings.iter().find(|other| other.path == path) {
            return Err(SettingsError::Twice {
                key: path.join("."),
                places: Box::new([other.origin.clone(), origin]),
            });
        }
        settings.push(Setting {
            path,
            value,
            origin,
        });
    }
    if unknown.is_empty() {
        return Ok(settings);
    }
    unknown.sort_by_key(|key| match key.origin {
        Origin::File { line, .. } => line,
        _ => 0,
    });
    Err(SettingsError::UnknownKeys { keys: unknown })
}

/// Replaces the spelling of an alias, wherever the leaf stands below it.
fn translated(leaf: Leaf, origin: &Origin) -> Result<(Vec<String>, Value), SettingsError> {
    let alias = ALIASES.iter().find_map(|alias| {
        let mut rest = leaf.path.iter();
        let below = alias
            .spelling()
            .split('.')
            .all(|segment| rest.next().is_some_and(|found| found == segment));
        below.then(|| (alias, rest.cloned().collect::<Vec<_>>()))
    });
    let Some((alias, rest)) = alias else {
        return Ok((leaf.path, leaf.value));
    };
    let mut path: Vec<String> = alias.key().split('.').map(str::to_owned).collect();
    path.extend(rest);
    let value = alias
        .reads(leaf.value)
        .map_err(|reason| SettingsError::Value {
            key: path.join("."),
            origin: origin.clone(),
            reason,
        })?;
    Ok((path, value))
}

fn nearest_key(
    path: &[String],
    section: Option<&Keys>,
    keys: &BTreeMap<&'static str, Keys>,
) -> Option<String> {
    let (first, rest) = path.split_first()?;
    let spellings = ALIASES.iter().filter_map(|alias| {
        alias
            .spelling()
            .strip_prefix(first.as_str())?
            .strip_prefix('.')
    });
    match section {
        Some(section) => section
            .nearest(rest)
            .map(|key| format!("{first}.{key}"))
            .or_else(|| Some(format!("{first}.{}", nearest(&rest.join("."), spellings)?))),
        None if first == "otel" => {
            nearest(&rest.join("."), spellings).map(|key| format!("{first}.{key}"))
        }
        None => nearest(first, keys.keys().copied().chain(SECTIONS.iter().copied())),
    }
}

fn from_environment(
    sections: &[Schema],
    environment: &Environment,
    keys: &BTreeMap<&'static str, Keys>,
) -> Result<Vec<Setting>, SettingsError> {
    let mut ranked: Vec<(u8, Setting)> = Vec::new();
    for schema in sections {
        // The first of two variables for one key comes last, and so wins.
        for variable in schema.variables.iter().rev() {
            let path = path_in(schema.name, variable.key());
            let key = path.join(".");
            if !keys[schema.name].know(&path[1..]) {
                let user = format!("variable {}", variable.name());
                return Err(SettingsError::NoKey { user, key });
            }
            let Some(text) = environment.get(variable.name()) else {
                continue;
            };
            let origin = Origin::Variable {
                name: variable.name().to_owned(),
            };
            let value = match variable.read(text) {
                Ok(value) => value,
                Err(reason) => {
                    let reason = if is_secret(schema.secrets, variable.key()) {
                        MASKED.to_owned()
                    } else {
                        reason
                    };
                    return Err(SettingsError::Value {
                        key,
                        origin,
                        reason,
                    });
                }
            };
            let setting = Setting {
                path,
                value,
                origin,
            };
            ranked.push((rank(variable.name()), setting));
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, setting)| setting).collect())
}

/// `OTEL_*` above `GLASSBOX_*` above what other programs read too, such as `REDIS_URL`.
fn rank(variable: &str) -> u8 {
    if variable.starts_with("OTEL_") {
        2
    } else if variable.starts_with("GLASSBOX_") {
        1
    } else {
        0
    }
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

fn path_in(section: &str, key: &str) -> Vec<String> {
    std::iter::once(section)
        .chain(key.split('.'))
        .map(str::to_owned)
        .collect()
}
