//! The OpenTelemetry implementation of the telemetry contract
