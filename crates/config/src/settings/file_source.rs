//! Values from a file.

use std::collections::BTreeMap;
use std::path::Path;

use figment::value::Value;

use super::layers::Setting;
use crate::file::Leaf;
use crate::keys::Keys;
use crate::nearest::nearest;
use crate::{ALIASES, Origin, SECTIONS, SettingsError, UnknownKey};

/// Resolves all leaves, or reports all unknown ones.
pub(super) fn settings(
    path: &Path,
    found: bool,
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
            found,
        };
        let (path, value) = translated(leaf, &origin)?;
        match keys.get(path[0].as_str()) {
            Some(keys) if keys.know(&path[1..]) => {}
            // A section of another program, or its alias under `otel`.
            None if SECTIONS.contains(&path[0].as_str()) => continue,
            section => {
                let nearest = nearest_key(&path, section, keys);
                let known = match nearest {
                    Some(_) => Vec::new(),
                    None => known_instead(section, keys),
                };
                unknown.push(UnknownKey {
                    key: spelling,
                    origin,
                    nearest,
                    known,
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

/// Replaces an alias at the start of a path.
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

/// The known keys of the section, or the known sections.
fn known_instead(section: Option<&Keys>, keys: &BTreeMap<&'static str, Keys>) -> Vec<String> {
    match section {
        Some(section) => section.names(),
        None => keys.keys().map(|&name| name.to_owned()).collect(),
    }
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
    // A key in the wrong section.
    let elsewhere = || {
        let (name, _) = keys.iter().find(|(_, keys)| keys.has(rest))?;
        Some(format!("{name}.{}", rest.join(".")))
    };
    match section {
        Some(section) => elsewhere()
            .or_else(|| section.nearest(rest).map(|key| format!("{first}.{key}")))
            .or_else(|| Some(format!("{first}.{}", nearest(&rest.join("."), spellings)?))),
        None if first == "otel" => {
            nearest(&rest.join("."), spellings).map(|key| format!("{first}.{key}"))
        }
        None => nearest(first, keys.keys().copied().chain(SECTIONS.iter().copied())),
    }
}
