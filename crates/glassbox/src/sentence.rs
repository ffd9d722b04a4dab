//! Errors as one sentence for a person.

use std::error::Error;

/// What failed, the error, and its causes from the outermost to the innermost.
pub(crate) fn of(what: &str, error: &dyn Error) -> String {
    let mut sentence = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors repeat their cause in their own text.
        if !sentence.contains(&text) {
            sentence.push_str(": ");
            sentence.push_str(&text);
        }
        cause = error.source();
    }
    sentence
}
