//! The environment variables of the settings.

use super::TelemetryConfig;
use glassbox_config::{Form, Invalid, Reserved, Section, Variable};

const fn text(name: &'static str, key: &'static str) -> Variable {
    Variable::new(name, key)
}

const fn millis(name: &'static str, key: &'static str) -> Variable {
    Variable::new(name, key).form(Form::Milliseconds)
}

const fn pairs(name: &'static str, key: &'static str) -> Variable {
    Variable::new(name, key).form(Form::Pairs)
}

impl Section for TelemetryConfig {
    const NAME: &'static str = "telemetry";

    const VARIABLES: &'static [Variable] = &[
        Variable::new("OTEL_SDK_DISABLED", "enabled").form(Form::Negated),
        text("OTEL_SERVICE_NAME", "service_name"),
        text("OTEL_SERVICE_NAMESPACE", "service_namespace"),
        text("OTEL_SERVICE_VERSION", "service_version"),
        pairs("OTEL_RESOURCE_ATTRIBUTES", "resource_attributes"),
        text("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint"),
        text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "traces.endpoint"),
        text("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "metrics.endpoint"),
        text("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "logs.endpoint"),
        text("OTEL_EXPORTER_OTLP_PROTOCOL", "protocol"),
        text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "traces.protocol"),
        text("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "metrics.protocol"),
        text("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "logs.protocol"),
        pairs("OTEL_EXPORTER_OTLP_HEADERS", "headers"),
        pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "traces.headers"),
        pairs("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "metrics.headers"),
        pairs("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "logs.headers"),
        text("OTEL_EXPORTER_OTLP_COMPRESSION", "compression"),
        text(
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            "traces.compression",
        ),
        text(
            "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
            "metrics.compression",
        ),
        text("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "logs.compression"),
        millis("OTEL_EXPORTER_OTLP_TIMEOUT", "timeout"),
        millis("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "traces.timeout"),
        millis("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "metrics.timeout"),
        millis("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "logs.timeout"),
        text("OTEL_EXPORTER_OTLP_CERTIFICATE", "certificate"),
        text(
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "traces.certificate",
        ),
        text(
            "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
            "metrics.certificate",
        ),
        text("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "logs.certificate"),
        text(
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            "client_certificate",
        ),
        text("OTEL_EXPORTER_OTLP_CLIENT_KEY", "client_key"),
        text(
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
            "traces.client_certificate",
        ),
        text("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "traces.client_key"),
        text(
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            "metrics.client_certificate",
        ),
        text(
            "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
            "metrics.client_key",
        ),
        text(
            "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
            "logs.client_certificate",
        ),
        text("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "logs.client_key"),
        text("OTEL_TRACES_EXPORTER", "traces.exporter"),
        text("OTEL_METRICS_EXPORTER", "metrics.exporter"),
        text("OTEL_LOGS_EXPORTER", "logs.exporter"),
        text(
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "temporality",
        ),
        text("OTEL_TRACES_SAMPLER", "sampler"),
        text("OTEL_TRACES_SAMPLER_ARG", "sampling_ratio"),
        text("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "max_attributes"),
        text("OTEL_SPAN_EVENT_COUNT_LIMIT", "max_events"),
        text("OTEL_SPAN_LINK_COUNT_LIMIT", "max_links"),
        text("OTEL_BSP_MAX_QUEUE_SIZE", "queue_size"),
        text("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "batch_size"),
        millis("OTEL_BSP_SCHEDULE_DELAY", "batch_timeout"),
        text("OTEL_BLRP_MAX_QUEUE_SIZE", "log_queue_size"),
        text("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "log_batch_size"),
        millis("OTEL_BLRP_SCHEDULE_DELAY", "log_batch_timeout"),
        millis("OTEL_METRIC_EXPORT_INTERVAL", "metric_interval"),
        text("OTEL_SEMCONV_STABILITY_OPT_IN", "semconv_stability_opt_in"),
        text("GLASSBOX_OTEL_SDK_ENABLED", "enabled"),
        text("GLASSBOX_OTEL_SERVICE_NAME", "service_name"),
        pairs("GLASSBOX_OTEL_RESOURCE_ATTRIBUTES", "resource_attributes"),
        text("GLASSBOX_LOG", "log_level"),
        text("GLASSBOX_LOG_FORMAT", "console"),
        text("GLASSBOX_ENVIRONMENT", "environment"),
        text("RUST_LOG", "log_level"),
        text("K8S_POD_NAME", "kubernetes.pod_name"),
        text("POD_NAME", "kubernetes.pod_name"),
        text("K8S_POD_UID", "kubernetes.pod_uid"),
        text("POD_UID", "kubernetes.pod_uid"),
        text("K8S_NAMESPACE_NAME", "kubernetes.namespace"),
        text("POD_NAMESPACE", "kubernetes.namespace"),
        text("K8S_NODE_NAME", "kubernetes.node_name"),
        text("NODE_NAME", "kubernetes.node_name"),
        text("K8S_CONTAINER_NAME", "kubernetes.container_name"),
        text("K8S_DEPLOYMENT_NAME", "kubernetes.deployment_name"),
        text("K8S_CLUSTER_NAME", "kubernetes.cluster_name"),
    ];

    const SECRETS: &'static [&'static str] = &[
        "headers",
        "traces.headers",
        "metrics.headers",
        "logs.headers",
    ];

    fn reserved(&self) -> Vec<Reserved> {
        vec![
            Reserved::receives("endpoint", "headers"),
            Reserved::receives("endpoint", "traces.headers"),
            Reserved::receives("endpoint", "metrics.headers"),
            Reserved::receives("endpoint", "logs.headers"),
            Reserved::receives("traces.endpoint", "headers"),
            Reserved::receives("traces.endpoint", "traces.headers"),
            Reserved::receives("metrics.endpoint", "headers"),
            Reserved::receives("metrics.endpoint", "metrics.headers"),
            Reserved::receives("logs.endpoint", "headers"),
            Reserved::receives("logs.endpoint", "logs.headers"),
        ]
    }

    fn validate(&self) -> Result<(), Invalid> {
        self.check()
            .map_err(|error| Invalid::new(error.key(), error))
    }
}
