//! The URL of Redis, which may contain a password.

use std::{convert::Infallible, fmt, str::FromStr};

/// The URL of Redis: `redis://[[user]:password@]host[:port][/db]`, `rediss://…` with TLS, or
/// `redis+unix:///path`.
///
/// It may contain a password, which is hidden when the URL is printed or serialised.
///
/// ```
/// use glassbox_host::RedisUrl;
///
/// let url = RedisUrl::new("redis://:open-sesame@cache:6379/2");
/// assert_eq!(url.to_string(), "redis://***@cache:6379/2");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize), serde(transparent))]
pub struct RedisUrl(String);

impl RedisUrl {
    /// Wraps a URL without validation. Connecting reports errors.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its password.
    #[cfg(feature = "redis")]
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it has the scheme of a Redis URL.
    pub(crate) fn is_one(&self) -> bool {
        const SCHEMES: [&str; 4] = ["redis", "rediss", "redis+unix", "unix"];
        let parts = self.0.split_once("://");
        parts.is_some_and(|(scheme, rest)| SCHEMES.contains(&scheme) && !rest.is_empty())
    }
}

impl FromStr for RedisUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self::new(url))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            // Not a URL; it may be a password.
            return f.write_str("***");
        };
        write!(f, "{scheme}://")?;
        // The last '@': a password that was not percent-encoded may contain '@' and slashes.
        let place = match rest.rsplit_once('@') {
            // Both sides of the '@' may be part of a password.
            Some((before, _)) if before.contains(['?', '#']) => return f.write_str("***"),
            Some((_, place)) => {
                f.write_str("***@")?;
                place
            }
            // If the '@' is missing, the text in place of the port may be a password.
            None if !has_a_port(rest) => return f.write_str("***"),
            None => rest,
        };
        // The URL of a socket has its password in the query.
        let end = place.find(['?', '#']).unwrap_or(place.len());
        f.write_str(&place[..end])
    }
}

/// Whether the host is followed by a port or by nothing.
fn has_a_port(place: &str) -> bool {
    let end = place.find(['/', '?', '#']).unwrap_or(place.len());
    let authority = &place[..end];
    // The colons of an address in brackets do not start a port.
    let (_, last) = authority.rsplit_once(']').unwrap_or(("", authority));
    match last.rsplit_once(':') {
        Some((_, port)) => {
            !authority.starts_with(':') && port.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => true,
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(feature = "config")]
impl serde::Serialize for RedisUrl {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("redis://localhost", "redis://localhost"),
            ("redis://:sesame@h:1/2", "redis://***@h:1/2"),
            ("rediss://ann:se/s@me@h", "rediss://***@h"),
            (
                "redis+unix:///run/r.sock?pass=sesame",
                "redis+unix:///run/r.sock",
            ),
            ("redis://h/0?pass=sesame#sesame", "redis://h/0"),
            (
                "redis+unix:///run/r.sock?pass=open@sesame",
                "redis+unix://***",
            ),
            ("redis://:se?same@sesame", "redis://***"),
            ("sesame", "***"),
            // Without the '@'.
            ("redis://:sesame", "redis://***"),
            ("redis://ann:sesame", "redis://***"),
            ("redis://ann:se/same?sesame", "redis://***"),
            ("redis://:sesame:6379", "redis://***"),
            ("redis://cache:6379/2", "redis://cache:6379/2"),
            ("redis://[::1]", "redis://[::1]"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
            ("redis+unix:///run/r:s.sock", "redis+unix:///run/r:s.sock"),
        ] {
            let url = RedisUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("sesame"), "{url:?}");
        }
    }

    #[test]
    fn only_a_url_of_redis_is_one() {
        for (url, is_one) in [
            ("redis://h", true),
            ("rediss://h", true),
            ("redis+unix:///s", true),
            ("redis://", false),
            ("http://h", false),
            ("h:6379", false),
        ] {
            assert_eq!(RedisUrl::new(url).is_one(), is_one, "{url}");
        }
    }
}
