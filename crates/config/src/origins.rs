//! The origins of all values.

use std::collections::BTreeMap;

use figment::value::Value;

use crate::Origin;

/// The origin of each value, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(BTreeMap<Vec<String>, (usize, Origin)>);

impl Origins {
    /// Merges tables and replaces everything else.
    pub(crate) fn set(&mut self, path: Vec<String>, value: &Value, origin: &Origin) {
        if let Value::Dict(_, dict) = value {
            for (key, value) in dict {
                let mut path = path.clone();
                path.push(key.clone());
                self.set(path, value, origin);
            }
            return;
        }
        // A table replaces a scalar entirely, and the reverse.
        self.0
            .retain(|known, _| !path.starts_with(known) && !known.starts_with(&path));
        let rank = 1 + self.0.values().map(|(rank, _)| *rank).max().unwrap_or(0);
        self.0.insert(path, (rank, origin.clone()));
    }

    /// The origin of a value. For a table, the origin of its most recently set value.
    pub(crate) fn of(&self, path: &[impl AsRef<str>]) -> &Origin {
        self.0
            .iter()
            .filter(|(known, _)| {
                known
                    .iter()
                    .zip(path)
                    .all(|(left, right)| left == right.as_ref())
            })
            .map(|(_, found)| found)
            .max_by_key(|(rank, _)| *rank)
            .map_or(&Origin::Default, |(_, origin)| origin)
    }
}
