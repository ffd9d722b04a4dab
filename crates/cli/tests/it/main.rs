//! The command as used by a person or a script: processes, exit codes, output.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing asserts less"
)]

mod bad_days;
mod demo;
mod doctor;
mod glassbox;
mod guides;
mod manual;
mod probe;
mod strangers;
mod transfer;
mod wrong_input;
