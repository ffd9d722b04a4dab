//! Identifies a server by its page.

use super::HOP;
use crate::{
    doctor::{backend, finding::Finding, target::Target},
    knock::{Door, Page},
};

/// The finding for an endpoint that is the page of a backend instead of its OTLP port.
pub(super) async fn page_instead(target: &Target, door: &Door) -> Option<Finding> {
    let shown = target.shown();
    let known = backend::at(&shown, None, door.patience()).await.ok()?;
    let there = known.endpoint(target.is_grpc());
    let what = format!("{shown} is the page of the backend, which does not accept OTLP");
    let fix = format!("set OTEL_EXPORTER_OTLP_ENDPOINT to {there}");
    Some(Finding::broken(HOP, "page_endpoint", what, fix))
}

/// A short description of a page.
pub(super) fn said(page: &Page) -> String {
    let mut said = format!("it responds with status {}", page.status);
    if let Some(server) = &page.server {
        said.push_str(&format!(", server {server}"));
    }
    let line = page.first_line();
    if !line.is_empty() {
        said.push_str(&format!(": {line}"));
    }
    said
}
