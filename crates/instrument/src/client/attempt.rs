//! The telemetry of one attempt: a CLIENT span and one record of its duration.

use super::HttpError;
use crate::method;
use glassbox_core::{
    scope, span,
    telemetry::{Histogram, Span, SpanKind, TraceContext, Value},
};
use glassbox_semconv::v1_41::{
    http::{
        CLIENT_REQUEST_DURATION, REQUEST_METHOD, REQUEST_METHOD_ORIGINAL, REQUEST_RESEND_COUNT,
        RESPONSE_STATUS_CODE,
    },
    network, server, url,
};
use http::{Method, Version};
use std::{borrow::Cow, time::Instant};

static DURATION: Histogram = Histogram::of(&CLIENT_REQUEST_DURATION).with_scope(scope!());

/// The properties of a request before it is sent.
pub(super) struct Spec<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a reqwest::Url,
    /// The URL without its secrets.
    pub(super) shown: &'a str,
    pub(super) template: Option<Cow<'static, str>>,
    pub(super) resend_count: u32,
    pub(super) with_span: bool,
}

/// An attempt in progress. If it is dropped before [`answered`](Self::answered), it was cancelled.
pub(super) struct Attempt {
    span: Option<Span>,
    start: Instant,
    method: &'static str,
    address: String,
    port: u16,
    answer: Option<(u16, Version)>,
    error: Option<Cow<'static, str>>,
}

impl Attempt {
    pub(super) fn start(spec: Spec<'_>, parent: &TraceContext) -> Self {
        let method = method::attribute(spec.method);
        let address = method::address(spec.url.host_str().unwrap_or_default()).to_owned();
        let port = spec.url.port_or_known_default().unwrap_or_default();
        let span = spec.with_span.then(|| {
            let word = method::span_word(method);
            let template = spec.template.as_deref();
            let gap = if template.is_some() { " " } else { "" };
            let sent = spec.method.as_str();
            span!(
                format_args!("{word}{gap}{}", template.unwrap_or_default()),
                REQUEST_METHOD => Value::Static(method),
                server::ADDRESS => &address,
                server::PORT => port,
                url::FULL => spec.shown,
                REQUEST_METHOD_ORIGINAL => Some(sent).filter(|sent| *sent != method),
                url::TEMPLATE => template,
                REQUEST_RESEND_COUNT => Some(spec.resend_count).filter(|count| *count > 0);
                kind: SpanKind::Client,
                or_parent: parent,
            )
        });
        Self {
            span,
            start: Instant::now(),
            method,
            address,
            port,
            answer: None,
            error: None,
        }
    }

    /// Runs `operation` with the span current.
    pub(super) fn within<T>(&self, operation: impl FnOnce() -> T) -> T {
        let _entered = self.span.as_ref().map(Span::enter);
        operation()
    }

    /// Records the response head.
    pub(super) fn answered(&mut self, status: u16, version: Version) {
        self.answer = Some((status, version));
        let failed = status >= 400;
        if failed {
            self.error = Some(status.to_string().into());
        }
        if let Some(span) = &mut self.span
            && span.is_recording()
        {
            span.set(RESPONSE_STATUS_CODE, status);
            span.set(network::PROTOCOL_VERSION, method::protocol(version));
            if failed {
                // A message would only repeat the status.
                span.fail(status.to_string(), "");
            }
        }
    }

    /// The exchange failed.
    pub(super) fn failed(&mut self, error: &HttpError) {
        if let Some(span) = &mut self.span {
            // The exception first: what is set last counts, and that is the short kind.
            span.record_error(error);
            span.fail(error.kind(), error.to_string());
        }
        self.error = Some(error.kind().into());
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.answer.is_none() && self.error.is_none() {
            if let Some(span) = &mut self.span {
                span.fail("cancelled", "given up before there was an answer");
            }
            self.error = Some("cancelled".into());
        }
        let took = self.start.elapsed().as_secs_f64();
        let (status, version) = self.answer.unzip();
        DURATION.record_with(
            took,
            &[
                Value::Static(self.method),
                Value::Str(&self.address),
                Value::from(self.port),
                status.into(),
                self.error.as_deref().into(),
                version.map(method::protocol).into(),
            ],
        );
    }
}
