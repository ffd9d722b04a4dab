//! The protocols of OTLP.

use crate::collector::Collector;

/// A protocol of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

impl Protocol {
    /// The name in settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }

    /// Address and port of a collector.
    pub(crate) fn authority(self, collector: &Collector) -> String {
        match self {
            Self::Http => collector.http_authority(),
            Self::Grpc => collector.grpc_authority(),
        }
    }

    /// The endpoint of a collector for this protocol.
    pub(crate) fn endpoint(self, collector: &Collector) -> String {
        format!("http://{}", self.authority(collector))
    }
}

/// Generates two test cases for each function that takes a protocol.
macro_rules! over_both {
    ($($name:ident: $http:ident, $grpc:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $http() {
            $name(Protocol::Http).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $grpc() {
            $name(Protocol::Grpc).await;
        }
    )+};
}
pub(crate) use over_both;
