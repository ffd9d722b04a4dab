//! Log records.

use super::{Fault, Place, RejectedReason, Rejections, SPAN_ID, TRACE_ID, optional};
use crate::Signal;
use crate::proto::ExportLogsServiceRequest;
use crate::proto::logs::v1::LogRecord;

pub(super) fn remove_invalid(request: &mut ExportLogsServiceRequest, out: &mut Rejections) {
    for (r, resource) in request.resource_logs.iter_mut().enumerate() {
        for (s, scope) in resource.scope_logs.iter_mut().enumerate() {
            let mut index = 0;
            scope.log_records.retain_mut(|record| {
                let place = Place::new(Signal::Logs, [r, s, index]);
                index += 1;
                keep(record, place, out)
            });
        }
    }
}

/// Returns whether the log record is valid.
pub(crate) fn keep(record: &mut LogRecord, place: Place, out: &mut Rejections) -> bool {
    let fault = fault(record);
    let valid = fault.is_none();
    if let Some(fault) = fault {
        out.add(place, fault, 1);
    }
    valid
}

fn fault(record: &LogRecord) -> Option<Fault> {
    if let Some(problem) = optional(&record.trace_id, TRACE_ID) {
        return Some(Fault::new(RejectedReason::TraceId, ".traceId", problem));
    }
    let problem = optional(&record.span_id, SPAN_ID)?;
    Some(Fault::new(RejectedReason::SpanId, ".spanId", problem))
}
