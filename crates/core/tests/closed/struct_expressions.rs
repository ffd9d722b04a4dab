//! No type can be written as a struct expression outside the crate, because fields may be added.

use glassbox_core::{self as core_, telemetry};

fn any<T>() -> T {
    panic!()
}

fn main() {
    let _ = core_::BaggageEntry { ..any() };
    let _ = core_::CacheHint { ..any() };
    let _ = core_::Call { ..any() };
    let _ = core_::Called { ..any() };
    let _ = core_::Capability { ..any() };
    let _ = core_::ChatRequest { ..any() };
    let _ = core_::ChatResponse { ..any() };
    let _ = core_::Event { ..any() };
    let _ = core_::Filter { ..any() };
    let _ = core_::InputRequest { ..any() };
    let _ = core_::MemoryPage { ..any() };
    let _ = core_::Message { ..any() };
    let _ = core_::Output { ..any() };
    let _ = core_::Progress { ..any() };
    let _ = core_::Reasoning { ..any() };
    let _ = core_::Remaining { ..any() };
    let _ = core_::ServiceInfo { ..any() };
    let _ = core_::Spent { ..any() };
    let _ = core_::TaskHandle { ..any() };
    let _ = core_::ToolCall { ..any() };
    let _ = core_::ToolResult { ..any() };
    let _ = core_::Usage { ..any() };
    let _ = core_::Versioned { ..any() };
    let _ = core_::World { ..any() };
    let _ = telemetry::Descriptor { ..any() };
    let _ = telemetry::Ended { ..any() };
    let _ = telemetry::SpanEvent { ..any() };
    let _ = telemetry::TelemetryHealth { ..any() };
    let _ = telemetry::Link { ..any() };
    let _ = telemetry::Record { ..any() };
    let _ = telemetry::SignalHealth { ..any() };
    let _ = telemetry::SpanSpec { ..any() };
    let _ = telemetry::Started { ..any() };
    let _ = telemetry::TraceContext { ..any() };
}
