//! Virtual clock, OTLP sink and telemetry capture for tests
