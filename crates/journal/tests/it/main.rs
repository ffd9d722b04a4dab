//! A journal as its users see it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod adoption;
mod damage;
mod foreign;
mod kills;
mod model;
mod reading;
mod retention;
