//! Finds and reads settings files, and splits them into leaves with line numbers.

mod toml;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};

use crate::{Environment, SettingsError};

/// The file names searched for in the working directory.
const NAMES: &[&str] = &["glassbox.toml", "glassbox.yaml", "glassbox.yml"];

/// The variable with the path of a file.
pub(crate) const VARIABLE: &str = "GLASSBOX_CONFIG";

/// A value in a file, with the line of its key.
#[derive(Debug)]
pub(crate) struct Node {
    line: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A scalar, or a list as a whole.
    Value(Value),
    Table(BTreeMap<String, Node>),
}

/// A value that is not a table, and its path.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// Reads a file in the format of its extension.
pub(crate) fn read(path: &Path) -> Result<Vec<Leaf>, SettingsError> {
    let parse = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::parse,
        Some("yaml" | "yml") => yaml::parse,
        _ => return Err(SettingsError::Format { path: path.into() }),
    };
    let bytes = std::fs::read(path).map_err(|source| SettingsError::Unreadable {
        path: path.into(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        SettingsError::Syntax {
            path: path.into(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            message: "the line is not UTF-8; save the file as UTF-8".to_owned(),
        }
    })?;
    let root = parse(&text).map_err(|Syntax { line, message }| SettingsError::Syntax {
        path: path.into(),
        line,
        message,
    })?;
    let mut leaves = Vec::new();
    flatten(root, &mut Vec::new(), &mut leaves);
    Ok(leaves)
}

/// The settings file of a program: from the flag, from the variable, or in `directory`. Also returns
/// whether it is the one from `directory`, which the user did not choose.
pub(crate) fn find(
    flag: Option<&Path>,
    environment: &Environment,
    directory: &Path,
) -> Result<Option<(PathBuf, bool)>, SettingsError> {
    if let Some(path) = flag {
        return Ok(Some((path.into(), false)));
    }
    if let Some(path) = environment.get(VARIABLE) {
        return Ok(Some((path.into(), false)));
    }
    let mut present = NAMES
        .iter()
        .map(|name| directory.join(name))
        .filter(|path| path.exists());
    match (present.next(), present.next()) {
        (Some(first), Some(second)) => Err(SettingsError::Ambiguous { first, second }),
        (first, _) => Ok(first.map(|path| (path, true))),
    }
}

/// A parse error.
struct Syntax {
    line: usize,
    message: String,
}

fn flatten(table: BTreeMap<String, Node>, path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    for (key, node) in table {
        path.push(key);
        match node.content {
            Content::Table(table) if !table.is_empty() => flatten(table, path, leaves),
            content => leaves.push(Leaf {
                path: path.clone(),
                line: node.line,
                value: content.into(),
            }),
        }
        path.pop();
    }
}

impl From<Content> for Value {
    fn from(content: Content) -> Self {
        match content {
            Content::Value(value) => value,
            Content::Table(table) => Value::from(
                table
                    .into_iter()
                    .map(|(key, node)| (key, node.content.into()))
                    .collect::<Dict>(),
            ),
        }
    }
}
