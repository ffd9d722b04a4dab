//! Requests are, byte for byte, what the exporters of `opentelemetry-otlp` would send.

use super::*;
use crate::{
    TelemetryConfig,
    clock::Wall,
    metrics::{Measurement, Metrics},
    otel::Backend,
    resource::resource,
};
use bytes::Bytes;
use glassbox_core::telemetry::{Descriptor, Kind, Value};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    logs::LogExporter as _, metrics::exporter::PushMetricExporter, trace::SpanExporter as _,
};
use std::{sync::Mutex, time::Duration};
use tracing_subscriber::layer::SubscriberExt;

/// Keeps the body instead of sending it.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<Bytes>>>);

#[async_trait::async_trait]
impl HttpClient for Kept {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.0.lock().unwrap().push(request.into_body());
        Ok(Response::new(Bytes::new()))
    }
}

impl Kept {
    fn body(&self) -> Vec<u8> {
        let bodies = self.0.lock().unwrap();
        assert_eq!(bodies.len(), 1);
        bodies[0].to_vec()
    }
}

macro_rules! stock {
    ($exporter:ident, $kept:expr) => {
        $exporter::builder()
            .with_http()
            .with_http_client($kept.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint("http://nowhere")
            .build()
            .unwrap()
    };
}

fn config() -> TelemetryConfig {
    TelemetryConfig::new("equal").with_batch_timeout(Duration::from_secs(3600))
}

fn emitting() -> Arc<Backend> {
    let config = config();
    let backend = Backend::start(&config).unwrap();
    let layers = crate::bridge::layers(&config, Some(&backend)).unwrap();
    let subscriber = tracing_subscriber::registry().with(layers);
    tracing::subscriber::with_default(subscriber, || {
        let outer = tracing::info_span!(target: "app", "outer", city = "Oslo", n = 7, share = 0.5);
        outer.in_scope(|| {
            tracing::info_span!(target: "app", "inner", otel.kind = "client").in_scope(|| {
                tracing::error!(target: "app", code = 3, "no sky");
                tracing::info!(target: "app", yes = true, "and on");
            });
        });
    });
    backend
}

#[tokio::test]
async fn spans_and_logs_are_encoded_as_the_stock_exporters_do() {
    let backend = emitting();
    let resource = resource(&config());
    let shared = SharedResource::from(&resource);

    let batch = backend.pipeline().intake().spans.take();
    assert_eq!(batch.len(), 2);
    let kept = Kept::default();
    let mut exporter = stock!(SpanExporter, kept);
    exporter.set_resource(&resource);
    let stock = batch.iter().map(|item| item.data.clone()).collect();
    exporter.export(stock).await.unwrap();
    assert_eq!(spans(batch, &shared).body, kept.body());

    let batch = backend.pipeline().intake().logs.take();
    assert_eq!(batch.len(), 2);
    let kept = Kept::default();
    let mut exporter = stock!(LogExporter, kept);
    exporter.set_resource(&resource);
    let borrowed: Vec<_> = batch.iter().map(|item| (&item.0, &item.1)).collect();
    exporter.export(LogBatch::new(&borrowed)).await.unwrap();
    assert_eq!(logs(batch, &shared).body, kept.body());
    backend.pipeline().shutdown(Duration::ZERO, || {});
}

#[tokio::test]
async fn metrics_are_encoded_as_the_stock_exporter_does() {
    let config = config();
    let (metrics, collections) = Metrics::new(&config, resource(&config), Arc::new(Wall::new()));
    let [collection] = &collections[..] else {
        panic!("{collections:?}")
    };
    let mut descriptor = Descriptor::new("took", Kind::Histogram(&[0.1, 1.0]));
    descriptor.keys = &["route"];
    let histogram = metrics.resolve(&descriptor);
    let counter = metrics.resolve(&Descriptor::new("counted", Kind::Counter));
    let gauge = metrics.resolve(&Descriptor::new("level", Kind::Gauge));
    metrics.measure(histogram, Measurement::Record(0.5), &[Value::Str("/x")]);
    metrics.measure(counter, Measurement::Add(3), &[]);
    metrics.measure(gauge, Measurement::Set(2.5), &[]);
    let mut collected = ResourceMetrics::default();
    collection.collect(&mut collected).unwrap();

    let kept = Kept::default();
    let exporter = stock!(MetricExporter, kept);
    exporter.export(&collected).await.unwrap();
    let parcel = points(&collected);
    assert_eq!((parcel.items, parcel.body.to_vec()), (3, kept.body()));
}
