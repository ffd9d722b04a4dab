//! A response body that keeps its request's span open.

use super::exchange::Exchange;
use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// A response body within a [`ServerLayer`](super::ServerLayer); the request ends with it.
    ///
    /// Servers stop polling a body whose length they know as soon as they have it, and do not poll
    /// one that is not sent; neither counts as cut short.
    #[derive(Debug)]
    pub struct ServerBody<B: Body> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B: Body> ServerBody<B> {
    pub(super) fn new(inner: B, mut exchange: Exchange) -> Self {
        if exchange.is_bodiless() || inner.is_end_stream() {
            exchange.complete();
        }
        Self {
            inner,
            exchange: Some(exchange),
        }
    }
}

impl<B> Body for ServerBody<B>
where
    B: Body,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(exchange) = this.exchange else {
            return this.inner.poll_frame(task);
        };
        let inner = this.inner.as_mut();
        let frame = ready!(exchange.within(|| inner.poll_frame(task)));
        match &frame {
            Some(Ok(frame)) => {
                // The last frame: the server does not poll again after it.
                let has_data = frame.data_ref().is_some_and(Buf::has_remaining);
                if this.inner.is_end_stream() || (has_data && is_empty(&this.inner.size_hint())) {
                    exchange.complete();
                }
            }
            Some(Err(_)) => {
                exchange.failed(std::any::type_name::<B::Error>(), "the body failed");
                *this.exchange = None;
            }
            None => {
                exchange.complete();
                *this.exchange = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Whether the body reports that it has ended.
fn is_empty(hint: &SizeHint) -> bool {
    hint.exact() == Some(0)
}
