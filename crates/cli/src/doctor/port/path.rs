//! Checks the path of an HTTP endpoint that does not accept OTLP.

use super::{
    HOP, another_program, is_receiver, language,
    page::{page_instead, said},
};
use crate::{
    doctor::{finding::Finding, target::Target},
    knock::{Answer, Door, Page},
};

/// Detects paths that are wrong for any server.
pub(in crate::doctor) fn wrong_by_itself(target: &Target) -> Option<Finding> {
    let (shown, path) = (target.shown(), target.path());
    if is_doubled(path) {
        let base = path
            .trim_end_matches('/')
            .rsplit("/v1/")
            .nth(2)
            .unwrap_or_default();
        let fix = format!("set OTEL_EXPORTER_OTLP_ENDPOINT to {shown}{base}, without /v1/…");
        let what = format!(
            "{shown} has nothing at {path}: the endpoint for all signals is a base URL, to which \
             /v1/… is appended ({})",
            target.origin
        );
        return Some(Finding::broken(HOP, "path_doubled", what, fix));
    }
    if target.is_own && !path.contains("/v1/") {
        let what = format!(
            "{shown} has nothing at {path}: the endpoint for one signal is used as is, and this one \
             has no /v1/… ({})",
            target.origin
        );
        return Some(Finding::broken(
            HOP,
            "path_missing",
            what,
            with_path(target),
        ));
    }
    None
}

/// Detects a signal that is sent to the path of another signal. The receiver may misread it.
pub(super) fn of_another_signal(target: &Target) -> Option<Finding> {
    let signal = target.signals[0];
    let path = target.path().trim_end_matches('/');
    let (_, named) = path.rsplit_once("/v1/")?;
    let is_another = !target.is_grpc()
        && named != signal.as_str()
        && ["traces", "metrics", "logs"].contains(&named);
    is_another.then(|| {
        let what = format!(
            "{} are sent to {}{path}, which accepts {named} ({})",
            signal.as_str(),
            target.shown(),
            target.origin
        );
        Finding::broken(HOP, "path_wrong", what, with_path(target))
    })
}

/// The finding for an HTTP server that does not accept OTLP at this path.
pub(super) async fn wrong_page(target: &Target, door: &Door, page: &Page) -> Finding {
    // Some TLS servers answer plain HTTP with this status.
    if page.status == 400 && door.tls().await == Answer::Tls {
        return language::plaintext_to_tls(target);
    }
    if let Some(finding) = wrong_by_itself(target) {
        return finding;
    }
    let (shown, path, signal) = (target.shown(), target.path(), target.signals[0]);
    let usual = format!("/v1/{}", signal.as_str());
    if path != usual
        && let Answer::Http(page) = door.post_nothing(&usual).await
        && is_receiver(&page)
    {
        let what = format!(
            "{shown} has nothing at {path}, but accepts {} at {usual} ({})",
            signal.as_str(),
            target.origin
        );
        let fix = match target.is_own {
            true => with_path(target),
            false => target.set_to(&shown),
        };
        return Finding::broken(HOP, "path_wrong", what, fix);
    }
    if let Some(finding) = page_instead(target, door).await {
        return finding;
    }
    let is_for_people = page
        .content_type
        .as_deref()
        .is_some_and(|kind| kind.starts_with("text/html"));
    if page.status == 404 && !is_for_people && door.http2().await == Answer::Http2 {
        return language::http_to_grpc(target);
    }
    another_program(target, door, said(page)).await
}

/// `/v1/traces/v1/traces`.
fn is_doubled(path: &str) -> bool {
    path.matches("/v1/").count() > 1
}

fn with_path(target: &Target) -> String {
    let signal = target.signals[0].as_str();
    target.set_to(&format!("{}/v1/{signal}", target.shown()))
}
