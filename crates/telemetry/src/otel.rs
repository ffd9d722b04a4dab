//! The implementation of the contract, and the SDK's providers.

use crate::{
    InitError,
    clock::Wall,
    config::TelemetryConfig,
    metrics::{Measurement, Metrics},
    pipeline::Pipeline,
    resource::resource,
    spans::{self, Attached, LogQueue, SpanQueue, TraceSampler, Tracer},
};
use glassbox_core::telemetry::{
    Descriptor, Ended, InstrumentId, Observation, SpanRef, SpanSpec, Started, Telemetry,
    TelemetryHealth, TraceContext, Value,
};
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry_sdk::{
    logs::{SdkLogger, SdkLoggerProvider},
    metrics::SdkMeterProvider,
    trace::SdkTracerProvider,
};
use std::{
    fmt,
    sync::{Arc, Weak},
};

/// Everything that a guard keeps running.
pub(crate) struct Backend {
    tracer: Tracer,
    metrics: Arc<Metrics>,
    clock: Arc<Wall>,
    pipeline: Pipeline,
    tracer_provider: SdkTracerProvider,
    logger_provider: SdkLoggerProvider,
}

impl Backend {
    /// Starts the thread and builds the providers; installs nothing.
    pub(crate) fn start(config: &TelemetryConfig) -> Result<Arc<Self>, InitError> {
        let resource = resource(config);
        let clock = Arc::new(Wall::new());
        let (metrics, collections) = Metrics::new(config, resource.clone(), Arc::clone(&clock));
        let pipeline = Pipeline::start(config, &resource, collections)?;
        let tracer = Tracer::new(config, pipeline.intake().clone(), Arc::clone(&clock));
        // Sets every limit, because the SDK reads those that are not set from the environment.
        let sampler = TraceSampler::new(config.sampler, config.sampling_ratio);
        let tracer_provider = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(sampler.to_sdk())
            .with_max_attributes_per_span(config.max_attributes)
            .with_max_attributes_per_event(config.max_attributes)
            .with_max_attributes_per_link(config.max_attributes)
            .with_max_events_per_span(config.max_events)
            .with_max_links_per_span(config.max_links)
            .with_span_processor(SpanQueue(pipeline.clone()))
            .build();
        let logger_provider = SdkLoggerProvider::builder()
            .with_resource(resource)
            .with_log_processor(LogQueue(pipeline.clone()))
            .build();
        Ok(Arc::new(Self {
            tracer,
            metrics,
            clock,
            pipeline,
            tracer_provider,
            logger_provider,
        }))
    }

    pub(crate) const fn spans(&self) -> &Tracer {
        &self.tracer
    }

    pub(crate) const fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    pub(crate) fn logger(&self) -> SdkLogger {
        self.logger_provider.logger("tracing")
    }

    pub(crate) const fn tracer_provider(&self) -> &SdkTracerProvider {
        &self.tracer_provider
    }

    pub(crate) const fn logger_provider(&self) -> &SdkLoggerProvider {
        &self.logger_provider
    }

    pub(crate) fn meter_provider(&self) -> &SdkMeterProvider {
        self.metrics.provider()
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("pipeline", &self.pipeline)
            .field("metrics", &self.metrics)
            .finish_non_exhaustive()
    }
}

impl Telemetry for Backend {
    fn resolve(&self, instrument: &Descriptor) -> InstrumentId {
        self.metrics.resolve(instrument)
    }

    fn add(&self, id: InstrumentId, n: u64, values: &[Value<'_>]) {
        self.metrics.measure(id, Measurement::Add(n), values);
    }

    fn add_float(&self, id: InstrumentId, n: f64, values: &[Value<'_>]) {
        self.metrics.measure(id, Measurement::AddFloat(n), values);
    }

    fn add_signed(&self, id: InstrumentId, n: i64, values: &[Value<'_>]) {
        self.metrics.measure(id, Measurement::AddSigned(n), values);
    }

    fn set(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        self.metrics.measure(id, Measurement::Set(value), values);
    }

    fn record(&self, id: InstrumentId, value: f64, values: &[Value<'_>]) {
        self.metrics.measure(id, Measurement::Record(value), values);
    }

    fn observe(&self, observation: Weak<Observation>) {
        self.metrics.observe(observation);
    }

    fn start(&self, spec: SpanSpec<'_>) -> Started {
        let parent = spec.parent_under(spans::current);
        self.tracer.start(spec, parent)
    }

    fn end(&self, ended: Ended) {
        self.tracer.end(ended);
    }

    fn enter(&self, span: SpanRef<'_>) -> u64 {
        let record = span.record;
        let attached = record.and_then(|record| record.extension.get::<Attached>());
        spans::attach(span.context, attached)
    }

    fn exit(&self, token: u64) {
        spans::exit(token);
    }

    fn current(&self) -> TraceContext {
        spans::current()
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn health(&self) -> TelemetryHealth {
        self.pipeline.health()
    }
}
