//! Log records.

use super::{Fault, RejectedReason, Rejections, SPAN_ID, TRACE_ID, optional};
use crate::proto::ExportLogsServiceRequest;
use crate::proto::logs::v1::LogRecord;

pub(super) fn remove_invalid(request: &mut ExportLogsServiceRequest, out: &mut Rejections) {
    for (r, resource) in request.resource_logs.iter_mut().enumerate() {
        for (s, scope) in resource.scope_logs.iter_mut().enumerate() {
            let mut index = 0;
            scope.log_records.retain(|record| {
                let fault = fault(record);
                if let Some(fault) = fault {
                    let place =
                        format_args!("resourceLogs[{r}].scopeLogs[{s}].logRecords[{index}]");
                    out.add(place, fault, 1);
                    index += 1;
                    return false;
                }
                index += 1;
                true
            });
        }
    }
}

fn fault(record: &LogRecord) -> Option<Fault> {
    if let Some(problem) = optional(&record.trace_id, TRACE_ID) {
        return Some(Fault::new(RejectedReason::TraceId, ".traceId", problem));
    }
    let problem = optional(&record.span_id, SPAN_ID)?;
    Some(Fault::new(RejectedReason::SpanId, ".spanId", problem))
}
