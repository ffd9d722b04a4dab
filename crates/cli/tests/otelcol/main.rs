//! The command with a real collector as its child. Run by `cargo xtask collector otelcol`.
//!
//! `GLASSBOX_OTEL_COLLECTOR` names the collector.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod archive;
mod backend;
mod children;
mod choice;
mod demo;
mod end;
#[path = "../it/glassbox.rs"]
#[expect(dead_code, reason = "the other target uses the rest")]
mod glassbox;
mod recovery;
mod reload;
mod remote;
mod settings;
mod telemetry;
