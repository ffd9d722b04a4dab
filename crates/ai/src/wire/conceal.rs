//! Removes secrets from a provider's answers. The HTTP client conceals them in bytes; this module
//! conceals those that a provider splits between the pieces of an answer.

use std::{borrow::Cow, fmt, sync::Arc};

/// The replacement for a secret.
const CONCEALED: &str = "REDACTED";
/// Shorter secrets are not concealed: they would occur in ordinary text.
const SHORTEST: usize = 6;

/// The values that must not appear in answers, errors and telemetry.
#[derive(Clone, Default)]
pub(crate) struct Conceal(Arc<[String]>);

impl Conceal {
    /// Conceals these values, except those of fewer than 6 bytes.
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let long = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST);
        Self(long.collect())
    }

    /// Returns the text without secrets.
    pub(crate) fn within<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut out = Cow::Borrowed(text);
        for secret in &*self.0 {
            if out.contains(secret.as_str()) {
                out = Cow::Owned(out.replace(secret.as_str(), CONCEALED));
            }
        }
        out
    }

    /// How many bytes at the end of a text may be the beginning of a secret.
    pub(crate) fn held_back(&self, text: &str) -> usize {
        let begun = self.0.iter().map(|secret| {
            let most = text.len().min(secret.len() - 1);
            let ends = (1..=most).rev();
            ends.into_iter()
                .find(|length| {
                    text.as_bytes()[text.len() - length..] == secret.as_bytes()[..*length]
                })
                .unwrap_or(0)
        });
        begun.max().unwrap_or(0)
    }
}

/// Never prints a secret.
impl fmt::Debug for Conceal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conceal({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_short_ones_are_not() {
        let conceal = Conceal::new(["sk-secret-1".to_owned(), "k".to_owned()]);
        assert_eq!(conceal.within("key sk-secret-1, ok"), "key REDACTED, ok");
        assert_eq!(conceal.held_back("it is sk-sec"), 6);
        assert_eq!(conceal.held_back("it is sk-secret-1"), 0);
        assert!(!format!("{conceal:?}").contains("secret"));
    }
}
