//! OTLP/HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tonic::Code;

use super::Receiver;
use super::answer::response;
use super::body::Framing;
use super::grpc::is_grpc;
use super::inflate::Encoding;
use super::media::Media;
use super::problem::Problem;
use crate::Signal;

pub(super) fn router(receiver: &Receiver) -> Router {
    Signal::ALL
        .into_iter()
        .fold(Router::new(), |router, signal| {
            let exporter = receiver.clone();
            let refuser = receiver.clone();
            let export =
                post(async move |request: Request| exporter.export_http(signal, request).await);
            let refuse = async move |request: Request| {
                let problem = Problem::method();
                refuser.shared.stats.count_refused(problem.reason());
                problem.into_http(Media::of(request.headers()).unwrap_or(Media::Json))
            };
            router.route(signal.http_path(), export.fallback(refuse))
        })
}

impl Receiver {
    async fn export_http(&self, signal: Signal, request: Request) -> Response {
        let Some(media) = Media::of(request.headers()) else {
            let problem = Problem::content_type();
            self.shared.stats.count_refused(problem.reason());
            return problem.into_http(Media::Json);
        };
        let mut encodings = request.headers().get_all(CONTENT_ENCODING).iter();
        let encoding = match (encodings.next(), encodings.next()) {
            (None, _) => "",
            (Some(one), None) => one.to_str().unwrap_or("?"),
            (Some(_), Some(_)) => "several",
        };
        let Some(encoding) = Encoding::parse(encoding) else {
            let problem = Problem::encoding(encoding, Code::InvalidArgument);
            self.shared.stats.count_refused(problem.reason());
            return problem.into_http(media);
        };
        let body = request.into_body();
        match self
            .export(signal, media, encoding, Framing::Whole, body)
            .await
        {
            Ok(accepted) => {
                let body = Body::from(response(signal, &accepted, media));
                ([(CONTENT_TYPE, media.header())], body).into_response()
            }
            Err(problem) => problem.into_http(media),
        }
    }

    /// Answers a request that no route matches: `UNIMPLEMENTED` to a gRPC call, otherwise 404
    /// with the paths that exist. Meant for the fallback of a router that serves this receiver.
    #[must_use]
    pub fn unknown_route(&self, request: Request) -> Response {
        let path = request.uri().path();
        let problem = Problem::unknown_path(path);
        self.shared.stats.count_refused(problem.reason());
        if is_grpc(request.headers()) {
            return problem.into_grpc();
        }
        problem.into_http(Media::of(request.headers()).unwrap_or(Media::Json))
    }
}
