//! What a page at the address tells about its server.

use super::HOP;
use crate::{
    doctor::{backend, finding::Finding, target::Target},
    knock::{Door, Page},
};

/// The page of a backend, which is one port away from where OTLP is taken.
pub(super) async fn page_instead(target: &Target, door: &Door) -> Option<Finding> {
    let shown = target.shown();
    let known = backend::at(&shown, door.patience()).await.ok()?;
    let there = known.endpoint(target.is_grpc());
    let what = format!("{shown} is the page of the backend, which takes no OTLP");
    let mend = format!("set OTEL_EXPORTER_OTLP_ENDPOINT to {there}");
    Some(Finding::broken(HOP, "page_instead", what, mend))
}

/// What a page says, in a few words.
pub(super) fn said(page: &Page) -> String {
    let mut said = format!("it answers with status {}", page.status);
    if let Some(server) = &page.server {
        said.push_str(&format!(", server {server}"));
    }
    let line = page.first_line();
    if !line.is_empty() {
        said.push_str(&format!(": {line}"));
    }
    said
}
