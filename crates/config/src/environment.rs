//! The environment, as a value that is passed in.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;

/// The environment variables of a program.
///
/// Only an application calls [`Environment::from_process`]. Libraries take a value, so that tests do
/// not depend on where they run.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Names of variables whose value, or whose name, is not UTF-8.
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// Creates an empty environment.
    pub const fn empty() -> Self {
        Self {
            variables: BTreeMap::new(),
            unreadable: BTreeSet::new(),
        }
    }

    /// The variables of this process.
    pub fn from_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The names of variables that are set to something other than UTF-8, which cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }

    /// The value of a variable. An empty value counts as not set, as OpenTelemetry specifies.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// All variables that are set, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Prints only names, because values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let mut environment = Self::empty();
        for (name, value) in variables {
            match (name.into().into_string(), value.into().into_string()) {
                (Ok(name), Ok(value)) => {
                    environment.variables.insert(name, value);
                }
                (Ok(name), Err(_)) => {
                    environment.unreadable.insert(name);
                }
                (Err(name), _) => {
                    let name = name.to_string_lossy().into_owned();
                    environment.unreadable.insert(name);
                }
            }
        }
        environment
    }
}

impl<K: Into<OsString>, V: Into<OsString>, const N: usize> From<[(K, V); N]> for Environment {
    fn from(variables: [(K, V); N]) -> Self {
        variables.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_variable_that_is_not_text_is_remembered_by_name() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"\xff".to_vec());
        let environment = Environment::from([("A", OsString::from("1")), ("B", odd)]);
        assert_eq!(environment.get("A"), Some("1"));
        assert_eq!(environment.get("B"), None);
        assert_eq!(environment.unreadable().collect::<Vec<_>>(), ["B"]);
    }
}
