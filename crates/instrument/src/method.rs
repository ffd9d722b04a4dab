//! Methods as the conventions name them: a closed set, so that a scanner makes no new series.

use glassbox_semconv::v1_41::http::{KNOWN_METHODS, METHOD_OTHER};
use http::Method;

/// The value of `http.request.method`.
pub(crate) fn attribute(method: &Method) -> &'static str {
    KNOWN_METHODS
        .iter()
        .find(|known| **known == method.as_str())
        .copied()
        .unwrap_or(METHOD_OTHER)
}

/// The first word of the span's name.
pub(crate) fn span_word(method: &'static str) -> &'static str {
    match method == METHOD_OTHER {
        true => "HTTP",
        false => method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_are_one() {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let lower = Method::from_bytes(b"get").unwrap();
        assert_eq!(attribute(&brew), "_OTHER");
        assert_eq!(attribute(&lower), "_OTHER");
        assert_eq!(span_word(attribute(&brew)), "HTTP");
        assert_eq!(span_word(attribute(&Method::PATCH)), "PATCH");
    }
}
