//! Suites against real parts.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod backend;
mod gen_ai;
mod log_fields;
mod page;
mod python;
mod python_sdk;
mod trace_context;
