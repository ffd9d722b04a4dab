//! OTLP over gRPC.

#[cfg(feature = "tls")]
mod connect;
mod refusal;

use super::{Answer, ExportError};
use crate::{
    InitError, Signal,
    config::{Compression, Target},
};
use bytes::{Buf, BufMut, Bytes};
use http::{
    Uri,
    uri::{PathAndQuery, Scheme},
};
use refusal::{Unencrypted, refusal, was_connected};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};
#[cfg(any(feature = "gzip", feature = "zstd"))]
use tonic::codec::CompressionEncoding;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

/// Calls one service. The channel connects when it is first used, and again after a failure.
///
/// # Cancel safety
/// A cancelled request closes its connection: TCP takes minutes to detect a frozen or vanished peer, while
/// a new connection may reach another one.
#[derive(Debug)]
pub(super) struct Client {
    endpoint: Endpoint,
    /// `None` during a request, and after a cancelled one.
    channel: Mutex<Option<Channel>>,
    path: PathAndQuery,
    metadata: MetadataMap,
    compression: Compression,
    /// Whether the peer has responded in gRPC, or TLS is used. If a connection ends then, the cause is not
    /// missing encryption.
    is_understood: AtomicBool,
    /// For a backend with TLS.
    #[cfg(feature = "tls")]
    tls: Option<connect::Connector>,
}

