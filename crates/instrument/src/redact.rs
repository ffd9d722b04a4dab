//! Takes secrets out of URLs before they become attributes.

use std::borrow::Cow;

/// What stands in a secret's place.
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
    let is_secret = |pair: &str| {
        pair.split_once('=')
            .is_some_and(|(key, _)| SECRETS.iter().any(|known| key.eq_ignore_ascii_case(known)))
    };
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
}
