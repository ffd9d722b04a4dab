//! The journey of a question: the example tools, the agent and its model in containers of their own, with
//! Redis to find each other by and a collector to tell. `cargo xtask collector journey` runs it: it needs
//! Docker, the images `glassbox/NAME:GLASSBOX_IMAGES`, and those that `GLASSBOX_COLLECTOR_IMAGE`,
//! `GLASSBOX_REDIS_IMAGE` and `GLASSBOX_MULTI_STAGE_IMAGE` name.

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
