//! Spans: a small handle around a record that the implementation lends when it samples.

mod builder;

pub use builder::SpanBuilder;

use super::{
    Attribute, Ended, Link, Record, SpanEvent, SpanName, SpanRef, Status, TraceContext, installed,
};
use crate::sentence;
use std::{
    borrow::Cow,
    error::Error,
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::{Pin, pin},
};

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
    slot: u64,
    live: bool,
}

impl Span {
    /// Says what a span is before it starts. A name that is made of parts is given as
    /// [`format_args!`], which formats nothing for a span that is not kept.
    #[inline]
    pub fn builder<'a>(name: impl Into<SpanName<'a>>) -> SpanBuilder<'a> {
        SpanBuilder::new(name.into())
    }

    /// Starts an internal span under the current one.
    #[inline]
    pub fn start<'a>(name: impl Into<SpanName<'a>>) -> Self {
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
        if let (true, Some(telemetry)) = (self.is_recording(), installed()) {
            self.event_at(telemetry.now(), name, attributes);
        }
    }

    /// Adds something that happened at a time, in nanoseconds since the Unix epoch.
    pub fn event_at<K, A>(
        &mut self,
        unix_nano: u64,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = (K, A)>,
    ) where
        K: Into<Cow<'static, str>>,
        A: Into<Attribute>,
    {
        if let Some(record) = &mut self.record {
            let attributes = attributes
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect();
            let event = SpanEvent::new(name.into(), unix_nano, attributes);
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
        let type_name = std::any::type_name::<E>();
        self.event(
            "exception",
            [
                ("exception.type", Attribute::from(type_name)),
                ("exception.message", Attribute::from(sentence(error))),
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
            true => installed().map(|telemetry| {
                let record = self.record.as_deref();
                telemetry.enter(SpanRef::new(&self.context, record, self.slot))
            }),
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

    /// Ends the span at a time, in nanoseconds since the Unix epoch; 0 is now. For spans that are
    /// derived from what was written down when it happened.
    pub fn end_at(mut self, unix_nano: u64) {
        self.finish(unix_nano);
    }

    /// Gives the record back, once.
    fn finish(&mut self, end_unix_nano: u64) {
        if std::mem::take(&mut self.live)
            && let Some(telemetry) = installed()
        {
            let context = std::mem::take(&mut self.context);
            let ended = Ended::new(context, self.record.take());
            telemetry.end(ended.with_slot(self.slot).at(end_unix_nano));
        }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if self.live {
            self.finish(0);
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
