//! Values from environment variables.

use std::collections::BTreeMap;

use super::layers::Setting;
use super::schema::Schema;
use crate::keys::Keys;
use crate::section::{MASKED, is_secret};
use crate::{Environment, Origin, SettingsError};

/// The variables that are set, lowest precedence first.
pub(super) fn settings(
    sections: &[Schema],
    environment: &Environment,
    keys: &BTreeMap<&'static str, Keys>,
) -> Result<Vec<Setting>, SettingsError> {
    let mut ranked: Vec<(u8, Setting)> = Vec::new();
    for schema in sections {
        // If two variables set one key, the first is applied last, so it wins.
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

/// The precedence: `OTEL_*`, then `GLASSBOX_*`, then variables shared with other programs, such as
/// `REDIS_URL`.
fn rank(variable: &str) -> u8 {
    if variable.starts_with("OTEL_") {
        2
    } else if variable.starts_with("GLASSBOX_") {
        1
    } else {
        0
    }
}

fn path_in(section: &str, key: &str) -> Vec<String> {
    std::iter::once(section)
        .chain(key.split('.'))
        .map(str::to_owned)
        .collect()
}
