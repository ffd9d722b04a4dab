//! The usage of a call, as a response header.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use glassbox_core::Spent;
use std::collections::BTreeMap;

/// Adds the header with the usage of the call.
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
