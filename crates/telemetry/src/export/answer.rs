//! Responses to accepted requests.

use prost::Message;

/// A full or partial success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of rejected items.
    pub(crate) rejected: usize,
    /// The backend's reason; a warning if nothing was rejected.
    pub(crate) message: String,
}

/// The responses of all signals have the same structure: field 1 is the partial success, with the number of
/// rejected items in field 1 and the message in field 2.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl Answer {
    /// Reads a response. Any other body counts as a full success, which is what the status means.
    pub(crate) fn read(body: &[u8]) -> Self {
        let partial = Response::decode(body)
            .ok()
            .and_then(|read| read.partial_success);
        let partial = partial.unwrap_or_default();
        Self {
            rejected: usize::try_from(partial.rejected).unwrap_or(0),
            message: partial.error_message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::{
        logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse},
        metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse},
        trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
    };

    #[test]
    fn the_partial_success_of_every_signal_is_read() {
        let message = || "too old".to_owned();
        let spans = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: message(),
            }),
        };
        let points = ExportMetricsServiceResponse {
            partial_success: Some(ExportMetricsPartialSuccess {
                rejected_data_points: 3,
                error_message: message(),
            }),
        };
        let records = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: 3,
                error_message: message(),
            }),
        };
        let three = Answer {
            rejected: 3,
            message: message(),
        };
        assert_eq!(Answer::read(&spans.encode_to_vec()), three);
        assert_eq!(Answer::read(&points.encode_to_vec()), three);
        assert_eq!(Answer::read(&records.encode_to_vec()), three);
    }

    #[test]
    fn an_empty_or_foreign_body_is_a_whole_success() {
        assert_eq!(Answer::read(b""), Answer::default());
        assert_eq!(Answer::read(b"OK, thanks"), Answer::default());
    }
}
