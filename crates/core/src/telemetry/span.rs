//! Spans: a small handle around a record that the implementation lends when it samples.

use super::{Attribute, Event, Link, Record, SpanKind, Status, TraceContext, installed};
use std::{
    borrow::Cow,
    error::Error,
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::{Pin, pin},
};

/// What is known when a span starts: enough to decide whether to keep it.
#[derive(Debug)]
#[non_exhaustive]
pub struct SpanSpec<'a> {
    /// Low cardinality: `chat gpt-5-mini`, never with an id in it.
    pub name: Cow<'static, str>,
    /// Its role.
    pub kind: SpanKind,
    /// Instead of the current span; an invalid context starts a new trace only if nothing is current.
    pub parent: Option<&'a TraceContext>,
    /// Known already, so that a sampler can look at them.
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
    /// Other spans that this one belongs with.
    pub links: Vec<Link>,
    /// Whether to start a new trace although a span is current.
    pub root: bool,
}

/// The implementation's answer to a start.
#[derive(Debug)]
pub struct Started {
    /// This span's context.
    pub context: TraceContext,
    /// `None`: not kept. The context still travels.
    pub record: Option<Box<Record>>,
}

/// What goes back at the end.
#[derive(Debug)]
pub struct Ended {
    /// As it was given.
    pub context: TraceContext,
    /// Filled.
    pub record: Option<Box<Record>>,
}

/// Says what a span is before it starts.
#[must_use = "a builder does nothing until `start`"]
#[derive(Debug)]
pub struct SpanBuilder<'a> {
    spec: SpanSpec<'a>,
    fallback: Option<&'a TraceContext>,
}

impl<'a> SpanBuilder<'a> {
    /// Its role; internal where nothing is said.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.spec.kind = kind;
        self
    }

    /// A parent instead of the current span. An invalid one is as if nothing were said.
    pub fn parent(mut self, parent: &'a TraceContext) -> Self {
        if parent.is_valid() {
            self.spec.parent = Some(parent);
            self.spec.root = false;
        }
        self
    }

    /// A parent where no span is current: the trace of the call's `Cx`.
    pub fn or_parent(mut self, parent: &'a TraceContext) -> Self {
        self.fallback = parent.is_valid().then_some(parent);
        self
    }

    /// Starts a new trace, whatever is current and whatever parent was said before.
    pub fn root(mut self) -> Self {
        self.spec.root = true;
        self.spec.parent = None;
        self.fallback = None;
        self
    }

    /// An attribute that a sampler may look at. Free while no telemetry is installed.
    pub fn attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Attribute>,
    ) -> Self {
        if installed().is_some() {
            self.spec.attributes.push((key.into(), value.into()));
        }
        self
    }

    /// Another span that this one belongs with.
    pub fn link(mut self, link: Link) -> Self {
        if installed().is_some() {
            self.spec.links.push(link);
        }
        self
    }

    /// Starts the span; it becomes current only where it is entered.
    pub fn start(mut self) -> Span {
        match installed() {
            Some(telemetry) => {
                if self.spec.parent.is_none()
                    && !self.spec.root
                    && self.fallback.is_some()
                    && !telemetry.current().is_valid()
                {
                    self.spec.parent = self.fallback;
                }
                let Started { context, record } = telemetry.start(self.spec);
                Span {
                    context,
                    record,
                    live: true,
                }
            }
            // Without telemetry the caller's trace is handed on as it came.
            None => Span {
                context: self
                    .spec
                    .parent
                    .or(self.fallback)
                    .cloned()
                    .unwrap_or_default(),
                record: None,
                live: false,
            },
        }
    }
}

/// A span under way; ends when dropped, on any thread, exactly once.
///
/// ```
/// use glassbox_core::telemetry::{Span, SpanKind};
///
/// # async fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
/// # async fn example() -> Result<u32, std::io::Error> {
/// let mut span = Span::builder("GET /stock").kind(SpanKind::Client).start();
/// let answer = span.around(fetch()).await;
/// match &answer {
///     Ok(count) => span.set("stock.count", *count),
///     Err(error) => span.record_error(error),
/// }
/// # answer
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a span ends when it is dropped"]
pub struct Span {
    context: TraceContext,
    record: Option<Box<Record>>,
    live: bool,
}

