//! The guard as a tower layer.

use crate::{
    Guard, Head,
    cors::{preflight, share},
    guard::Verdict,
    refusal::challenge,
};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower::{Layer, Service};

/// Checks every request before the service runs, for axum routers and tonic servers.
#[derive(Clone, Debug)]
pub struct GuardLayer(Guard);

impl Guard {
    /// The layer that checks every request.
    pub fn layer(&self) -> GuardLayer {
        GuardLayer(self.clone())
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            guard: self.0.clone(),
            inner,
        }
    }
}

/// A service behind a [`Guard`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<Either<Full<Bytes>, R>>;
    type Error = S::Error;
    type Future = GuardedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let head = Head::from(&request);
        let (answer, share) = match self.guard.judge(head) {
            Ok(Verdict::Pass) => (None, None),
            Ok(Verdict::PassTo(origin)) => (None, Some(origin)),
            Ok(Verdict::Preflight(origin)) => (Some(preflight(head.headers)), Some(origin)),
            Ok(Verdict::OwnPreflight) => (Some(preflight(head.headers)), None),
            Err(refusal) => {
                let mut answer = self.guard.render(head, &refusal);
                challenge(&mut answer);
                // For the layers outside this one, which may count refusals.
                answer.extensions_mut().insert(refusal);
                (Some(answer), None)
            }
        };
        let state = match answer {
            Some(answer) => State::Answered {
                answer: Some(answer),
            },
            None => State::Passed {
                future: self.inner.call(request),
            },
        };
        GuardedFuture { state, share }
    }
}

pin_project! {
    /// The response of a [`Guarded`] service.
    #[derive(Debug)]
    pub struct GuardedFuture<F> {
        #[pin]
        state: State<F>,
        share: Option<HeaderValue>,
    }
}

pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum State<F> {
        Answered { answer: Option<Response<Full<Bytes>>> },
        Passed { #[pin] future: F },
    }
}

impl<F, R, E> Future for GuardedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<Either<Full<Bytes>, R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.state.project() {
            Projected::Answered { answer } => match answer.take() {
                Some(answer) => answer.map(Either::Left),
                // Polled after completion.
                None => return Poll::Pending,
            },
            Projected::Passed { future } => ready!(future.poll(cx))?.map(Either::Right),
        };
        if let Some(origin) = this.share.take() {
            share(&mut response, origin);
        }
        Poll::Ready(Ok(response))
    }
}
