//! Spans.

use super::{Fault, Place, RejectedReason, Rejections, SPAN_ID, TRACE_ID, optional, required};
use crate::Signal;
use crate::proto::ExportTraceServiceRequest;
use crate::proto::trace::v1::Span;

pub(super) fn remove_invalid(request: &mut ExportTraceServiceRequest, out: &mut Rejections) {
    for (r, resource) in request.resource_spans.iter_mut().enumerate() {
        for (s, scope) in resource.scope_spans.iter_mut().enumerate() {
            let mut index = 0;
            scope.spans.retain_mut(|span| {
                let place = Place::new(Signal::Traces, [r, s, index]);
                index += 1;
                keep(span, place, out)
            });
        }
    }
}

/// Returns whether the span is valid.
pub(crate) fn keep(span: &mut Span, place: Place, out: &mut Rejections) -> bool {
    let fault = fault(span);
    let valid = fault.is_none();
    if let Some(fault) = fault {
        out.add(place, fault, 1);
    }
    valid
}

fn fault(span: &Span) -> Option<Fault> {
    if let Some(problem) = required(&span.trace_id, TRACE_ID) {
        return Some(Fault::new(RejectedReason::TraceId, ".traceId", problem));
    }
    if let Some(problem) = required(&span.span_id, SPAN_ID) {
        return Some(Fault::new(RejectedReason::SpanId, ".spanId", problem));
    }
    if let Some(problem) = optional(&span.parent_span_id, SPAN_ID) {
        return Some(Fault::new(
            RejectedReason::ParentSpanId,
            ".parentSpanId",
            problem,
        ));
    }
    // A link without ids is valid (its attributes may identify its target), one with an id of the wrong
    // length is not.
    span.links.iter().enumerate().find_map(|(index, link)| {
        let (field, problem) = optional(&link.trace_id, TRACE_ID)
            .map(|problem| ("traceId", problem))
            .or_else(|| optional(&link.span_id, SPAN_ID).map(|problem| ("spanId", problem)))?;
        Some(Fault::new(
            RejectedReason::Link,
            format!(".links[{index}].{field}"),
            problem,
        ))
    })
}