impl Span {
    /// Says what a span is before it starts.
    pub fn builder<'a>(name: impl Into<Cow<'static, str>>) -> SpanBuilder<'a> {
        SpanBuilder {
            spec: SpanSpec {
                name: name.into(),
                kind: SpanKind::Internal,
                parent: None,
                attributes: Vec::new(),
                links: Vec::new(),
                root: false,
            },
            fallback: None,
        }
    }

    /// Starts an internal span under the current one.
    pub fn start(name: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(name).start()
    }

    /// To be sent along.
    pub fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Whether what is set will be seen. Costly values are worth the question.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.record.is_some()
    }

    /// Sets an attribute.
    #[inline]
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Attribute>) {
        if let Some(record) = &mut self.record {
            record.attributes.push((key.into(), value.into()));
        }
    }

    /// Gives the span its final name, once it is known.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(record) = &mut self.record {
            record.name = name.into();
        }
    }

    /// Adds something that happened now.
    pub fn event<K, A>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = (K, A)>,
    ) where
        K: Into<Cow<'static, str>>,
        A: Into<Attribute>,
    {
        if let (Some(record), Some(telemetry)) = (&mut self.record, installed()) {
            let attributes = attributes
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect();
            let event = Event::new(name.into(), telemetry.now(), attributes);
            record.events.push(event);
        }
    }

    /// Adds another span that this one belongs with.
    pub fn link(&mut self, link: Link) {
        if let Some(record) = &mut self.record {
            record.links.push(link);
        }
    }

    /// Says that the operation succeeded, against whatever an instrumentation may think.
    pub fn succeed(&mut self) {
        if let Some(record) = &mut self.record {
            record.status = Status::Ok;
        }
    }

    /// Marks the span as failed: `error.type` of low cardinality, and a sentence.
    pub fn fail(
        &mut self,
        error_type: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        if let Some(record) = &mut self.record {
            let error_type = Attribute::Str(error_type.into());
            record.attributes.push(("error.type".into(), error_type));
            // `Ok` is final: who said it knew better.
            if record.status != Status::Ok {
                record.status = Status::Error(message.into());
            }
        }
    }

    /// Marks the span as failed by an error, and keeps the error with its causes as an `exception`
    /// event. `error.type` is the code of a [`ToolError`], [`ModelError`] or [`Problem`], otherwise
    /// the name of the error's type.
    ///
    /// [`ToolError`]: crate::ToolError
    /// [`ModelError`]: crate::ModelError
    /// [`Problem`]: crate::Problem
    pub fn record_error<E: Error + 'static>(&mut self, error: &E) {
        if !self.is_recording() {
            return;
        }
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            cause = error.source();
        }
        let type_name = std::any::type_name::<E>();
        self.event(
            "exception",
            [
                ("exception.type", Attribute::from(type_name)),
                ("exception.message", Attribute::from(chain)),
            ],
        );
        let error_type = code(error).map_or(Cow::Borrowed(type_name), Cow::Owned);
        self.fail(error_type, error.to_string());
    }

    /// Makes the span current on this thread until the guard is dropped.
    ///
    /// Guards end in the reverse order of their beginning; never hold one across an `await` (use
    /// [`around`](Self::around)).
    pub fn enter(&self) -> Entered<'_> {
        self.enter_detached()
    }

    /// As [`enter`](Self::enter), for a caller that sees to the order of the ends itself.
    pub(super) fn enter_detached(&self) -> Entered<'static> {
        let token = match self.live {
            true => installed().map(|telemetry| telemetry.enter(&self.context)),
            false => None,
        };
        Entered {
            token,
            span: PhantomData,
            thread: PhantomData,
        }
    }

    /// Runs a future with the span current whenever it is polled.
    ///
    /// # Cancel safety
    /// Dropping it drops the future with the span current.
    pub async fn around<F: Future>(&self, future: F) -> F::Output {
        let mut within = Within {
            span: self,
            future: pin!(Some(future)),
        };
        poll_fn(|cx| {
            let _entered = self.enter();
            let future = within.future.as_mut().as_pin_mut();
            future.expect("invariant: emptied on drop only").poll(cx)
        })
        .await
    }

    /// Ends the span now.
    pub fn end(self) {}
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.live
            && let Some(telemetry) = installed()
        {
            telemetry.end(Ended {
                context: std::mem::take(&mut self.context),
                record: self.record.take(),
            });
        }
    }
}

/// A future that is dropped with its span current: what its guards start then has a parent.
struct Within<'a, F> {
    span: &'a Span,
    future: Pin<&'a mut Option<F>>,
}

impl<F> Drop for Within<'_, F> {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        self.future.set(None);
    }
}

/// The code of an error that has one.
fn code(error: &(dyn Error + 'static)) -> Option<String> {
    let problem = error
        .downcast_ref::<crate::Problem>()
        .or_else(|| Some(error.downcast_ref::<crate::ToolError>()?.problem()))
        .or_else(|| Some(error.downcast_ref::<crate::ModelError>()?.problem()));
    problem.map(|problem| problem.code().to_owned())
}

/// While it lives, a span is current on this thread; it cannot leave the thread.
#[derive(Debug)]
#[must_use = "the span is current until this is dropped"]
pub struct Entered<'a> {
    token: Option<u64>,
    span: PhantomData<&'a Span>,
    thread: PhantomData<*const ()>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let (Some(token), Some(telemetry)) = (self.token, installed()) {
            telemetry.exit(token);
        }
    }
}
