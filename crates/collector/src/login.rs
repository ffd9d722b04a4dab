//! The login of a browser: a page that posts a key and gets a cookie.
//!
//! The cookie holds a token that is valid until the backend stops, and not the key: browsers send
//! cookies of a host to all its ports, so other programs on the machine may see it.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use glassbox_guard::{Guard, Head, KeyError, Keys, Reason, Refusal};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::Full;
use percent_encoding::percent_decode_str;

use crate::assets::POLICY;

/// The prefix of the cookies' names; the port follows, since cookies do not distinguish ports.
const COOKIE: &str = "glassbox_session_";

const PAGE: &str = include_str!("login/page.html");

/// Paths that need no key: health checks, and what the page loads.
const OPEN: &[&str] = &[
    "/health",
    "/ready",
    "/assets/app.css",
    "/assets/favicon.svg",
];

/// Limit of a posted form in bytes.
const FORM: usize = 16 << 10;

/// The login of the page.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    keys: Keys,
    /// The token of the cookie, if there are keys.
    session: Option<Keys>,
    cookie: String,
}

impl Login {
    /// Creates the login of a page on `port`. Without keys there is none.
    ///
    /// # Errors
    /// Fails if the system has no random numbers.
    pub(crate) fn new(keys: &Keys, port: u16) -> io::Result<Self> {
        let session = match keys.is_empty() {
            true => None,
            false => Some(Keys::try_new([random()?]).map_err(io::Error::other)?),
        };
        Ok(Self {
            keys: keys.clone(),
            session,
            cookie: format!("{COOKIE}{port}"),
        })
    }

    /// Adds the cookie, the open paths and the page to the checks of the page's listener.
    ///
    /// # Errors
    /// Fails if there are too many keys.
    pub(crate) fn guard(&self, guard: Guard) -> Result<Guard, KeyError> {
        let Some(session) = &self.session else {
            return Ok(guard);
        };
        let keys = self.keys.clone().with(session)?;
        Ok(guard
            .with_keys(keys)
            .with_cookie(&self.cookie)
            .with_exempt(OPEN)
            .with_form(refuse))
    }

    /// Returns the route that accepts a key. It is outside of the guard's checks, and checks the key itself.
    pub(crate) fn router(&self) -> Router {
        match &self.session {
            Some(_) => Router::new()
                .route("/login", post(log_in))
                .with_state(self.clone()),
            None => Router::new(),
        }
    }
}

/// Returns 256 random bits as hexadecimal digits.
fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Shows the login to a browser that opens a page without a key.
fn refuse(head: Head<'_>, refusal: &Refusal) -> Response<Full<Bytes>> {
    let has_no_key = matches!(refusal.reason(), Reason::NoKey | Reason::WrongKey);
    let accepts = head.headers.get(ACCEPT).map(HeaderValue::as_bytes);
    let is_browser =
        accepts.is_some_and(|accepts| memchr::memmem::find(accepts, b"text/html").is_some());
    if !has_no_key || !is_browser || head.method != Method::GET {
        return refusal.response(head);
    }
    let next = head.uri.path_and_query().map_or("/", |next| next.as_str());
    page(next, "").map(Full::new)
}

async fn log_in(State(login): State<Login>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::read(&body);
    if !is_own(&headers) {
        return html(page(
            &form.next,
            "Log in from this page, not from another site.",
        ));
    }
    let session = login.session.as_ref().and_then(Keys::first);
    let (Some(session), true) = (session, login.keys.accept(form.key.trim())) else {
        return html(page(&form.next, "This is not a key of this backend."));
    };
    let cookie = format!(
        "{}={session}; Path=/; HttpOnly; SameSite=Strict",
        login.cookie
    );
    let headers = [
        (SET_COOKIE, cookie),
        (LOCATION, form.next),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Returns whether the form was on a page of this listener.
fn is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        // Programs send no origin; browsers always do with a form.
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").map(|(_, authority)| authority);
    own.is_some() && own == host
}

/// A posted form.
#[derive(Debug, Default)]
struct Form {
    key: String,
    next: String,
}

impl Form {
    fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        let text = std::str::from_utf8(body).unwrap_or_default();
        let text = if text.len() > FORM { "" } else { text };
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            match name {
                "key" => form.key = value,
                "next" => form.next = value,
                _ => {}
            }
        }
        if !is_local(&form.next) {
            form.next = "/".to_owned();
        }
        form
    }
}

/// Returns whether a redirect to `next` stays on this listener.
fn is_local(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn html(page: Response<Bytes>) -> Response {
    page.map(Full::new).into_response()
}

/// Renders the login page, which continues at `next`.
fn page(next: &str, error: &str) -> Response<Bytes> {
    let next = if is_local(next) { next } else { "/" };
    let next = next
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;");
    let text = PAGE.replace("{next}", &next).replace("{error}", error);
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With no-referrer, browsers would send the form with the origin null.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leaves_the_backend() {
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a b",
            "/a\nb",
        ] {
            assert!(!is_local(next), "{next:?}");
        }
        assert!(is_local("/runs/1?q=a%20b&x=1"));
        let form = Form::read(b"key=a%2Bb&next=%2F%2Fevil.example");
        assert_eq!((form.key.as_str(), form.next.as_str()), ("a+b", "/"));
    }

    #[test]
    fn what_the_page_repeats_is_escaped() {
        let shown = page("/?q=\"><script>", "").into_body();
        let shown = std::str::from_utf8(&shown).unwrap();
        assert!(
            shown.contains("value=\"/?q=&quot;>&lt;script>\""),
            "{shown}"
        );
    }
}
