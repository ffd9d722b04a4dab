//! Connections, including those that are deliberately mishandled.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::SinkMode;
use super::collected::{Collected, MODE};

/// Accepts connections until it is dropped, which closes all of them.
pub(super) async fn run(listener: TcpListener, router: Router, collected: Arc<Collected>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            // A failed accept affects only that client; the next one may succeed.
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => continue,
            },
            Some(_) = connections.join_next() => continue,
        };
        // An error means that the connection is already closed.
        let _ = stream.set_nodelay(true);
        let close = Arc::new(Notify::new());
        let router = router.clone().layer(from_fn({
            let (close, collected) = (Arc::clone(&close), Arc::clone(&collected));
            move |request: Request, next: Next| {
                let (close, collected) = (Arc::clone(&close), Arc::clone(&collected));
                async move {
                    let mode = collected.begin();
                    let response = handle(mode, &close, &collected, request, next).await;
                    collected.announce();
                    response
                }
            }
        }));
        connections.spawn(async move {
            let service = TowerToHyperService::new(router);
            let server = Builder::new(TokioExecutor::new());
            tokio::select! {
                // How a connection ends is the client's concern.
                _ = server.serve_connection(TokioIo::new(stream), service) => {}
                () = close.notified() => {}
            }
        });
    }
}

async fn handle(
    mode: SinkMode,
    close: &Notify,
    collected: &Collected,
    request: Request,
    next: Next,
) -> Response {
    match mode {
        SinkMode::Status { http, grpc } => status(http, grpc, &request),
        SinkMode::Hang => {
            collected.announce();
            std::future::pending().await
        }
        SinkMode::Close => {
            collected.announce();
            close.notify_one();
            std::future::pending().await
        }
        mode => MODE.scope(mode, next.run(request)).await,
    }
}

fn status(http: u16, grpc: u16, request: &Request) -> Response {
    let content_type = request.headers().get(CONTENT_TYPE);
    let is_grpc =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    let mut response = Response::new(Body::empty());
    if is_grpc {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from(grpc));
    } else {
        *response.status_mut() =
            StatusCode::from_u16(http).expect("a test asks for a status that exists");
    }
    response
}
