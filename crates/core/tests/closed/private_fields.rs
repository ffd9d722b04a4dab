//! Types with private fields cannot be written as struct expressions either.

use glassbox_core::{self as core_, telemetry};

fn any<T>() -> T {
    panic!()
}

fn main() {
    let _ = core_::Allowance { ..any() };
    let _ = core_::Baggage { ..any() };
    let _ = core_::DurableCx { ..any() };
    let _ = core_::Media { ..any() };
    let _ = core_::MemoryKey { ..any() };
    let _ = core_::Opaque { ..any() };
    let _ = core_::Problem { ..any() };
    let _ = core_::ToolError { ..any() };
    let _ = telemetry::Scope { ..any() };
}
