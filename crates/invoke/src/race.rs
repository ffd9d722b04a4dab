//! Waits for the first of an answer, a cancellation and a timer.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// What came first.
pub(crate) enum Raced<T> {
    Answered(T),
    Cancelled,
    Elapsed,
}

/// Waits for the first of three. If several are ready at once, the order of the arguments decides.
pub(crate) async fn race<T>(
    answer: impl Future<Output = T>,
    cancelled: impl Future<Output = ()>,
    timer: impl Future<Output = ()>,
) -> Raced<T> {
    let (mut answer, mut cancelled, mut timer) = (pin!(answer), pin!(cancelled), pin!(timer));
    poll_fn(|context| {
        if let Poll::Ready(value) = answer.as_mut().poll(context) {
            return Poll::Ready(Raced::Answered(value));
        }
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Raced::Cancelled);
        }
        timer.as_mut().poll(context).map(|()| Raced::Elapsed)
    })
    .await
}
