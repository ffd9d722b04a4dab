//! The body of a successful answer, the same for both transports.

use super::media::Media;
use super::problem::trim;
use crate::proto::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse, ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse, ExportTracePartialSuccess, ExportTraceServiceResponse, Message,
};
use crate::{Accepted, Signal, json};

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
