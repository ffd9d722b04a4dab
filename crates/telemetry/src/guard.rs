//! The guard that keeps telemetry running.

use crate::{
    FlushError, InitError, ShutdownReport,
    bridge::{self, Layers},
    config::TelemetryConfig,
    otel::Backend,
    propagation::W3c,
    resource::instance_id,
};
use glassbox_core::telemetry::{self, TelemetryHealth};
use glassbox_semconv::v1_41::resource::SERVICE_INSTANCE_ID;
use opentelemetry::global;
use opentelemetry_sdk::{
    logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider,
};
use std::{
    sync::{Arc, mpsc::sync_channel},
    time::Duration,
};
use tokio::sync::oneshot;
use tracing::Subscriber;
use tracing_subscriber::{layer::SubscriberExt, registry::LookupSpan};

/// How long a dropped guard waits for the backend.
const DROP: Duration = Duration::from_secs(2);
/// How much longer than requested a blocking call waits for the telemetry thread to respond.
const GRACE: Duration = Duration::from_millis(500);

/// Keeps telemetry running. Dropping it flushes, for at most two seconds, and ends telemetry; anything that
/// is emitted later is counted as lost.
///
/// A guard that is not kept is a mistake that the compiler warns about:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// use glassbox_telemetry::TelemetryConfig;
///
/// glassbox_telemetry::init(TelemetryConfig::new("weather"))?;
/// # Ok::<(), glassbox_telemetry::InitError>(())
/// ```
///
/// It does not warn about `let _ = …`, which drops the guard as well. That is logged when it happens.
///
/// All methods work inside and outside of an async runtime, of any kind. The `_blocking` ones block
/// the thread.
#[derive(Debug)]
#[must_use = "telemetry ends when its guard is dropped; keep the guard in a variable until the end of main"]
pub struct TelemetryGuard {
    config: TelemetryConfig,
    /// `None` if telemetry is off. All methods do nothing then.
    backend: Option<Arc<Backend>>,
    ended: bool,
}

impl TelemetryGuard {
    pub(crate) fn start(mut config: TelemetryConfig) -> Result<Self, InitError> {
        config.check()?;
        config
            .resource_attributes
            .entry(SERVICE_INSTANCE_ID.to_owned())
            .or_insert_with(instance_id);
        // Finds an invalid filter before the thread starts.
        bridge::layers::<tracing_subscriber::Registry>(&config, None)?;
        let backend = config
            .enabled
            .then(|| Backend::start(&config))
            .transpose()?;
        let guard = Self {
            config,
            backend,
            ended: false,
        };
        // The layer of `tracing-opentelemetry` is checked only with a backend.
        guard.layers::<tracing_subscriber::Registry>()?;
        Ok(guard)
    }

    /// Makes this the telemetry of the process.
    pub(crate) fn install(self) -> Result<Self, InitError> {
        if let Some(backend) = &self.backend {
            if let Err(error) = telemetry::install(Arc::clone(backend)) {
                // Nothing was emitted to it, so there is nothing to wait for.
                self.shutdown_blocking(Duration::ZERO);
                return Err(error.into());
            }
            global::set_text_map_propagator(W3c::new());
            global::set_tracer_provider(backend.tracer_provider().clone());
            global::set_meter_provider(backend.meter_provider().clone());
        }
        Ok(self)
    }

    /// Installs a `tracing` subscriber unless there is one.
    pub(crate) fn subscribe(&self) -> Result<(), InitError> {
        let layers = self.layers::<tracing_subscriber::Registry>()?;
        if layers.is_empty() {
            return Ok(());
        }
        let subscriber = tracing_subscriber::registry().with(layers);
        if tracing::subscriber::set_global_default(subscriber).is_err() {
            tracing::debug!(
                "a tracing subscriber was installed before; add the layers of the guard to it"
            );
        }
        Ok(())
    }

