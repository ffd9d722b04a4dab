//! Reading entries, of this version and of others.

use super::{ENTRY_VERSION, Entry};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A newer program wrote it, and this one might misinterpret it.
    #[error(
        "entry {seq} has version {found}, and this build reads versions up to {ENTRY_VERSION}: update the program that reads it"
    )]
    #[non_exhaustive]
    Newer {
        /// The entry's place; `?` if the newer version has none.
        seq: String,
        /// The entry's version.
        found: u64,
    },
    /// Its version is missing.
    #[error("the entry has no version")]
    NoVersion,
    /// It is not JSON, or does not have the form of its version.
    #[error("the entry is malformed")]
    Malformed(#[source] serde_json::Error),
}

impl Entry {
    /// Reads one entry.
    ///
    /// # Errors
    /// If the entry is malformed or of a newer version. Unknown fields of a known version are ignored.
    pub fn from_json(json: &[u8]) -> Result<Self, EntryError> {
        let members = serde_json::from_slice(json).map_err(EntryError::Malformed)?;
        Self::from_members(members)
    }

    fn from_members(members: Map<String, Value>) -> Result<Self, EntryError> {
        // The version is checked before anything else: a newer format may lack the other fields.
        let version = members.get("v").and_then(Value::as_u64);
        let version = match version.map(|found| (found, u32::try_from(found))) {
            Some((_, Ok(version @ 1..=ENTRY_VERSION))) => version,
            Some((found, _)) if found > u64::from(ENTRY_VERSION) => {
                let seq = members.get("seq").map_or("?".to_owned(), Value::to_string);
                return Err(EntryError::Newer { seq, found });
            }
            _ => return Err(EntryError::NoVersion),
        };
        let body = Value::Object(members);
        let read = || {
            let Place { seq, at_unix_nano } = Place::deserialize(&body)?;
            let mut entry = Self::new(seq, at_unix_nano, serde_json::from_value(body.clone())?);
            entry.version = version;
            Ok(entry)
        };
        read().map_err(EntryError::Malformed)
    }
}

#[derive(Deserialize)]
struct Place {
    seq: u64,
    at_unix_nano: u64,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        Self::from_members(members).map_err(|error| match error {
            EntryError::Malformed(cause) => D::Error::custom(cause),
            other => D::Error::custom(other),
        })
    }
}
