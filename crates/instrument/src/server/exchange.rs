//! The telemetry of one request: a SERVER span and its metrics, recorded once.

use super::request::{self, Route};
use crate::{method, redact};
use glassbox_core::{
    scope,
    telemetry::{
        Histogram, Scope, Span, SpanKind, SpanName, TraceContext, UpDownCounter, Value, installed,
    },
};
use glassbox_semconv::v1_41::{
    error,
    http::{
        REQUEST_METHOD, REQUEST_METHOD_ORIGINAL, RESPONSE_STATUS_CODE, ROUTE,
        SERVER_ACTIVE_REQUESTS, SERVER_REQUEST_DURATION, USER_AGENT_ORIGINAL,
    },
    network, server, url,
};
use http::{Method, Request, StatusCode, Version, header::USER_AGENT};
use std::{borrow::Cow, time::Instant};

const SCOPE: Scope = scope!();

static ACTIVE: UpDownCounter = UpDownCounter::of(&SERVER_ACTIVE_REQUESTS)
    .with_scope(glassbox_core::scope!())
    .with_keys(&[REQUEST_METHOD, url::SCHEME]);

/// Keys in the order in which an exchange gives their values.
static DURATION: Histogram = Histogram::of(&SERVER_REQUEST_DURATION)
    .with_scope(SCOPE)
    .with_keys(&[
        REQUEST_METHOD,
        url::SCHEME,
        network::PROTOCOL_VERSION,
        RESPONSE_STATUS_CODE,
        error::TYPE,
        ROUTE,
    ]);

/// A request in progress. If it is dropped before it is [`complete`](Self::complete), it was cut short.
#[derive(Debug)]
pub(super) struct Exchange {
    span: Span,
    start: Instant,
    method: &'static str,
    scheme: &'static str,
    version: Version,
    route: Option<Route>,
    status: Option<StatusCode>,
    error: Option<Cow<'static, str>>,
    /// Whether the response has no body.
    bodiless: bool,
    /// Whether the application's code is running. If it is set on drop, that code panicked.
    within: bool,
    complete: bool,
}

impl Exchange {
    pub(super) fn start<B>(
        request: &Request<B>,
        scheme: &'static str,
        parent: &TraceContext,
    ) -> Self {
        let method = method::attribute(request.method());
        let route = request::route(request.extensions());
        ACTIVE.add_with(1, &[Value::Str(method), Value::Str(scheme)]);
        Self {
            span: start_span(request, method, scheme, route.as_ref(), parent),
            start: Instant::now(),
            method,
            scheme,
            version: request.version(),
            route,
            status: None,
            error: None,
            bodiless: request.method() == Method::HEAD,
            within: false,
            complete: false,
        }
    }

    pub(super) fn context(&self) -> &TraceContext {
        self.span.context()
    }

    /// Runs the application's code with the span current.
    pub(super) fn within<T>(&mut self, operation: impl FnOnce() -> T) -> T {
        self.within = true;
        let entered = self.span.enter();
        let result = operation();
        drop(entered);
        self.within = false;
        result
    }

    /// Records the response head.
    pub(super) fn answered(&mut self, status: StatusCode, route: Option<&Route>) {
        self.status = Some(status);
        self.bodiless |= status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        self.span.set(RESPONSE_STATUS_CODE, status.as_u16());
        if self.route.is_none()
            && let Some(route) = route
        {
            let name = format!("{} {}", method::span_word(self.method), route.0);
            self.span.rename(name);
            self.span.set(ROUTE, route.0.clone());
            self.route = Some(route.clone());
        }
        if status.is_server_error() {
            self.failed(status.as_str().to_owned(), "");
        }
    }

    /// The service or its body failed.
    pub(super) fn failed(
        &mut self,
        error: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        let error = error.into();
        self.span.fail(error.clone(), message);
        self.error = Some(error);
    }

    /// Whether the response ends with its head.
    pub(super) fn is_bodiless(&self) -> bool {
        self.bodiless
    }

    /// Records that the response was sent to its end.
    pub(super) fn complete(&mut self) {
        self.complete = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        match (self.within, self.complete, &self.error) {
            (true, _, _) => self.failed("panic", "the service panicked"),
            (false, false, None) if self.status.is_some() => {
                self.failed("cancelled", "the caller went away within the answer");
            }
            (false, false, None) => self.failed("cancelled", "the caller went away"),
            _ => {}
        }
        let took = self.start.elapsed().as_secs_f64();
        let (method, scheme) = (Value::Str(self.method), Value::Str(self.scheme));
        ACTIVE.add_with(-1, &[method, scheme]);

        DURATION.record_with(
            took,
            &[
                method,
                scheme,
                Value::Static(crate::method::protocol(self.version)),
                self.status.map(|status| status.as_u16()).into(),
                self.error.as_deref().into(),
                self.route.as_ref().map(|route| &*route.0).into(),
            ],
        );
    }
}

fn start_span<B>(
    request: &Request<B>,
    method: &'static str,
    scheme: &'static str,
    route: Option<&Route>,
    parent: &TraceContext,
) -> Span {
    if installed().is_none() {
        return Span::builder("").parent(parent).start();
    }
    let original = Some(request.method().as_str()).filter(|original| *original != method);
    let query = request.uri().query().map(redact::query);
    let host = request::host(request);
    let known = if scheme == "https" { 443 } else { 80 };
    let port = host.as_ref().map(|host| host.port_u16().unwrap_or(known));
    let agent = request.headers().get(USER_AGENT);
    let peer = request::peer(request.extensions());
    let address = peer.map(|peer| peer.ip().to_string());
    let attributes = [
        (REQUEST_METHOD, Value::Static(method)),
        (url::SCHEME, Value::Static(scheme)),
        (url::PATH, request.uri().path().into()),
        (
            network::PROTOCOL_VERSION,
            Value::Static(method::protocol(request.version())),
        ),
        (REQUEST_METHOD_ORIGINAL, original.into()),
        (ROUTE, route.map(|route| &*route.0).into()),
        (url::QUERY, query.as_deref().into()),
        (
            server::ADDRESS,
            host.as_ref()
                .map(|host| method::address(host.host()))
                .into(),
        ),
        (server::PORT, port.into()),
        (
            USER_AGENT_ORIGINAL,
            agent.and_then(|value| value.to_str().ok()).into(),
        ),
        (server::CLIENT_ADDRESS, address.as_deref().into()),
        (network::PEER_ADDRESS, address.as_deref().into()),
        (network::PEER_PORT, peer.map(|peer| peer.port()).into()),
    ];
    let builder = |name| {
        let builder = Span::builder(name).kind(SpanKind::Server).parent(parent);
        builder.scope(&SCOPE).attributes(&attributes).start()
    };
    let word = method::span_word(method);
    match route {
        Some(route) => builder(format_args!("{word} {}", route.0).into()),
        None => builder(SpanName::from(word)),
    }
}
