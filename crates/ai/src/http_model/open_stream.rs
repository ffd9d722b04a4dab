//! An answer over HTTP, streamed or whole.

use super::{failure::Failures, framing::Framing};
use crate::{
    AnswerLimits,
    wire::{Broken, End, Join, Piece, Step},
};
use futures_util::Stream;
use glassbox_core::{ChatEvent, ModelError};
use glassbox_instrument::HttpBody;
use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep};

/// The events of a response body. It ends after `Finished` or after an error.
///
/// # Bounds
/// The limits of the configuration. Holds the events of one chunk of the body. A body that sends as many
/// bytes as an answer may have, but does not add to the answer (endless pings, for example), is an
/// error.
pub(super) struct OpenStream {
    /// `None` once the last event is known.
    body: Option<HttpBody>,
    framing: Framing,
    joined: Box<dyn Join>,
    failures: Failures,
    limits: AnswerLimits,
    /// The deadline of the answer.
    end: Pin<Box<Sleep>>,
    /// Bytes since the answer last grew.
    idle_bytes: usize,
    waiting: VecDeque<Result<ChatEvent, ModelError>>,
}

impl OpenStream {
    /// Reads `body`, the answer to a request that was sent at `start`.
    pub(super) fn new(
        body: HttpBody,
        joined: Box<dyn Join>,
        failures: Failures,
        limits: AnswerLimits,
        start: Instant,
    ) -> Self {
        Self {
            body: Some(body),
            framing: Framing::new(limits.answer_bytes),
            joined,
            failures,
            end: Box::pin(tokio::time::sleep_until(start + limits.time)),
            limits,
            idle_bytes: 0,
            waiting: VecDeque::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let before = self.joined.bytes();
        match self.framing.feed(bytes) {
            Ok(pieces) => {
                for piece in pieces {
                    self.piece(&piece);
                }
            }
            Err(error) => self.fail(Broken::TooLarge(format!(
                "{error}; raise max_answer_bytes if that is right"
            ))),
        }
        self.idle_bytes = match self.joined.bytes() > before {
            true => 0,
            false => self.idle_bytes.saturating_add(bytes.len()),
        };
        let limit = self.limits.answer_bytes;
        if self.idle_bytes > limit && self.body.is_some() {
            self.fail(Broken::TooLarge(format!(
                "it sent {limit} bytes that add nothing to the answer"
            )));
        }
    }

    fn piece(&mut self, piece: &Piece) {
        if self.body.is_none() {
            return;
        }
        match self.joined.event(piece) {
            Ok(Step::More(events)) => self.waiting.extend(events.into_iter().map(Ok)),
            Ok(Step::End) => self.finish(End::Marked),
            Err(broken) => self.fail(broken),
        }
    }

    /// Processes the rest of the data at the end of the body.
    fn close(&mut self) {
        match self.framing.finish() {
            Ok((pieces, end)) => {
                for piece in pieces {
                    self.piece(&piece);
                }
                if self.body.is_some() {
                    self.finish(end);
                }
            }
            Err(error) => self.fail(Broken::TooLarge(error.to_string())),
        }
    }

    /// Ends with the whole answer, or with an error if it is incomplete.
    fn finish(&mut self, end: End) {
        let flushed = self.joined.flush();
        self.waiting.extend(flushed.into_iter().map(Ok));
        match self.joined.finish(end) {
            Ok(response) => {
                self.body = None;
                let calls = response.message.tool_calls().cloned();
                self.waiting
                    .extend(calls.map(|call| Ok(ChatEvent::ToolCall(call))));
                let finished = ChatEvent::Finished(Box::new(response));
                self.waiting.push_back(Ok(finished));
            }
            Err(broken) => self.fail(broken),
        }
    }

    fn fail(&mut self, broken: Broken) {
        let error = self.failures.of_broken(broken);
        self.end_with(error);
    }

    /// Ends with an error that contains the usage and the answer so far.
    fn end_with(&mut self, error: ModelError) {
        self.body = None;
        let flushed = self.joined.flush();
        self.waiting.extend(flushed.into_iter().map(Ok));
        let error = match self.joined.used() {
            Some(usage) => error.with_usage(usage),
            None => error,
        };
        let error = match self.joined.partial() {
            Some(partial) => error.with_partial(partial),
            None => error,
        };
        self.waiting.push_back(Err(error));
    }
}

impl Stream for OpenStream {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.waiting.pop_front() {
                return Poll::Ready(Some(event));
            }
            let Some(body) = &mut this.body else {
                return Poll::Ready(None);
            };
            let polled = Pin::new(body).poll_next(task);
            // Checked even if more data is ready: a stream that never pauses must end too.
            if this.end.as_mut().poll(task).is_ready() {
                let error = this.failures.of_time(this.limits.time);
                this.end_with(error);
                continue;
            }
            match polled {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => this.take(&bytes),
                // If the connection breaks after the finish reason, only usage is missing.
                Poll::Ready(Some(Err(_))) if this.joined.is_finished() => this.finish(End::Closed),
                Poll::Ready(Some(Err(error))) => {
                    let error = this.failures.of_http(error);
                    this.end_with(error);
                }
                Poll::Ready(None) => this.close(),
            }
        }
    }
}
