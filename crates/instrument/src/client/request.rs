//! A request that is being put together.

use super::{
    HttpBody, HttpClient, HttpError, HttpResponse,
    attempt::{Attempt, Spec},
    patience::Patience,
};
use crate::{HeaderCarrier, redact};
use bytes::Bytes;
use glassbox_core::Cx;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use reqwest::Url;
use serde::Serialize;
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

type Cause = Box<dyn Error + Send + Sync>;

/// A request that is being put together. What is wrong with it is told by [`send`](Self::send).
#[must_use = "a request does nothing until `send`"]
pub struct HttpRequest {
    client: HttpClient,
    method: Method,
    url: Result<Url, Cause>,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    template: Option<Cow<'static, str>>,
    resend_count: u32,
    timeout: Duration,
    idle_timeout: Duration,
    with_span: bool,
    wrong: Option<Cause>,
}

impl HttpRequest {
    pub(super) fn new(client: HttpClient, method: Method, url: &str) -> Self {
        let parsed = parse(url);
        // A URL that cannot be parsed cannot be redacted; only its length is safe to tell.
        let target = match &parsed {
            Ok(url) => redact::url(url),
            Err(_) if url.contains(['@', '?']) => format!("a text of {} bytes", url.len()),
            Err(_) => url.to_owned(),
        };
        let settings = client.settings();
        Self {
            timeout: settings.timeout,
            idle_timeout: settings.idle_timeout,
            client,
            method,
            url: parsed,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            template: None,
            resend_count: 0,
            with_span: true,
            wrong: None,
        }
    }

    /// Sets a header, in place of one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let pair = HeaderName::try_from(name)
            .map_err(Cause::from)
            .and_then(|name| Ok((name, HeaderValue::try_from(value)?)));
        match pair {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(error) => self.wrong = Some(error),
        }
        self
    }

    /// Sets `authorization: Bearer …`, marked as a secret.
    pub fn bearer(mut self, token: &str) -> Self {
        match HeaderValue::try_from(format!("Bearer {token}")) {
            Ok(mut value) => {
                value.set_sensitive(true);
                self.headers.insert(AUTHORIZATION, value);
            }
            Err(error) => self.wrong = Some(error.into()),
        }
        self
    }

    /// Sets the body, and `content-type: application/json`.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self.body = bytes.into();
                let json = HeaderValue::from_static("application/json");
                self.headers.insert(CONTENT_TYPE, json);
            }
            Err(error) => self.wrong = Some(error.into()),
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    /// The path with placeholders, `/v1/capabilities/{name}`: goes into the span's name.
    pub fn template(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// How often this request was sent before.
    pub fn resend_count(mut self, count: u32) -> Self {
        self.resend_count = count;
        self
    }

    /// How long it may take until the response head is there.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long the body may pause.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// No span for this request, only its metric: for heartbeats and polls.
    pub fn without_span(mut self) -> Self {
        self.with_span = false;
        self
    }

    /// Sends the request once, and gives the answer as soon as its head is there.
    ///
    /// # Errors
    /// See [`HttpError`]; any status is an answer.
    ///
    /// # Cancel safety
    /// Dropping the future gives the request up, and the span says so.
    pub async fn send(self, cx: &Cx) -> Result<HttpResponse, HttpError> {
        let target = self.target;
        let invalid = |source| HttpError::Request { target, source };
        let (url, mut headers) = match (self.url, self.wrong) {
            (Ok(url), None) => (url, self.headers),
            (Err(error), _) | (_, Some(error)) => return Err(invalid(error)),
        };
        let settings = self.client.settings();
        let clock = &*settings.clock;
        let peer = peer(&url);
        let mut patience = Patience::new(cx, clock, &peer, self.timeout)?;
        let client = self.client.for_url(&url)?;

        let mut attempt = Attempt::start(
            Spec {
                method: &self.method,
                url: &url,
                template: self.template,
                resend_count: self.resend_count,
                with_span: self.with_span,
            },
            cx.trace(),
        );
        attempt.within(|| cx.inject(clock, &mut HeaderCarrier::new(&mut headers)));
        let mut request = reqwest::Request::new(self.method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = (!self.body.is_empty()).then(|| self.body.into());

        let mut exchange = pin!(attempt.within(|| client.execute(request)));
        let answer = poll_fn(
            |task| match attempt.within(|| exchange.as_mut().poll(task)) {
                Poll::Ready(answer) => Poll::Ready(answer.map_err(|error| failure(error, &peer))),
                Poll::Pending => patience.poll_end(task).map(Err),
            },
        )
        .await;
        match answer {
            Ok(response) => {
                let (head, body) = http::Response::from(response).into_parts();
                attempt.answered(head.status.as_u16(), head.version);
                patience.heard(self.idle_timeout);
                let body = HttpBody::new(body, peer, self.idle_timeout, attempt, patience);
                Ok(HttpResponse::new(head, body, settings.body_limit))
            }
            Err(error) => {
                attempt.failed(&error);
                Err(error)
            }
        }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

fn parse(text: &str) -> Result<Url, Cause> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; a URL begins with http:// or https://"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("'{other}:' is not HTTP; use http:// or https://").into()),
    }
}

/// `host:port`, for people.
fn peer(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
}

fn failure(error: reqwest::Error, peer: &str) -> HttpError {
    let peer = peer.to_owned();
    let connect = error.is_connect();
    let builder = error.is_builder();
    let source = Cause::from(error.without_url());
    match (builder, connect) {
        (true, _) => HttpError::Request {
            target: peer,
            source,
        },
        (_, true) => HttpError::Connect { peer, source },
        _ => HttpError::Exchange { peer, source },
    }
}
