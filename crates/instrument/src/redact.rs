//! Removes secrets from URLs before they become attributes or parts of errors.

use std::borrow::Cow;

/// The replacement for a secret.
const REDACTED: &str = "REDACTED";

/// Query parameters whose values are secrets, in lower case: the conventions' list first.
const SECRETS: &[&str] = &[
    "awsaccesskeyid",
    "signature",
    "sig",
    "x-goog-signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "appid",
    "auth",
    "client_secret",
    "code",
    "id_token",
    "key",
    "password",
    "refresh_token",
    "secret",
    "subscription-key",
    "token",
];

/// A query without the values of its secrets; keys stay.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    let is_secret = |pair: &str| pair.split_once('=').is_some_and(|(key, _)| is_secret(key));
    if !query.split('&').any(is_secret) {
        return Cow::Borrowed(query);
    }
    let mut out = String::with_capacity(query.len());
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            out.push('&');
        }
        match pair.split_once('=').filter(|_| is_secret(pair)) {
            Some((key, _)) => {
                out.push_str(key);
                out.push('=');
                out.push_str(REDACTED);
            }
            None => out.push_str(pair),
        }
    }
    Cow::Owned(out)
}

/// A URL without its credentials, its secrets and its fragment.
#[cfg(feature = "client")]
pub(crate) fn url(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    if !url.username().is_empty() || url.password().is_some() {
        // Neither fails: a URL with credentials has a host.
        let _ = url.set_username(REDACTED);
        let _ = url.set_password(Some(REDACTED));
    }
    if let Some(text) = url.query()
        && let Cow::Owned(redacted) = query(text)
    {
        url.set_query(Some(&redacted));
    }
    url.into()
}

/// A URL as text without its credentials, its secrets and its fragment, for errors and logs. Text that is not an
/// HTTP URL loses everything that could be a secret, and keeps what shows the mistake.
///
/// ```
/// use glassbox_instrument::redact_url;
///
/// assert_eq!(redact_url("https://me:pw@example.com/v1"), "https://REDACTED:REDACTED@example.com/v1");
/// assert_eq!(redact_url("ht tp://me:pw@example.com/v1"), "ht tp://REDACTED@example.com/v1");
/// ```
#[cfg(feature = "client")]
pub fn redact_url(text: &str) -> String {
    match reqwest::Url::parse(text) {
        Ok(parsed) if parsed.has_host() => url(&parsed),
        _ => unparsed(text),
    }
}

#[cfg(feature = "client")]
fn unparsed(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        // An `@` before it: this is no scheme.
        Some((scheme, rest)) if !scheme.contains('@') => (&text[..scheme.len() + 3], rest),
        _ => ("", text),
    };
    // A password may contain any character, so it ends with the last `@`.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => ("REDACTED@", rest),
        None => ("", rest),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let query = match rest[end..].starts_with('?') {
        true => "?REDACTED",
        false => "",
    };
    format!("{scheme}{user}{}{query}", &rest[..end])
}

/// The values within a URL that are secrets.
#[cfg(feature = "client")]
pub(crate) fn secrets(url: &reqwest::Url) -> Vec<String> {
    let query = url.query_pairs();
    let values = query.filter(|(key, _)| is_secret(key));
    let mut found: Vec<_> = values.map(|(_, value)| value.into_owned()).collect();
    found.extend(url.password().map(str::to_owned));
    found
}

fn is_secret(key: &str) -> bool {
    SECRETS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays_as_it_was() {
        assert_eq!(query("q=Rome&days=3"), "q=Rome&days=3");
        assert_eq!(
            query("q=a%20b&API_KEY=s3cret&x&sig=1"),
            "q=a%20b&API_KEY=REDACTED&x&sig=REDACTED"
        );
    }

    #[cfg(feature = "client")]
    #[test]
    fn credentials_and_fragments_leave_a_url() {
        let parsed = reqwest::Url::parse("https://me:pw@example.com/a?token=1&b=2#frag").unwrap();
        assert_eq!(
            url(&parsed),
            "https://REDACTED:REDACTED@example.com/a?token=REDACTED&b=2"
        );
    }

    #[cfg(feature = "client")]
    #[test]
    fn text_that_is_no_url_loses_whatever_could_be_a_secret() {
        for (text, shown) in [
            ("ht tp://user:PASSWORD@x", "ht tp://REDACTED@x"),
            ("http://user:PASS/WORD@x y/v1", "http://REDACTED@x y/v1"),
            ("user:PASSWORD@host/v1", "REDACTED@host/v1"),
            ("user:PASS://WORD@host", "user:PASS://REDACTED@host"),
            (
                "http://a@b:PASSWORD@host:99999/",
                "http://REDACTED@host:99999/",
            ),
            ("example.com/v1?key=PASSWORD", "example.com/v1?REDACTED"),
            ("htp:/example.com#PASSWORD", "htp:/example.com"),
            ("localhost:11434/v1", "localhost:11434/v1"),
        ] {
            assert_eq!(redact_url(text), shown);
        }
    }
}
