//! The page: static files inside the binary.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};

mod table;

use table::{FILES, INDEX};

/// Allows only content from this backend, and no inline scripts or styles.
pub(crate) const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// One file of the page.
#[derive(Debug, Clone, Copy)]
struct File {
    path: &'static str,
    bytes: &'static [u8],
}

/// Returns the routes of the page and its files.
pub(crate) fn router() -> Router {
    let page = [
        "/",
        "/runs",
        "/runs/{*rest}",
        "/logs",
        "/metrics",
        "/metrics/{*rest}",
        "/services",
    ];
    let router = page.into_iter().fold(Router::new(), |router, path| {
        router.route(
            path,
            get(async |headers: HeaderMap| serve(&INDEX, &headers)),
        )
    });
    FILES.iter().fold(router, |router, file| {
        router.route(
            file.path,
            get(async move |headers: HeaderMap| serve(file, &headers)),
        )
    })
}

/// Returns the page for an address that it does not have.
pub(crate) fn not_found() -> Response {
    let mut response = serve(&INDEX, &HeaderMap::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn serve(file: &File, asked: &HeaderMap) -> Response {
    let tag = tag(file.bytes);
    let known = asked.get_all(IF_NONE_MATCH).iter().any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',');
        tags.map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == tag || one == "*")
    });
    // The files change with the binary, their names do not: cache them, but revalidate.
    let headers = [
        (ETAG, tag.as_str()),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_TYPE, media_type(file.path)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, file.bytes).into_response()
}

fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    let mut tag = String::new();
    // Writing to a string cannot fail.
    let _ = write!(tag, "\"{:016x}\"", hasher.finish());
    tag
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}

#[cfg(test)]
mod tests;
