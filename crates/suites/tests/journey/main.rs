//! The journey of a question: the example tools, the agent and its model, each in its own container, with
//! Redis for discovery and a collector for telemetry. `cargo xtask collector journey` runs it. It needs
//! Docker, the images `glassbox/NAME:GLASSBOX_IMAGES`, and the images named by `GLASSBOX_COLLECTOR_IMAGE`,
//! `GLASSBOX_REDIS_IMAGE` and `GLASSBOX_MULTI_STAGE_IMAGE`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod archive;
mod discovery;
mod multi_stage;
mod part;
#[path = "../docker/patience.rs"]
mod patience;
mod question;
mod registry;
mod stage;
mod tidiness;
