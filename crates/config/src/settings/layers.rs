//! Values from all sources, merged by precedence.

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use crate::Origin;
use crate::origins::Origins;

/// One value from a source.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Merges values over the defaults; later values win.
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
