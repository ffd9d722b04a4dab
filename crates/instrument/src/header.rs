//! Propagation of a `Cx` in HTTP headers.

use glassbox_core::{Carrier, Source};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// Writes into headers, replacing those of the same name.
#[derive(Debug)]
pub struct HeaderCarrier<'a>(&'a mut HeaderMap);

impl<'a> HeaderCarrier<'a> {
    /// Writes into these headers.
    pub fn new(headers: &'a mut HeaderMap) -> Self {
        Self(headers)
    }
}

impl Carrier for HeaderCarrier<'_> {
    fn set(&mut self, key: &'static str, value: String) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.0.insert(HeaderName::from_static(key), value);
        }
    }
}

/// Reads from headers; a header that comes several times (`baggage`, `tracestate`) is joined by `,`.
///
/// A repeated `traceparent` is joined too, and thereby invalid: the recommendation requires that it is ignored.
#[derive(Clone, Copy, Debug)]
pub struct HeaderSource<'a>(&'a HeaderMap);

impl<'a> HeaderSource<'a> {
    /// Reads from these headers.
    pub fn new(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }
}

impl Source for HeaderSource<'_> {
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut values = self.0.get_all(key).iter();
        // Bytes that are not text become U+FFFD rather than a missing value: a second `traceparent` counts even if it
        // is not text.
        let mut joined = String::from_utf8_lossy(values.next()?.as_bytes());
        for value in values {
            let joined = joined.to_mut();
            joined.push(',');
            joined.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        Some(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;
    use glassbox_core::Cx;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn repeated_baggage_and_tracestate_are_joined() {
        let headers = headers(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
            ("baggage", "tenant=acme"),
            ("baggage", "user=7"),
        ]);
        let cx = Cx::extract(&SystemClock, &HeaderSource::new(&headers));
        assert_eq!(cx.trace().state.as_deref(), Some("a=1,b=2"));
        assert_eq!(cx.baggage().get("tenant"), Some("acme"));
        assert_eq!(cx.baggage().get("user"), Some("7"));
    }

    #[test]
    fn a_repeated_traceparent_is_none() {
        let headers = headers(&[("traceparent", PARENT), ("traceparent", PARENT)]);
        let cx = Cx::extract(&SystemClock, &HeaderSource::new(&headers));
        assert!(!cx.trace().is_valid());
    }

    #[test]
    fn what_was_injected_is_extracted() {
        let before = Cx::extract(
            &SystemClock,
            &HeaderSource::new(&headers(&[("traceparent", PARENT), ("baggage", "k=v")])),
        )
        .with_idempotency_key("order-7");
        let mut map = HeaderMap::new();
        before.inject(&SystemClock, &mut HeaderCarrier::new(&mut map));
        let after = Cx::extract(&SystemClock, &HeaderSource::new(&map));
        assert_eq!(after.trace(), before.trace());
        assert_eq!(after.baggage(), before.baggage());
        assert_eq!(after.idempotency_key(), Some("order-7"));
    }

    #[test]
    fn a_value_that_no_header_can_carry_is_left_out() {
        let mut map = HeaderMap::new();
        HeaderCarrier::new(&mut map).set("baggage", "a\nb".to_owned());
        assert!(map.is_empty());
    }
}
