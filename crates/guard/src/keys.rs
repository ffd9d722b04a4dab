//! Bearer keys.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use subtle::{Choice, ConstantTimeEq};

/// Maximum length of a key in bytes.
const LONGEST: usize = 4096;
/// Maximum number of keys.
const MOST: usize = 16;
/// Maximum size of a key file in bytes.
const FILE: u64 = 64 * 1024;

/// The keys of a listener, each of which gives access. Cheap to clone.
///
/// Several keys allow rotation: add the new key first, so that clients use it, and remove the old one
/// once no client uses it. [`first`](Self::first) is the key that a client sends.
///
/// The keys are never printed: `Debug` and serde show `***`.
///
/// ```
/// use glassbox_guard::Keys;
///
/// let keys = Keys::try_new(["new-key", "old-key"])?;
/// assert!(keys.accept("old-key"));
/// assert!(!keys.accept("other-key"));
/// # Ok::<(), glassbox_guard::KeyError>(())
/// ```
///
/// # Bounds
/// At most 16 keys of 1 to 4096 bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(Arc<[String]>);

/// Why keys cannot be used. Never contains a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key is empty, too long, or contains characters other than visible ASCII.
    #[error(
        "a key must be 1 to {LONGEST} visible ASCII characters without spaces and without , ; \" and \\"
    )]
    Invalid,
    /// There are too many keys.
    #[error("there are more than {MOST} keys; remove those that no client uses")]
    TooMany,
    /// The file cannot be read.
    #[error("cannot read the key file {}", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file has an invalid key.
    #[error(
        "the key file {} must have one key per line, each of 1 to {LONGEST} visible ASCII characters \
         without spaces and without , ; \" and \\",
        path.display()
    )]
    #[non_exhaustive]
    InvalidFile {
        /// The file.
        path: PathBuf,
    },
}

impl Keys {
    /// No keys, so the listener requires none.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates the list from these keys, without surrounding spaces.
    ///
    /// # Errors
    /// If a key is invalid, or there are too many.
    pub fn try_new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<Self, KeyError> {
        let mut valid = Vec::new();
        for key in keys {
            let key = key.as_ref().trim();
            if !is_valid(key) {
                return Err(KeyError::Invalid);
            }
            if valid.len() == MOST {
                return Err(KeyError::TooMany);
            }
            valid.push(key.to_owned());
        }
        Ok(Self(valid.into()))
    }

    /// Adds the keys of a file, one per line, after these keys. Empty lines are ignored.
    ///
    /// # Errors
    /// If the file cannot be read, has no key, or an invalid one.
    ///
    /// # Bounds
    /// The file has at most 64 KiB.
    pub fn with_file(self, path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let invalid = || KeyError::InvalidFile {
            path: path.to_owned(),
        };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        match file.take(FILE + 1).read_to_string(&mut text) {
            Ok(read) if read as u64 <= FILE => {}
            Ok(_) => return Err(invalid()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(invalid()),
            Err(error) => return Err(unreadable(error)),
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() {
            return Err(invalid());
        }
        let own = self.0.iter().map(String::as_str);
        Self::try_new(own.chain(lines)).map_err(|error| match error {
            KeyError::Invalid => invalid(),
            error => error,
        })
    }

    /// Adds these keys after the others.
    ///
    /// # Errors
    /// If there are too many in total.
    pub fn with(self, more: &Self) -> Result<Self, KeyError> {
        Self::try_new(self.0.iter().chain(more.0.iter()))
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a client sends.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Whether this is one of the keys.
    ///
    /// The time depends on the lengths and not on the contents.
    #[must_use]
    pub fn accept(&self, presented: impl AsRef<[u8]>) -> bool {
        let presented = presented.as_ref();
        let compare = |found: Choice, key: &String| found | key.as_bytes().ct_eq(presented);
        self.0.iter().fold(Choice::from(0), compare).into()
    }
}

fn is_valid(key: &str) -> bool {
    (1..=LONGEST).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b",;\"\\".contains(&byte))
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.iter().map(|_| format_args!("***").to_string());
        f.debug_list().entries(hidden).finish()
    }
}

/// Serialises `***` for each key.
impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|_| "***"))
    }
}

/// Accepts one text, or a list of texts.
impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a key, or a list of keys")]
        enum Written {
            One(String),
            Several(Vec<String>),
        }

        match Written::deserialize(deserializer)? {
            Written::One(key) => Self::try_new([key]),
            Written::Several(keys) => Self::try_new(keys),
        }
        .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn each_key_is_accepted_and_nothing_else() {
        let keys = Keys::try_new(["new", " old "]).unwrap();
        for (presented, accepted) in [
            ("new", true),
            ("old", true),
            ("", false),
            ("ne", false),
            ("newer", false),
            ("NEW", false),
            (" old ", false),
        ] {
            assert_eq!(keys.accept(presented), accepted, "{presented:?}");
        }
        assert_eq!(keys.first(), Some("new"));
        assert!(!Keys::none().accept(""));
    }

    #[test]
    fn a_key_that_no_header_or_list_can_carry_is_refused() {
        for key in ["", " ", "a b", "a,b", "a;b", "a\"b", "a\\b", "é", "a\nb"] {
            let error = Keys::try_new([key]).unwrap_err();
            assert!(matches!(error, KeyError::Invalid), "{key:?}");
        }
        assert!(Keys::try_new(["x".repeat(LONGEST + 1)]).is_err());
        let many = std::iter::repeat_n("key", MOST + 1);
        assert!(matches!(Keys::try_new(many), Err(KeyError::TooMany)));
    }

    #[test]
    fn a_file_has_one_key_per_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"second\n\n third\r\n").unwrap();
        let keys = Keys::try_new(["first"]).unwrap();
        let keys = keys.with_file(file.path()).unwrap();
        assert_eq!(keys, Keys::try_new(["first", "second", "third"]).unwrap());
    }

    #[test]
    fn a_file_that_has_no_key_is_named_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let error = Keys::none().with_file(&path).unwrap_err();
        assert!(error.to_string().contains("cannot read the key file"));
        let large = "sesame\n".repeat(FILE as usize);
        for content in ["", "\n\n", "open sesame", "sesame\0", &large] {
            std::fs::write(&path, content).unwrap();
            let said = Keys::none().with_file(&path).unwrap_err().to_string();
            assert!(said.contains(path.to_str().unwrap()), "{said}");
            assert!(!said.contains("sesame"), "{said}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let keys = Keys::try_new(["sesame", "open"]).unwrap();
        let json = serde_json::to_string(&keys).unwrap();
        assert_eq!(json, r#"["***","***"]"#);
        assert!(!format!("{keys:?}").contains("sesame"));
    }

    #[test]
    fn one_key_or_a_list_is_read() {
        let one: Keys = serde_json::from_str(r#""a""#).unwrap();
        assert_eq!(one, Keys::try_new(["a"]).unwrap());
        let two: Keys = serde_json::from_str(r#"["a","b"]"#).unwrap();
        assert_eq!(two, Keys::try_new(["a", "b"]).unwrap());
        assert!(serde_json::from_str::<Keys>("[1]").is_err());
    }
}
