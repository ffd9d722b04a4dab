//! Media types of requests.

use http::{HeaderMap, header::CONTENT_TYPE};

/// Whether the content type is `application/json`, or an `application` type with the suffix `+json`.
///
/// A web page may send `text/plain` to any server without a preflight (a "simple" request). JSON needs a
/// preflight, which a guard rejects for foreign pages. So a server must not read other types as JSON.
///
/// ```
/// use http::{HeaderMap, header::CONTENT_TYPE};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(CONTENT_TYPE, "application/json; charset=utf-8".parse()?);
/// assert!(glassbox_guard::is_json(&headers));
/// headers.insert(CONTENT_TYPE, "text/plain".parse()?);
/// assert!(!glassbox_guard::is_json(&headers));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for (types, expected) in [
            (&["application/json"][..], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/vnd.api+json"], true),
            (&["text/plain"], false),
            (&["text/json"], false),
            (&["text/plain; x=application/json"], false),
            (&["application/jsonx"], false),
            (&["application/json, text/plain"], false),
            (&["application/json", "text/plain"], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in types {
                headers.append(CONTENT_TYPE, value.parse().unwrap());
            }
            assert_eq!(is_json(&headers), expected, "{types:?}");
        }
    }
}
