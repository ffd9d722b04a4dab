//! Names that OpenTelemetry itself reserves.

attributes! {
    /// The one label of the series that collects what a cardinality limit refused (bool).
    METRIC_OVERFLOW = "otel.metric.overflow";
    /// The instrumentation scope, where a format has no place for it.
    SCOPE_NAME = "otel.scope.name";
    /// The scope's version.
    SCOPE_VERSION = "otel.scope.version";
    /// A span's status, where a format has no place for it.
    STATUS_CODE = "otel.status_code";
    /// The message of that status.
    STATUS_DESCRIPTION = "otel.status_description";
}
