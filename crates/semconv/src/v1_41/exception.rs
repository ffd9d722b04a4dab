//! Recorded errors.

attributes! {
    /// The type of the error.
    TYPE = "exception.type";
    /// Its message.
    MESSAGE = "exception.message";
    /// Where it came from, as the language prints it.
    STACKTRACE = "exception.stacktrace";
}

/// The name of the event that records an error on a span.
pub const EVENT: &str = "exception";
