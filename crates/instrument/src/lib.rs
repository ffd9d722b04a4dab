//! HTTP instrumentation over the telemetry contract
