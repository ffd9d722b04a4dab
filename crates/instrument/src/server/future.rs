//! The answer to come.

use super::{ServerBody, exchange::Exchange, request};
use http::Response;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The future of a response. If it is dropped earlier, the caller has disconnected.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ServerFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F> ServerFuture<F> {
    pub(super) fn new(inner: F, exchange: Exchange) -> Self {
        Self {
            inner,
            exchange: Some(exchange),
        }
    }
}

impl<F, B, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body,
{
    type Output = Result<Response<ServerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let exchange = this
            .exchange
            .as_mut()
            .expect("invariant: a future is not polled after it is ready");
        let answer = ready!(exchange.within(|| this.inner.poll(task)));
        let mut exchange = this
            .exchange
            .take()
            .expect("invariant: it was there a line above");
        Poll::Ready(match answer {
            Ok(response) => {
                let route = request::route(response.extensions());
                exchange.answered(response.status(), route.as_ref());
                Ok(response.map(|body| ServerBody::new(body, exchange)))
            }
            Err(error) => {
                exchange.failed(std::any::type_name::<E>(), "the service failed");
                Err(error)
            }
        })
    }
}
