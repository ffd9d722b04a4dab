//! The store as a query sees it: through its public interface alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod requests;
mod scan;
