//! The class of the error with which an operation ended.

attributes! {
    /// A low-cardinality class: an HTTP status, an exception type, or [`OTHER`].
    TYPE = "error.type";
}

/// The value of [`TYPE`] if no class is known.
pub const OTHER: &str = "_OTHER";
