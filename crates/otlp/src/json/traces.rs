//! The fields of traces.

use super::binary::Hex;
use super::enums::Enum;
use super::message::{Many, Maybe, Msg, Records, messages};
use super::scalar::{Int, Text};
use crate::proto::trace::v1::span::{Event, Link, SpanKind};
use crate::proto::trace::v1::status::StatusCode;
use crate::proto::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, TracesData};
use crate::proto::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};

messages! {
    ExportTraceServiceRequest {
        "resourceSpans" => resource_spans: Many<Msg>,
    }

    ExportTraceServiceResponse {
        "partialSuccess" => partial_success: Maybe<Msg>,
    }

    ExportTracePartialSuccess {
        "rejectedSpans" => rejected_spans: Int,
        "errorMessage" => error_message: Text,
    }

    TracesData {
        "resourceSpans" => resource_spans: Many<Msg>,
    }

    ResourceSpans {
        "resource" => resource: Maybe<Msg>,
        "scopeSpans" | "instrumentationLibrarySpans" => scope_spans: Many<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    ScopeSpans {
        "scope" | "instrumentationLibrary" => scope: Maybe<Msg>,
        "spans" => spans: Records<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    Span {
        "traceId" => trace_id: Hex,
        "spanId" => span_id: Hex,
        "traceState" => trace_state: Text,
        "parentSpanId" => parent_span_id: Hex,
        "flags" => flags: Int,
        "name" => name: Text,
        "kind" => kind: Enum<SpanKind>,
        "startTimeUnixNano" => start_time_unix_nano: Int,
        "endTimeUnixNano" => end_time_unix_nano: Int,
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
        "events" => events: Many<Msg>,
        "droppedEventsCount" => dropped_events_count: Int,
        "links" => links: Many<Msg>,
        "droppedLinksCount" => dropped_links_count: Int,
        "status" => status: Maybe<Msg>,
    }

    Event {
        "timeUnixNano" => time_unix_nano: Int,
        "name" => name: Text,
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
    }

    Link {
        "traceId" => trace_id: Hex,
        "spanId" => span_id: Hex,
        "traceState" => trace_state: Text,
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
        "flags" => flags: Int,
    }

    Status {
        "message" => message: Text,
        "code" => code: Enum<StatusCode>,
    }
}
