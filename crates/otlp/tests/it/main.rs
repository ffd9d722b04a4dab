//! The receiver as a client meets it.
