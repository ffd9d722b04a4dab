//! Spans: a small handle around a record, which the implementation provides for a sampled span.

mod builder;

pub use builder::SpanBuilder;

use super::{
    Attribute, Ended, Link, Record, SpanEvent, SpanName, SpanRef, Started, Status, TraceContext,
    installed,
};
use crate::sentence;
use std::{
    borrow::Cow,
    error::Error,
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::{Pin, pin},
};

/// A span in progress. It ends when it is dropped, on any thread, exactly once.
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
pub struct Span(State);

/// The state of a span. Without telemetry, writing and dropping the tag of `Nothing` is most of what a
/// span costs.
///
/// The tag is one byte by declaration. Otherwise it is as wide as the trace id, 16 bytes, and a processor
/// that reads it right after it was written in two halves stalls for 5 ns.
#[derive(Debug)]
#[repr(u8)]
enum State {
    /// Without telemetry and without a trace to propagate, or ended.
    Nothing,
    /// Without telemetry: the caller's trace is propagated unchanged.
    Passing(TraceContext),
    Live(Live),
}

/// A span that the implementation started.
#[derive(Debug)]
struct Live {
    context: TraceContext,
    /// `None` if the span is not recorded.
    record: Option<Box<Record>>,
    slot: u64,
}

/// The context of a span without a trace.
static NOTHING: TraceContext = TraceContext::NONE;

impl Span {
    /// A span that the implementation started.
    fn live(started: Started) -> Self {
        Self(State::Live(Live {
            context: started.context,
            record: started.record,
            slot: started.slot,
        }))
    }

    /// A span without telemetry.
    #[inline]
    fn passing(parent: Option<&TraceContext>) -> Self {
        Self(match parent {
            Some(parent) => State::Passing(parent.clone()),
            None => State::Nothing,
        })
    }

    /// The record, if the span is recorded.
    #[inline]
    fn record(&mut self) -> Option<&mut Record> {
        match &mut self.0 {
            State::Live(live) => live.record.as_deref_mut(),
            _ => None,
        }
    }

    /// Describes a span before it starts. Pass a name that has to be formatted as [`format_args!`],
    /// which formats nothing for a span that is not recorded.
    #[inline]
    pub fn builder<'a>(name: impl Into<SpanName<'a>>) -> SpanBuilder<'a> {
        SpanBuilder::new(name.into())
    }

    /// Starts an internal span under the current one.
    #[inline]
    pub fn start<'a>(name: impl Into<SpanName<'a>>) -> Self {
        Self::builder(name).start()
    }

    /// The context to propagate.
    pub fn context(&self) -> &TraceContext {
        match &self.0 {
            State::Nothing => &NOTHING,
            State::Passing(context) => context,
            State::Live(live) => &live.context,
        }
    }

    /// Whether the span is recorded. Check this before computing expensive values.
    #[inline]
    pub fn is_recording(&self) -> bool {
        matches!(&self.0, State::Live(live) if live.record.is_some())
    }

    /// Sets an attribute.
    #[inline]
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Attribute>) {
        if let Some(record) = self.record() {
            record.attributes.push((key.into(), value.into()));
        }
    }

    /// Replaces the name, once the final one is known.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(record) = self.record() {
            record.name = name.into();
        }
    }

    /// Adds an event that happens now.
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

    /// Adds an event at a time, in nanoseconds since the Unix epoch.
    pub fn event_at<K, A>(
        &mut self,
        unix_nano: u64,
        name: impl Into<Cow<'static, str>>,
        attributes: impl IntoIterator<Item = (K, A)>,
    ) where
        K: Into<Cow<'static, str>>,
        A: Into<Attribute>,
    {
        if let Some(record) = self.record() {
            let attributes = attributes
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect();
            let event = SpanEvent::new(name.into(), unix_nano, attributes);
            record.events.push(event);
        }
    }

    /// Adds a link to another span.
    pub fn link(&mut self, link: Link) {
        if let Some(record) = self.record() {
            record.links.push(link);
        }
    }

    /// Marks the span as successful. A later error does not change that.
    pub fn succeed(&mut self) {
        if let Some(record) = self.record() {
            record.status = Status::Ok;
        }
    }

    /// Marks the span as failed, with an `error.type` of low cardinality and a description.
    pub fn fail(
        &mut self,
        error_type: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        if let Some(record) = self.record() {
            let error_type = Attribute::Str(error_type.into());
            record.attributes.push(("error.type".into(), error_type));
            // The specification makes `Ok` final.
            if record.status != Status::Ok {
                record.status = Status::Error(message.into());
            }
        }
    }

    /// Marks the span as failed by an error, and records the error with its causes as an `exception`
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
    /// Drop guards in the reverse order of their creation, and never hold one across an `await`: use
    /// [`around`](Self::around).
    pub fn enter(&self) -> Entered<'_> {
        self.enter_detached()
    }

    /// Like [`enter`](Self::enter), for callers that ensure by themselves that the guard is dropped before the span.
    pub(super) fn enter_detached(&self) -> Entered<'static> {
        let token = match &self.0 {
            State::Live(live) => installed().map(|telemetry| {
                let record = live.record.as_deref();
                telemetry.enter(SpanRef::new(&live.context, record, live.slot))
            }),
            _ => None,
        };
        Entered {
            token,
            span: PhantomData,
            thread: PhantomData,
        }
    }

    /// Runs a future; the span is current whenever it is polled.
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
    /// derived from a record of the past.
    pub fn end_at(mut self, unix_nano: u64) {
        self.finish(unix_nano);
    }

    /// Returns the record to the implementation, once.
    fn finish(&mut self, end_unix_nano: u64) {
        if let State::Live(live) = std::mem::replace(&mut self.0, State::Nothing)
            && let Some(telemetry) = installed()
        {
            let ended = Ended::new(live.context, live.record);
            telemetry.end(ended.with_slot(live.slot).at(end_unix_nano));
        }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let State::Live(_) = self.0 {
            self.finish(0);
        }
    }
}

/// Drops a future with its span current, so that spans that start during the drop have a parent.
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

/// The code of an error, if it has one.
fn code(error: &(dyn Error + 'static)) -> Option<String> {
    let problem = error
        .downcast_ref::<crate::Problem>()
        .or_else(|| Some(error.downcast_ref::<crate::ToolError>()?.problem()))
        .or_else(|| Some(error.downcast_ref::<crate::ModelError>()?.problem()));
    problem.map(|problem| problem.code().to_owned())
}

/// The span is current on this thread while this exists. It cannot be sent to another thread.
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
