//! Leaves from every source, merged in the order of their rank, and where each came from.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use crate::Origin;

/// One value that somebody set.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Where each value comes from, by the way to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(BTreeMap<Vec<String>, (usize, Origin)>);

impl Origins {
    /// Tables are laid over each other, everything else is replaced.
    fn set(&mut self, path: Vec<String>, value: &Value, origin: &Origin) {
        if let Value::Dict(_, dict) = value {
            for (key, value) in dict {
                let mut path = path.clone();
                path.push(key.clone());
                self.set(path, value, origin);
            }
            return;
        }
        // A table in the place of a scalar, or the reverse, leaves nothing of what was there.
        self.0
            .retain(|known, _| !path.starts_with(known) && !known.starts_with(&path));
        let rank = 1 + self.0.values().map(|(rank, _)| *rank).max().unwrap_or(0);
        self.0.insert(path, (rank, origin.clone()));
    }

    /// The origin of a value; of a table, the origin of what was set in it last.
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

/// Lays settings over the defaults; the later one wins.
pub(crate) fn merge(defaults: Dict, settings: Vec<Setting>) -> (Figment, Origins) {
    let mut origins = Origins::default();
    let mut figment = Figment::from(Layer {
        name: Origin::Default.to_string(),
        values: defaults,
    });
    for Setting {
        path,
        value,
        origin,
    } in settings
    {
        let name = origin.to_string();
        let values = nested(&path, value.clone());
        figment = figment.merge(Layer { name, values });
        origins.set(path, &value, &origin);
    }
    (figment, origins)
}

fn nested(path: &[String], value: Value) -> Dict {
    let mut dict = Dict::new();
    if let Some((first, rest)) = path.split_first() {
        let value = match rest {
            [] => value,
            rest => Value::from(nested(rest, value)),
        };
        dict.insert(first.clone(), value);
    }
    dict
}

struct Layer {
    name: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
