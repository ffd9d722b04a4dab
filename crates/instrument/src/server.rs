//! A tower layer that records each request of a service.

mod body;
mod exchange;
mod future;
mod request;

pub use body::ServerBody;
pub use future::ServerFuture;
pub use request::{PeerAddress, Route};

use crate::{HeaderSource, SystemClock};
use exchange::Exchange;
use glassbox_core::{Clock, Cx};
use http::{Request, Response};
use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Layer, Service};

/// Records each request as one SERVER span, in `http.server.request.duration` and in
/// `http.server.active_requests`, and passes the caller's [`Cx`] to the service in the extensions of the request.
///
/// For the span and for both metrics, a request lasts from the call of the service to the end of the response body, as
/// the conventions require. The span is current while the service and the body are polled, so a streamed response stays
/// in its trace. If the client disconnects before the end, `error.type` is `cancelled`. After a panic it is `panic`, and
/// the panic continues.
///
/// ```
/// use glassbox_core::Cx;
/// use glassbox_instrument::ServerLayer;
/// use http::{Request, Response};
/// use tower::{Layer, Service, service_fn};
///
/// let service = service_fn(async |request: Request<String>| {
///     let cx: &Cx = request.extensions().get().expect("the layer puts it there");
///     Ok::<_, std::convert::Infallible>(Response::new(format!("{:?}", cx.deadline())))
/// });
/// let mut service = ServerLayer::new().layer(service);
/// # let _ = service.call(Request::new(String::new()));
/// ```
#[derive(Clone)]
pub struct ServerLayer {
    clock: Arc<dyn Clock>,
    scheme: &'static str,
}

impl ServerLayer {
    /// A layer for a service that is reached over `http://`.
    pub fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            scheme: "http",
        }
    }

    /// For a service that is reached over `https://`.
    #[must_use]
    pub fn with_tls(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// The clock of callers' deadlines; by default that of the process.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl Default for ServerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ServerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = ServerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service within a [`ServerLayer`].
#[derive(Clone, Debug)]
pub struct ServerService<S> {
    inner: S,
    layer: ServerLayer,
}

impl<S, B, R> Service<Request<B>> for ServerService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body,
{
    type Response = Response<ServerBody<R>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let cx = Cx::extract(&*self.layer.clock, &HeaderSource::new(request.headers()));
        let mut exchange = Exchange::start(&request, self.layer.scheme, cx.trace());
        let cx = cx.with_trace(exchange.context().clone());
        request.extensions_mut().insert(cx);
        let inner = exchange.within(|| self.inner.call(request));
        ServerFuture::new(inner, exchange)
    }
}
