//! Base URLs as people write them.

use std::borrow::Cow;

/// The only query parameter that is shown and not treated as a secret.
const SHOWN: &str = "api-version";

/// The URL of requests to `path` below a base URL. A base URL may have a query, and may already end with
/// `path`, such as
/// `https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21`.
pub(crate) fn request_url(base: &str, path: &str) -> String {
    let (base, query) = split(base);
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix(path).unwrap_or(base);
    match query {
        Some(query) => format!("{base}{path}?{query}"),
        None => format!("{base}{path}"),
    }
}

/// A URL for display, without credentials and secrets. It may be invalid.
pub(crate) fn shown(url: &str) -> String {
    let (base, query) = split(url);
    // The parts of an invalid URL are unreliable: everything before the last @ may be a password.
    let at = base.to_ascii_lowercase().replace("%40", "@00").rfind('@');
    let base = match at {
        None => Cow::Borrowed(base),
        Some(at) => {
            let rest = &base[at..];
            let rest = rest.strip_prefix('@').or(rest.get(3..)).unwrap_or_default();
            let scheme = ["http://", "https://"];
            let scheme = scheme.iter().find(|scheme| base.starts_with(**scheme));
            Cow::Owned(format!("{}…@{rest}", scheme.unwrap_or(&"")))
        }
    };
    let Some(query) = query else {
        return base.into_owned();
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((SHOWN, version)) => format!("{SHOWN}={version}"),
        Some((key, _)) => format!("{key}=…"),
        None => "…".to_owned(),
    });
    format!("{base}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// The values in a URL's query that may be secrets.
pub(crate) fn secrets(url: &str) -> Vec<String> {
    let pairs = split(url).1.unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(|(key, _)| *key != SHOWN);
    values.map(|(_, value)| value.to_owned()).collect()
}

/// Whether the server expects the key in the header `api-key`, as Azure does.
pub(crate) fn is_azure(host: &str) -> bool {
    let domains = [
        ".openai.azure.com",
        ".cognitiveservices.azure.com",
        ".services.ai.azure.com",
    ];
    let host = host.to_ascii_lowercase();
    domains.iter().any(|domain| host.ends_with(domain))
}

/// Splits a URL without its fragment into the part before the query, and the query.
fn split(url: &str) -> (&str, Option<&str>) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    match url.split_once('?') {
        Some((base, query)) => (base, Some(query).filter(|query| !query.is_empty())),
        None => (url, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_have_a_query_and_the_whole_path() {
        let path = "/chat/completions";
        for (base, expected) in [
            ("http://h/v1", "http://h/v1/chat/completions"),
            ("http://h/v1//", "http://h/v1/chat/completions"),
            ("http://h", "http://h/chat/completions"),
            (
                "http://h/v1/chat/completions",
                "http://h/v1/chat/completions",
            ),
            (
                "http://h/v1/chat/completions/#x",
                "http://h/v1/chat/completions",
            ),
            (
                "http://h/v1?key=1&b=/",
                "http://h/v1/chat/completions?key=1&b=/",
            ),
            (
                "https://x.openai.azure.com/openai/deployments/g/chat/completions?api-version=1",
                "https://x.openai.azure.com/openai/deployments/g/chat/completions?api-version=1",
            ),
        ] {
            assert_eq!(request_url(base, path), expected);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        for (url, expected) in [
            ("ht tp://user:PASSWORD@x", "…@x"),
            ("user:PASSWORD@x/v1", "…@x/v1"),
            ("https://user:PASS@WORD@x/v1", "https://…@x/v1"),
            ("https://user:PASSWORD%40x/v1", "https://…@x/v1"),
            (
                "http://x/v1?api-version=1&key=PASSWORD",
                "http://x/v1?api-version=1&key=…",
            ),
            ("http://x/v1?PASSWORD#PASSWORD", "http://x/v1?…"),
            ("http://x/v1", "http://x/v1"),
        ] {
            assert_eq!(shown(url), expected);
        }
        assert_eq!(secrets("http://x?api-version=1&key=s&b=t"), ["s", "t"]);
    }

    #[test]
    fn azure_is_known_by_its_hosts() {
        assert!(is_azure("My.OpenAI.azure.com"));
        assert!(!is_azure("openai.azure.com.example"));
    }
}
