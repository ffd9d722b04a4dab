//! A streamed answer over HTTP.

use super::{failure::Failures, sse::SseParser};
use crate::wire::{Join, Step};
use futures_util::{Stream, stream};
use glassbox_core::{ChatEvent, ChatResponse, ChatStream, ModelError};
use glassbox_instrument::HttpBody;
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The events of a response body. It ends after `Finished` or after an error.
///
/// # Bounds
/// Holds the events of one chunk of the body.
pub(super) struct OpenStream {
    /// `None` once the last event is known.
    body: Option<HttpBody>,
    parser: SseParser,
    joined: Box<dyn Join>,
    failures: Failures,
    waiting: VecDeque<Result<ChatEvent, ModelError>>,
}

impl OpenStream {
    pub(super) fn new(body: HttpBody, joined: Box<dyn Join>, failures: Failures) -> Self {
        Self {
            body: Some(body),
            parser: SseParser::default(),
            joined,
            failures,
            waiting: VecDeque::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        match self.parser.feed(bytes) {
            Ok(events) => {
                for data in events {
                    self.event(&data);
                }
            }
            Err(error) => self.end(Err(self.failures.of_stream(error.to_string()))),
        }
    }

    fn event(&mut self, data: &str) {
        if self.body.is_none() {
            return;
        }
        match self.joined.event(data) {
            Ok(Step::More(events)) => self.waiting.extend(events.into_iter().map(Ok)),
            Ok(Step::End) => self.finish(),
            Err(broken) => self.end(Err(self.failures.of_broken(broken))),
        }
    }

    /// Ends with the whole answer, or with an error if it is incomplete.
    fn finish(&mut self) {
        let end = match self.joined.finish() {
            Some(response) => Ok(ChatEvent::Finished(Box::new(response))),
            None => Err(self
                .failures
                .of_stream("the stream ended before the answer was finished".to_owned())),
        };
        self.end(end);
    }

    fn end(&mut self, end: Result<ChatEvent, ModelError>) {
        self.body = None;
        self.waiting
            .push_back(end.map_err(|error| match self.joined.used() {
                Some(usage) => error.with_usage(usage),
                None => error,
            }));
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
            match ready!(Pin::new(body).poll_next(task)) {
                Some(Ok(bytes)) => this.take(&bytes),
                // If the connection breaks after the finish reason, only usage is missing.
                Some(Err(_)) if this.joined.is_finished() => this.finish(),
                Some(Err(error)) => {
                    let error = this.failures.of_http(error);
                    this.end(Err(error));
                }
                None => {
                    if let Some(data) = this.parser.finish() {
                        this.event(&data);
                    }
                    if this.body.is_some() {
                        this.finish();
                    }
                }
            }
        }
    }
}

/// The events of a whole answer.
pub(super) fn whole(response: ChatResponse) -> ChatStream {
    let mut events = Vec::new();
    let text = response.message.text();
    if !text.is_empty() {
        events.push(Ok(ChatEvent::Text(text)));
    }
    let calls = response.message.tool_calls().cloned();
    events.extend(calls.map(|call| Ok(ChatEvent::ToolCall(call))));
    events.push(Ok(ChatEvent::Finished(Box::new(response))));
    Box::pin(stream::iter(events))
}
