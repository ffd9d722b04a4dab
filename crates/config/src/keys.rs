//! The known keys of a section, taken from its default value.

use std::collections::BTreeMap;

use figment::value::Value;

use crate::nearest::nearest;

#[derive(Debug)]
pub(crate) enum Keys {
    /// Any keys are allowed below.
    Any,
    Table(BTreeMap<String, Keys>),
}

impl Keys {
    pub(crate) fn of(default: &Value) -> Self {
        match default {
            Value::Dict(_, dict) if !dict.is_empty() => Self::Table(
                dict.iter()
                    .map(|(key, value)| (key.clone(), Self::of(value)))
                    .collect(),
            ),
            _ => Self::Any,
        }
    }

    pub(crate) fn know(&self, path: &[impl AsRef<str>]) -> bool {
        match (self, path) {
            (Self::Any, _) | (_, []) => true,
            (Self::Table(table), [first, rest @ ..]) => table
                .get(first.as_ref())
                .is_some_and(|keys| keys.know(rest)),
        }
    }

    /// Whether exactly this key exists, in a table that does not allow others.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        !path.is_empty() && !matches!(self, Self::Any) && self.know(path)
    }

    /// The known key most similar to an unknown one: first among its siblings, then anywhere.
    pub(crate) fn nearest(&self, path: &[String]) -> Option<String> {
        let mut table = self;
        for (depth, segment) in path.iter().enumerate() {
            let Self::Table(siblings) = table else { break };
            match siblings.get(segment) {
                Some(keys) => table = keys,
                None => {
                    let sibling = nearest(segment, siblings.keys().map(String::as_str));
                    if let Some(sibling) = sibling {
                        let mut path = path[..depth].to_vec();
                        path.push(sibling);
                        return Some(path.join("."));
                    }
                    break;
                }
            }
        }
        let last = path.last()?;
        let all = self.all();
        let name = nearest(last, all.iter().filter_map(|key| key.rsplit('.').next()))?;
        all.into_iter()
            .find(|key| key.rsplit('.').next() == Some(&name))
    }

    /// The names of the top-level keys.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::Any => Vec::new(),
            Self::Table(table) => table.keys().cloned().collect(),
        }
    }

    fn all(&self) -> Vec<String> {
        let Self::Table(table) = self else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, below) in table {
            all.push(key.clone());
            all.extend(below.all().iter().map(|rest| format!("{key}.{rest}")));
        }
        all
    }
}
