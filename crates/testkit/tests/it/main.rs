//! Tests of the parts of the kit that use the network.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod sink;
