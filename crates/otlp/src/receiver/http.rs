//! OTLP/HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tonic::Code;

use super::Receiver;
use super::body::Framing;
use super::grpc::is_grpc;
use super::inflate::Encoding;
use super::media::Media;
use super::problem::{Problem, trim};
use crate::proto::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse, ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse, ExportTracePartialSuccess, ExportTraceServiceResponse, Message,
};
use crate::{Accepted, Signal, json};

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

/// Longest text of a partial success; the answer as a whole may have 4 MiB.
const MAX_WARNING: usize = 2 << 10;

/// Encodes the answer of the signal's service. Full success leaves `partial_success` unset.
pub(super) fn response(signal: Signal, accepted: &Accepted, media: Media) -> Vec<u8> {
    fn encode<M: Message + json::JsonMessage>(message: &M, media: Media) -> Vec<u8> {
        match media {
            Media::Protobuf => message.encode_to_vec(),
            Media::Json => json::to_vec(message),
        }
    }
    let mut error_message = accepted.message().unwrap_or_default().to_owned();
    trim(&mut error_message, MAX_WARNING);
    let rejected = i64::try_from(accepted.rejected()).unwrap_or(i64::MAX);
    let partial = rejected > 0 || !error_message.is_empty();
    match signal {
        Signal::Traces => {
            let success = ExportTracePartialSuccess {
                rejected_spans: rejected,
                error_message,
            };
            let partial_success = partial.then_some(success);
            encode(&ExportTraceServiceResponse { partial_success }, media)
        }
        Signal::Metrics => {
            let success = ExportMetricsPartialSuccess {
                rejected_data_points: rejected,
                error_message,
            };
            let partial_success = partial.then_some(success);
            encode(&ExportMetricsServiceResponse { partial_success }, media)
        }
        Signal::Logs => {
            let success = ExportLogsPartialSuccess {
                rejected_log_records: rejected,
                error_message,
            };
            let partial_success = partial.then_some(success);
            encode(&ExportLogsServiceResponse { partial_success }, media)
        }
    }
}
