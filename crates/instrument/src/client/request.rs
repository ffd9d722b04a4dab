//! A request that is being built.

use super::{
    HttpBody, HttpClient, HttpError, HttpResponse,
    attempt::{Attempt, Spec},
    body::Received,
    conceal::Concealed,
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

/// A request that is being built. [`send`](Self::send) reports what is wrong with it.
///
/// # Secrets
/// What a peer echoes must not reveal what was sent to it. The token of [`bearer`](Self::bearer), the value of a
/// [`secret_header`](Self::secret_header), values given to [`conceal`](Self::conceal), and password and secret query
/// values of the URL are replaced by `REDACTED`: in errors with their causes, in the span, in the headers of the
/// response and in its body, also across the borders of its chunks, and as JSON or percent-encoded. Values shorter than 6
/// bytes are not: they occur in other words.
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
    concealed: Concealed,
    wrong: Option<Cause>,
}

impl HttpRequest {
    pub(super) fn new(client: HttpClient, method: Method, url: &str) -> Self {
        let parsed = parse(url);
        let settings = client.settings();
        let concealed = match &parsed {
            Ok(url) => (settings.concealed).with(redact::secrets(url).iter().map(String::as_str)),
            Err(_) => settings.concealed.clone(),
        };
        Self {
            concealed,
            timeout: settings.timeout,
            idle_timeout: settings.idle_timeout,
            client,
            method,
            url: parsed,
            target: redact::redact_url(url),
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

    /// Sets `authorization: Bearer …`. The token is concealed.
    pub fn bearer(self, token: &str) -> Self {
        let name = AUTHORIZATION.as_str();
        self.conceal(token)
            .sensitive_header(name, &format!("Bearer {token}"))
    }

    /// Sets a header whose value is a secret, such as `x-api-key`. The value is concealed.
    pub fn secret_header(self, name: &str, value: &str) -> Self {
        self.conceal(value).sensitive_header(name, value)
    }

    fn sensitive_header(self, name: &str, value: &str) -> Self {
        let mut request = self.header(name, value);
        if let Ok(name) = HeaderName::try_from(name)
            && let Some(value) = request.headers.get_mut(name)
        {
            value.set_sensitive(true);
        }
        request
    }

    /// Conceals a value that is part of the request in another way, such as a key in the path of the URL.
    pub fn conceal(mut self, value: &str) -> Self {
        self.concealed = self.concealed.with([value]);
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

    /// The number of earlier attempts to send this request.
    pub fn resend_count(mut self, count: u32) -> Self {
        self.resend_count = count;
        self
    }

    /// Timeout for the response head.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Timeout for each pause within the body.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Records only the metric and no span, for heartbeats and polls.
    pub fn without_span(mut self) -> Self {
        self.with_span = false;
        self
    }

    /// Sends the request once, and returns the response as soon as its head is there.
    ///
    /// # Errors
    /// See [`HttpError`]; any status is a response.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the request, and the span records that.
    pub async fn send(self, cx: &Cx) -> Result<HttpResponse, HttpError> {
        let concealed = self.concealed;
        let target = concealed.text(&self.target).into_owned();
        let invalid = |source| HttpError::Request { target, source }.conceal(&concealed);
        let (url, mut headers) = match (self.url, self.wrong) {
            (Ok(url), None) => (url, self.headers),
            (Err(error), _) | (_, Some(error)) => return Err(invalid(error)),
        };
        let settings = self.client.settings();
        let clock = &*settings.clock;
        let peer = peer(&url);
        let mut patience = Patience::new(cx, clock, &peer, self.timeout)?;
        let client = (self.client.for_url(&url)).map_err(|error| error.conceal(&concealed))?;

        let mut attempt = Attempt::start(
            Spec {
                method: &self.method,
                url: &url,
                shown: &concealed.text(&redact::url(&url)),
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
                Poll::Ready(answer) => {
                    Poll::Ready(answer.map_err(|error| failure(error, &peer).conceal(&concealed)))
                }
                Poll::Pending => patience.poll_end(task).map(Err),
            },
        )
        .await;
        match answer {
            Ok(response) => {
                let (mut head, body) = http::Response::from(response).into_parts();
                attempt.answered(head.status.as_u16(), head.version);
                patience.heard(self.idle_timeout);
                concealed.headers(&mut head.headers);
                let body = HttpBody::new(Received {
                    body,
                    peer,
                    idle: self.idle_timeout,
                    concealed,
                    attempt,
                    patience,
                });
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
            .field("target", &self.concealed.text(&self.target))
            .finish_non_exhaustive()
    }
}

fn parse(text: &str) -> Result<Url, Cause> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; a URL begins with http:// or https://"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other if !text.contains('@') => {
            Err(format!("'{other}:' is not HTTP; use http:// or https://").into())
        }
        // What precedes the first colon may be a user name or a password.
        _ => Err("it is not HTTP; a URL begins with http:// or https://".into()),
    }
}

/// `host:port`, for errors.
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
