//! The fields of logs.

use super::binary::Hex;
use super::enums::Enum;
use super::message::{Many, Maybe, Msg, Records, messages};
use super::scalar::{Int, Text};
use crate::proto::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs, SeverityNumber};
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
        "scopeLogs" | "instrumentationLibraryLogs" => scope_logs: Many<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    ScopeLogs {
        "scope" | "instrumentationLibrary" => scope: Maybe<Msg>,
        "logRecords" | "logs" => log_records: Records<Msg>,
        "schemaUrl" => schema_url: Text,
    }

    LogRecord {
        "timeUnixNano" => time_unix_nano: Int,
        "observedTimeUnixNano" => observed_time_unix_nano: Int,
        "severityNumber" => severity_number: Enum<SeverityNumber>,
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
