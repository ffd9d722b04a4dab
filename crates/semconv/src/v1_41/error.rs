//! The class of an error that an operation ended with.

attributes! {
    /// A low-cardinality class: an HTTP status, an exception type, or [`OTHER`].
    TYPE = "error.type";
}

/// The value of [`TYPE`] when nothing better is known.
pub const OTHER: &str = "_OTHER";