    /// Returns the layers for a subscriber that the application builds itself.
    ///
    /// # Errors
    /// Fails if the filter is invalid, or the configured layer needs a feature that is off.
    pub fn layers<S>(&self) -> Result<Layers<S>, InitError>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        bridge::layers(&self.config, self.backend.as_ref())
    }

    /// Returns the effective settings.
    pub const fn config(&self) -> &TelemetryConfig {
        &self.config
    }

    /// Returns `service.instance.id`: unique to this process unless the settings contain one. A service
    /// registers under this id, so that a registration and a span can be matched.
    pub fn instance_id(&self) -> &str {
        let attributes = &self.config.resource_attributes;
        attributes
            .get(SERVICE_INSTANCE_ID)
            .map_or("", String::as_str)
    }

    /// Returns the state of the pipeline.
    pub fn health(&self) -> TelemetryHealth {
        self.backend
            .as_ref()
            .map_or_else(TelemetryHealth::default, |backend| {
                backend.pipeline().health()
            })
    }

    /// Returns the SDK's tracer provider, for libraries that need one; `None` if telemetry is off.
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        Some(self.backend.as_ref()?.tracer_provider())
    }

    /// Returns the SDK's meter provider; `None` if telemetry is off.
    pub fn meter_provider(&self) -> Option<&SdkMeterProvider> {
        Some(self.backend.as_ref()?.meter_provider())
    }

    /// Returns the SDK's logger provider; `None` if telemetry is off.
    pub fn logger_provider(&self) -> Option<&SdkLoggerProvider> {
        Some(self.backend.as_ref()?.logger_provider())
    }

    /// Sends everything that is waiting, and collects metrics once. Telemetry continues.
    ///
    /// # Errors
    /// Fails if not everything was delivered in time. The rest keeps waiting.
    ///
    /// # Cancel safety
    /// If the future is dropped, the flush continues.
    pub async fn flush(&self, within: Duration) -> Result<(), FlushError> {
        let Some(backend) = &self.backend else {
            return Ok(());
        };
        let (done, outcome) = oneshot::channel();
        backend.pipeline().flush(within, move |flushed| {
            // The caller may have stopped waiting.
            let _ = done.send(flushed);
        });
        outcome.await.unwrap_or(Err(FlushError::Closed))
    }

    /// As [`flush`](Self::flush), for code that is not async.
    ///
    /// # Errors
    /// Fails if not everything was delivered in time.
    pub fn flush_blocking(&self, within: Duration) -> Result<(), FlushError> {
        let Some(backend) = &self.backend else {
            return Ok(());
        };
        let (done, outcome) = sync_channel(1);
        backend.pipeline().flush(within, move |flushed| {
            // The caller may have stopped waiting.
            let _ = done.send(flushed);
        });
        match outcome.recv_timeout(within.saturating_add(GRACE)) {
            Ok(flushed) => flushed,
            Err(_) => Err(FlushError::Timeout(within)),
        }
    }

    /// Sends everything that is waiting, ends telemetry, and reports what was delivered and what was lost.
    ///
    /// All signals are sent at the same time, so a backend that does not respond costs at most `within`.
    /// The rest then counts as lost with the reason `shutdown`, and so does anything that is emitted later.
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown continues, without a report.
    pub async fn shutdown(mut self, within: Duration) -> ShutdownReport {
        self.ended = true;
        let Some(backend) = self.backend.clone() else {
            return ShutdownReport::default();
        };
        let (done, outcome) = oneshot::channel();
        backend.pipeline().shutdown(within, move || {
            // The caller may have stopped waiting.
            let _ = done.send(());
        });
        // An error means that the thread has ended. Its remaining items are counted as lost here.
        let _ = outcome.await;
        backend.pipeline().write_off();
        backend.pipeline().report()
    }

    /// As [`shutdown`](Self::shutdown), for code that is not async.
    pub fn shutdown_blocking(mut self, within: Duration) -> ShutdownReport {
        self.ended = true;
        self.end(within)
    }

    fn end(&self, within: Duration) -> ShutdownReport {
        let Some(backend) = &self.backend else {
            return ShutdownReport::default();
        };
        let (done, outcome) = sync_channel(1);
        backend.pipeline().shutdown(within, move || {
            // The caller may have stopped waiting.
            let _ = done.send(());
        });
        // With or without a response, the time is over.
        let _ = outcome.recv_timeout(within.saturating_add(GRACE));
        backend.pipeline().write_off();
        backend.pipeline().report()
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let report = self.end(DROP);
        if report.is_unused() {
            tracing::warn!(
                "telemetry was shut down before anything was emitted, because its guard was dropped; \
                 keep the guard in a variable until the end of main (`let _telemetry = …`, not `let _ = …`)"
            );
        } else if !report.is_lossless() {
            tracing::warn!("telemetry was lost: {report}");
        }
    }
}

#[cfg(test)]
mod tests;
