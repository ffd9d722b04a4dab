//! Setters, one for each setting.

use super::{
    Compression, Console, Kubernetes, Protocol, Sampler, TelemetryConfig, Temporality, TracingLayer,
};
use std::time::Duration;

macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident($field:ident: $kind:ty);)+) => {
        impl TelemetryConfig {
    /// Sets the generations of semantic conventions to emit, as a comma-separated list.
    #[must_use]
    pub fn with_semconv_stability_opt_in(mut self, list: impl Into<String>) -> Self {
        self.semconv_stability_opt_in = list.into();
        self
    }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $method(mut self, $field: $kind) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

macro_rules! texts {
    ($($(#[$doc:meta])* $method:ident($field:ident);)+) => {
        impl TelemetryConfig {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $method(mut self, $field: impl Into<String>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )+
        }
    };
}

setters! {
    /// Sets whether anything except the console is on.
    with_enabled(enabled: bool);
    /// Sets whether OTLP is sent.
    with_otlp(otlp: bool);
    /// Sets the `k8s.*` attributes of the resource.
    with_kubernetes(kubernetes: Kubernetes);
    /// Sets the protocol of OTLP.
    with_protocol(protocol: Protocol);
    /// Sets how requests are compressed.
    with_compression(compression: Compression);
    /// Sets the time limit of one batch, including retries.
    with_timeout(timeout: Duration);
    /// Sets which traces are sampled.
    with_sampler(sampler: Sampler);
    /// Sets the share of traces that a ratio sampler samples, from 0 to 1.
    with_sampling_ratio(sampling_ratio: f64);
    /// Sets the maximum number of spans, and of log records, that wait to be sent.
    with_queue_size(queue_size: usize);
    /// Sets the maximum number of spans or log records in a request.
    with_batch_size(batch_size: usize);
    /// Sets how long a span or log record waits for its batch to fill.
    with_batch_timeout(batch_timeout: Duration);
    /// Sets how often metrics are collected.
    with_metric_interval(metric_interval: Duration);
    /// Sets whether counters and histograms are sent as totals or as differences.
    with_temporality(temporality: Temporality);
    /// Sets the maximum number of combinations of label values of an instrument.
    with_cardinality_limit(cardinality_limit: usize);
    /// Sets how `tracing` events are shown on standard error.
    with_console(console: Console);
    /// Sets the layer that converts `tracing` spans to OpenTelemetry's.
    with_tracing_layer(tracing_layer: TracingLayer);
}

texts! {
    /// Sets `service.namespace`.
    with_service_namespace(service_namespace);
    /// Sets `service.version`; usually `env!("CARGO_PKG_VERSION")`.
    with_service_version(service_version);
    /// Sets `deployment.environment.name`.
    with_environment(environment);
    /// Sets the URL of the backend.
    with_endpoint(endpoint);
    /// Sets `build.commit`: the revision that was built.
    with_build_commit(build_commit);
    /// Sets `build.time`: when it was built, ISO 8601.
    with_build_time(build_time);
}

impl TelemetryConfig {
    /// Sets `service.name`.
    #[must_use]
    pub fn with_service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = name.into();
        self
    }

    /// Adds an attribute of the resource.
    #[must_use]
    pub fn with_resource_attribute(
        mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.resource_attributes.insert(key.into(), value.into());
        self
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets which `tracing` spans and events are recorded, in the syntax of `RUST_LOG`.
    #[must_use]
    pub fn with_log_level(mut self, filter: impl Into<String>) -> Self {
        self.log_level = filter.into();
        self
    }
}
