//! What a call used, as headers of its response.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use glassbox_core::Spent;
use std::collections::BTreeMap;

/// Adds the header that says what the call used.
pub(super) fn say_spent(response: &mut Response, spent: Spent) {
    let mut fields = BTreeMap::new();
    spent.inject(&mut fields);
    for (name, value) in fields {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
}
