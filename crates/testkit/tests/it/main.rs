//! What the kit offers beyond one process's memory, used as a test would.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod sink;
