//! The fields of logs.

use super::bytes::Hex;
use super::message::{Many, Maybe, Msg, messages};
use super::scalar::{Enum, Int, Text};
use crate::proto::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
use crate::proto::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse};

messages! {
    ExportLogsServiceRequest {
        "resourceLogs" => resource_logs: Many<Msg>,
    }

    ExportLogsServiceResponse {
        "partialSuccess" => partial_success: Maybe<Msg>,
    }

    ExportLogsPartialSuccess {
        "rejectedLogRecords" => rejected_log_records: Int,
        "errorMessage" => error_message: Text,
    }

    LogsData {
        "resourceLogs" => resource_logs: Many<Msg>,
    }

    ResourceLogs {
        "resource" => resource: Maybe<Msg>,
        "scopeLogs" => scope_logs: Many<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    ScopeLogs {
        "scope" => scope: Maybe<Msg>,
        "logRecords" => log_records: Many<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    LogRecord {
        "timeUnixNano" => time_unix_nano: Int,
        "observedTimeUnixNano" => observed_time_unix_nano: Int,
        "severityNumber" => severity_number: Enum,
        "severityText" => severity_text: Text,
        "body" => body: Maybe<Msg>,
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
        "flags" => flags: Int,
        "traceId" => trace_id: Hex,
        "spanId" => span_id: Hex,
        "eventName" => event_name: Text,
    }
}
