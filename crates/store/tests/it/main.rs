//! The store as queries see it: through its public interface only.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod requests;
mod scan;
