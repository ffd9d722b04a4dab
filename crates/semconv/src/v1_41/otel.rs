//! Names that OpenTelemetry itself reserves.

attributes! {
    /// The only label of the series that aggregates measurements beyond a cardinality limit (bool).
    METRIC_OVERFLOW = "otel.metric.overflow";
    /// The instrumentation scope, for formats without a field for it.
    SCOPE_NAME = "otel.scope.name";
    /// The scope's version.
    SCOPE_VERSION = "otel.scope.version";
    /// A span's status, for formats without a field for it.
    STATUS_CODE = "otel.status_code";
    /// The message of that status.
    STATUS_DESCRIPTION = "otel.status_description";
}