impl Client {
    pub(super) fn new(target: Target, signal: Signal) -> Result<Self, InitError> {
        #[cfg(feature = "tls")]
        let tls = (target.uri.scheme_str() == Some("https"))
            .then(|| {
                let identity = target.identity.as_ref();
                connect::Connector::new(target.certificate.as_deref(), identity)
            })
            .transpose()?;
        let is_understood = AtomicBool::new(target.uri.scheme() == Some(&Scheme::HTTPS));
        // The connector encrypts. With https, tonic would look for its own TLS.
        let endpoint = Endpoint::from(plain(target.uri.clone()))
            .origin(target.uri)
            .user_agent(super::USER_AGENT)
            .map_err(|error| InitError::Tls(error.into()))?
            .tcp_nodelay(true)
            .connect_timeout(target.timeout);
        Ok(Self {
            endpoint,
            channel: Mutex::default(),
            path: PathAndQuery::from_static(match signal {
                Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                Signal::Metrics => {
                    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
                }
                Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            }),
            metadata: MetadataMap::from_headers(target.headers),
            compression: target.compression,
            is_understood,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Answer, ExportError> {
        let kept = self.kept().take();
        let channel = kept.unwrap_or_else(|| self.connect());
        let answer = self.call(channel.clone(), body).await;
        // It has responded, or reconnects by itself.
        *self.kept() = Some(channel);
        answer
    }

    #[cfg(feature = "tls")]
    fn connect(&self) -> Channel {
        match &self.tls {
            Some(connector) => self.endpoint.connect_with_connector_lazy(connector.clone()),
            None => self.endpoint.connect_lazy(),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn connect(&self) -> Channel {
        self.endpoint.connect_lazy()
    }

    /// The error; for a broken connection with the reason why it ended, if known.
    #[cfg(feature = "tls")]
    fn refusal(&self, status: Status) -> ExportError {
        let refusal = refusal(status);
        let connector = self.tls.as_ref().filter(|_| refusal.is_unreachable());
        match connector.and_then(connect::Connector::take_ending) {
            Some(ending) => ExportError::Unreachable(ending.into()),
            None => refusal,
        }
    }

    #[cfg(not(feature = "tls"))]
    fn refusal(&self, status: Status) -> ExportError {
        refusal(status)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Channel>> {
        // Nothing panics while the lock is held.
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, channel: Channel, body: Bytes) -> Result<Answer, ExportError> {
        let mut grpc = compressed(Grpc::new(channel), self.compression);
        grpc.ready()
            .await
            .map_err(|error| ExportError::Unreachable(error.into()))?;
        let mut request = Request::new(body);
        request.metadata_mut().clone_from(&self.metadata);
        match grpc.unary(request, self.path.clone(), Raw).await {
            Ok(response) => {
                self.is_understood.store(true, Relaxed);
                Ok(Answer::read(&response.into_inner()))
            }
            Err(status) => Err(self.explained(self.refusal(status))),
        }
    }

    /// Explains the error: a backend that expects TLS closes a connection without it, and cannot send a reason.
    fn explained(&self, refusal: ExportError) -> ExportError {
        match refusal {
            ExportError::Unreachable(cause) if !self.is_understood.load(Relaxed) => {
                ExportError::Unreachable(match was_connected(&*cause) {
                    true => Unencrypted(cause).into(),
                    false => cause,
                })
            }
            ExportError::Unreachable(_) => refusal,
            _ => {
                self.is_understood.store(true, Relaxed);
                refusal
            }
        }
    }
}

/// The same address with the scheme http. Without a port, the port is that of https.
fn plain(uri: Uri) -> Uri {
    if uri.scheme() != Some(&Scheme::HTTPS) {
        return uri;
    }
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    if uri.port().is_none() {
        let host = uri.host().unwrap_or_default();
        parts.authority = format!("{host}:443").parse().ok();
    }
    Uri::from_parts(parts).unwrap_or(uri)
}

/// Sends compressed messages, and accepts them: servers of grpc-go, such as the Collector, respond with the
/// compression of the request, regardless of what the client accepts.
fn compressed<T>(grpc: Grpc<T>, compression: Compression) -> Grpc<T> {
    match compression {
        Compression::None => grpc,
        #[cfg(feature = "gzip")]
        Compression::Gzip => grpc
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip),
        #[cfg(feature = "zstd")]
        Compression::Zstd => grpc
            .send_compressed(CompressionEncoding::Zstd)
            .accept_compressed(CompressionEncoding::Zstd),
        #[cfg(not(all(feature = "gzip", feature = "zstd")))]
        _ => grpc,
    }
}

/// Already encoded messages: every attempt sends the same bytes.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_port_stays_the_one_of_https() {
        let plain = |uri| plain(Uri::from_static(uri)).to_string();
        assert_eq!(plain("https://collector"), "http://collector:443/");
        assert_eq!(plain("https://[::1]"), "http://[::1]:443/");
        assert_eq!(plain("https://c:4317"), "http://c:4317/");
        assert_eq!(plain("http://c"), "http://c/");
    }

    /// A body with the status as its trailer.
    #[cfg(feature = "gzip")]
    type Answered = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

    #[cfg(feature = "gzip")]
    fn taken(body: Vec<u8>) -> Answered {
        use http_body_util::BodyExt;
        let status = ("grpc-status".parse().unwrap(), "0".parse().unwrap());
        let trailers = http::HeaderMap::from_iter([status]);
        let body = http_body_util::Full::from(body);
        let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
        body.boxed()
    }

    /// Responds with the compression of the request, as grpc-go does.
    #[cfg(feature = "gzip")]
    struct Echoing;

    #[cfg(feature = "gzip")]
    impl tonic::client::GrpcService<tonic::body::Body> for Echoing {
        type ResponseBody = Answered;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<http::Response<Answered>, Self::Error>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
            let encoding = request.headers()["grpc-encoding"].clone();
            let answer =
                crate::export::compress::compress(&Bytes::from_static(b"taken"), Compression::Gzip);
            let answer = answer.unwrap();
            let mut body = vec![1];
            body.extend(u32::try_from(answer.len()).unwrap().to_be_bytes());
            body.extend(answer);
            let response = http::Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-encoding", encoding)
                .body(taken(body));
            std::future::ready(Ok(response.unwrap()))
        }
    }

    #[cfg(feature = "gzip")]
    #[tokio::test]
    async fn an_answer_in_the_compression_of_the_request_is_understood() {
        let mut grpc = compressed(Grpc::new(Echoing), Compression::Gzip);
        let path = PathAndQuery::from_static("/a.Service/Export");
        let request = Request::new(Bytes::from_static(b"spans"));
        let answer = grpc.unary(request, path, Raw).await.unwrap();
        assert_eq!(answer.into_inner(), "taken");
    }
}
